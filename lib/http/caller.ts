import { ProblemError } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";

/** The caller, from a verified access token. */
export interface Caller {
  /** The token's `sub`, else its client. */
  subject: string;
  scopes: ReadonlySet<string>;
  /** One of the served accounts; every upstream call is bound to it. */
  accountId: string;
  /** A machine token has none. */
  extensionId?: string;
}

/** @throws ProblemError `scope_missing` */
export function requireScope(route: Route, caller: Caller): void {
  if (route.scope === undefined || caller.scopes.has(route.scope)) return;
  throw new ProblemError("scope_missing", { detail: `This route needs the scope \`${route.scope}\`.` });
}

/**
 * The extension of a request: `me` is the token's extension; any other needs `account:manage`.
 * @returns "" for a route without an extension
 * @throws ProblemError `extension_forbidden`
 */
export function reachedExtension(requested: unknown, caller: Caller): string {
  if (typeof requested !== "string") return "";
  const extensionId = requested === "me" ? caller.extensionId : requested;
  if (extensionId === undefined) {
    throw new ProblemError("extension_forbidden", { detail: "The token names no extension to be `me`." });
  }
  if (extensionId === caller.extensionId || caller.scopes.has("account:manage")) return extensionId;
  throw new ProblemError("extension_forbidden");
}
