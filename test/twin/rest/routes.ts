import type { HttpResponse } from "../edge/response.ts";
import type { Group } from "../options.ts";
import * as blocked from "./blocked-numbers.ts";
import type { Call, ExtensionCall } from "./call.ts";
import * as blocking from "./caller-blocking-numbers.ts";
import { getCallerBlockingSettings, updateCallerBlockingSettings } from "./caller-blocking-settings.ts";
import { getCompanyNumber, listCompanyNumbers } from "./company-numbers.ts";
import { readAuthorizationProfile, readExtension } from "./extension.ts";
import { listExtensionNumbers } from "./extension-numbers.ts";
import * as forwarding from "./forwarding-numbers.ts";
import * as subscriptions from "./subscriptions.ts";

interface RouteFacts {
  /** Names the call in faults and in the request log. */
  operation: string;
  method: string;
  group: Group;
  appPermission: string;
  /** Empty: every session. */
  userPermission: string;
  /** Belongs to the legacy endpoint, which RingCentral may no longer route. */
  legacyBlocked: boolean;
  pattern: RegExp;
}

/** One call of the REST API: on an account, on one of its extensions, or on the user's own data. */
export type Route = RouteFacts &
  (
    | { level: "user"; handle: (call: Call) => HttpResponse | Promise<HttpResponse> }
    | { level: "account"; handle: (call: Call) => HttpResponse }
    | { level: "extension"; handle: (call: ExtensionCall) => HttpResponse }
  );

const account = "/restapi/v1\\.0/account/(?<accountId>[^/]+)";
const extension = `${account}/extension/(?<extensionId>[^/]+)`;

/** `method path group app/user permissions`, as the reference writes them; the path `.` is the extension itself. */
function facts(operation: string, line: string, prefix: string): RouteFacts {
  const [method = "", path = "", group = "", appPermission = "", userPermission = ""] = line.split(" ");
  const below = path === "." ? "" : `/${path.replace("{id}", "(?<id>[^/]+)")}`;
  const pattern = new RegExp(`^${prefix}${below}$`);
  const legacyBlocked = path.startsWith("blocked-number");
  if (group !== "Light" && group !== "Medium" && group !== "Heavy")
    throw new Error(`${operation}: ${group}?`);
  return { operation, method, group, appPermission, userPermission, legacyBlocked, pattern };
}

const onExtension = (
  operation: string,
  line: string,
  handle: (call: ExtensionCall) => HttpResponse,
): Route => ({
  ...facts(operation, line, extension),
  level: "extension",
  handle,
});

const onAccount = (operation: string, line: string, handle: (call: Call) => HttpResponse): Route => ({
  ...facts(operation, line, account),
  level: "account",
  handle,
});

const onUser = (
  operation: string,
  line: string,
  handle: (call: Call) => HttpResponse | Promise<HttpResponse>,
): Route => ({
  ...facts(operation, line, "/restapi/v1\\.0"),
  level: "user",
  handle,
});

const readsBlocked = "ReadAccounts ReadBlockedNumbers";
const editsBlocked = "EditExtensions EditBlockedNumbers";
const readsForwarding = "ReadAccounts ReadUserForwardingFlipNumbers";
const editsForwarding = "EditExtensions EditUserForwardingFlipNumbers";
const listOfBlocking = "caller-blocking/phone-numbers";

