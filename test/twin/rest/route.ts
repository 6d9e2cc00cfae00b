import type { HttpResponse } from "../edge/response.ts";
import type { Group } from "../options.ts";
import type { Call, ExtensionCall } from "./call.ts";

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
  /** Whether RingCentral serves the call in limited mode, too: `x-availability` [spec]. */
  isHighlyAvailable: boolean;
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
const extensionV2 = "/restapi/v2/accounts/(?<accountId>[^/]+)/extensions/(?<extensionId>[^/]+)";

/** `method path group app/user permissions`, as the reference writes them; the path `.` is the extension itself. */
function facts(operation: string, line: string, prefix: string): RouteFacts {
  const [method = "", path = "", group = "", appPermission = "", userPermission = ""] = line.split(" ");
  const below = path === "." ? "" : `/${path.replace("{id}", "(?<id>[^/]+)")}`;
  const pattern = new RegExp(`^${prefix}${below}$`);
  const legacyBlocked = path.startsWith("blocked-number");
  // The reads of v1 and all calls on subscriptions; nothing of v2, and no other write.
  const isHighlyAvailable = path.startsWith("subscription") || (method === "GET" && prefix !== extensionV2);
  if (group !== "Light" && group !== "Medium" && group !== "Heavy")
    throw new Error(`${operation}: ${group}?`);
  return {
    operation,
    method,
    group,
    appPermission,
    userPermission,
    legacyBlocked,
    isHighlyAvailable,
    pattern,
  };
}

/** A call on an extension. */
export const onExtension = (
  operation: string,
  line: string,
  handle: (call: ExtensionCall) => HttpResponse,
): Route => ({
  ...facts(operation, line, extension),
  level: "extension",
  handle,
});

/** The same under v2. */
export const onExtensionV2 = (
  operation: string,
  line: string,
  handle: (call: ExtensionCall) => HttpResponse,
): Route => ({
  ...facts(operation, line, extensionV2),
  level: "extension",
  handle,
});

export const onAccount = (operation: string, line: string, handle: (call: Call) => HttpResponse): Route => ({
  ...facts(operation, line, account),
  level: "account",
  handle,
});

export const onUser = (
  operation: string,
  line: string,
  handle: (call: Call) => HttpResponse | Promise<HttpResponse>,
): Route => ({
  ...facts(operation, line, "/restapi/v1\\.0"),
  level: "user",
  handle,
});
