import * as blocked from "./blocked-numbers.ts";
import { callHandlingRoutes } from "./call-handling/routes.ts";
import * as blocking from "./caller-blocking-numbers.ts";
import { getCallerBlockingSettings, updateCallerBlockingSettings } from "./caller-blocking-settings.ts";
import { getCompanyNumber, listCompanyNumbers } from "./company-numbers.ts";
import { listDirectoryEntries } from "./directory.ts";
import { checkPermission, readAuthorizationProfile, readExtension } from "./extension.ts";
import { listExtensions } from "./extension-list.ts";
import { listExtensionNumbers } from "./extension-numbers.ts";
import * as forwarding from "./forwarding-numbers.ts";
import { onAccount, onExtension, onUser, type Route } from "./route.ts";
import * as subscriptions from "./subscriptions.ts";

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
  // No permission of the user is declared [spec].
  onAccount("listDirectoryEntries", "GET directory/entries Medium ReadAccounts", listDirectoryEntries),
  onExtension(
    "listExtensionNumbers",
    "GET phone-number Light ReadAccounts ReadUserPhoneNumbers",
    listExtensionNumbers,
  ),

  onAccount("listExtensions", "GET extension Medium ReadAccounts ReadExtensions", listExtensions),
  // Every user may read its own extension [unsure].
  onExtension("readExtension", "GET . Light ReadAccounts", readExtension),
  // Neither needs a permission of the app [spec].
  onExtension("readAuthorizationProfile", "GET authz-profile Medium", readAuthorizationProfile),
  onExtension("checkPermission", "GET authz-profile/check Light", checkPermission),

  // Needs the permissions of its filters; ours concern extensions [docs: HOOK].
  onUser("createSubscription", "POST subscription Medium ReadAccounts", subscriptions.createSubscription),
  onUser("listSubscriptions", "GET subscription Light ReadAccounts", subscriptions.listSubscriptions),
  onUser("getSubscription", "GET subscription/{id} Light ReadAccounts", subscriptions.getSubscription),
  onUser("updateSubscription", "PUT subscription/{id} Medium ReadAccounts", subscriptions.updateSubscription),
  onUser(
    "renewSubscription",
    "POST subscription/{id}/renew Light ReadAccounts",
    subscriptions.renewSubscription,
  ),
  onUser(
    "deleteSubscription",
    "DELETE subscription/{id} Medium ReadAccounts",
    subscriptions.deleteSubscription,
  ),

  ...callHandlingRoutes,
];