/** Every call of the REST API the twin serves. Reads are Light, writes Medium, with two exceptions [spec]. */
export const routes: readonly Route[] = [
  onExtension("listBlockedNumbers", `GET blocked-number Light ${readsBlocked}`, blocked.listBlockedNumbers),
  onExtension("addBlockedNumber", `POST blocked-number Medium ${editsBlocked}`, blocked.addBlockedNumber),
  onExtension("getBlockedNumber", `GET blocked-number/{id} Light ${readsBlocked}`, blocked.getBlockedNumber),
  onExtension(
    "updateBlockedNumber",
    `PUT blocked-number/{id} Medium ${editsBlocked}`,
    blocked.renameBlockedNumber,
  ),
  onExtension(
    "deleteBlockedNumber",
    `DELETE blocked-number/{id} Medium ${editsBlocked}`,
    blocked.deleteBlockedNumber,
  ),

  onExtension(
    "listCallerBlockingNumbers",
    `GET ${listOfBlocking} Light ${readsBlocked}`,
    blocking.listCallerBlockingNumbers,
  ),
  onExtension(
    "addCallerBlockingNumber",
    `POST ${listOfBlocking} Medium ${editsBlocked}`,
    blocking.addCallerBlockingNumber,
  ),
  onExtension(
    "getCallerBlockingNumber",
    `GET ${listOfBlocking}/{id} Light ${readsBlocked}`,
    blocking.getCallerBlockingNumber,
  ),
  onExtension(
    "updateCallerBlockingNumber",
    `PUT ${listOfBlocking}/{id} Medium ${editsBlocked}`,
    blocking.updateCallerBlockingNumber,
  ),
  onExtension(
    "deleteCallerBlockingNumber",
    `DELETE ${listOfBlocking}/{id} Medium ${editsBlocked}`,
    blocking.deleteCallerBlockingNumber,
  ),
  onExtension(
    "getCallerBlockingSettings",
    `GET caller-blocking Light ${readsBlocked}`,
    getCallerBlockingSettings,
  ),
  // Light, although it writes [spec].
  onExtension(
    "updateCallerBlockingSettings",
    `PUT caller-blocking Light ${editsBlocked}`,
    updateCallerBlockingSettings,
  ),

  onExtension(
    "listForwardingNumbers",
    `GET forwarding-number Light ${readsForwarding}`,
    forwarding.listForwardingNumbers,
  ),
  onExtension(
    "addForwardingNumber",
    `POST forwarding-number Medium ${editsForwarding}`,
    forwarding.addForwardingNumber,
  ),
  onExtension(
    "deleteForwardingNumbers",
    `DELETE forwarding-number Medium ${editsForwarding}`,
    forwarding.deleteForwardingNumbers,
  ),
  onExtension(
    "getForwardingNumber",
    `GET forwarding-number/{id} Light ${readsForwarding}`,
    forwarding.getForwardingNumber,
  ),
  onExtension(
    "updateForwardingNumber",
    `PUT forwarding-number/{id} Medium ${editsForwarding}`,
    forwarding.updateForwardingNumber,
  ),
  onExtension(
    "deleteForwardingNumber",
    `DELETE forwarding-number/{id} Medium ${editsForwarding}`,
    forwarding.deleteForwardingNumber,
  ),

  // The inventory of an account is the one Heavy call: 10 a minute [spec].
  onAccount(
    "listCompanyNumbers",
    "GET phone-number Heavy ReadAccounts ReadCompanyPhoneNumbers",
    listCompanyNumbers,
  ),
  onAccount(
    "getCompanyNumber",
    "GET phone-number/{id} Light ReadAccounts ReadCompanyPhoneNumbers",
    getCompanyNumber,
  ),
  onExtension(
    "listExtensionNumbers",
    "GET phone-number Light ReadAccounts ReadUserPhoneNumbers",
    listExtensionNumbers,
  ),

  // Every user may read its own extension [unsure].
  onExtension("readExtension", "GET . Light ReadAccounts", readExtension),
  onExtension("readAuthorizationProfile", "GET authz-profile Light ReadAccounts", readAuthorizationProfile),

  // Needs the permissions of its filters; ours concern extensions [docs: HOOK].
  onUser("createSubscription", "POST subscription Medium ReadAccounts", subscriptions.createSubscription),
  onUser("listSubscriptions", "GET subscription Light ReadAccounts", subscriptions.listSubscriptions),
  onUser("getSubscription", "GET subscription/{id} Light ReadAccounts", subscriptions.getSubscription),
  onUser("updateSubscription", "PUT subscription/{id} Medium ReadAccounts", subscriptions.updateSubscription),
  onUser(
    "deleteSubscription",
    "DELETE subscription/{id} Medium ReadAccounts",
    subscriptions.deleteSubscription,
  ),
];
