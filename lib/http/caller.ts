import type { Route } from "../contract/route.ts";
import { rejectToken, shown, type WarningLog } from "./token-rejection.ts";

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
export function requireScope({ scope }: Route, caller: Caller, log: WarningLog): void {
  if (scope === undefined || caller.scopes.has(scope)) return;
  const fault = {
    claim: "scope",
    expected: scope,
    found: shown([...caller.scopes]),
    code: "scope_missing",
  } as const;
  throw rejectToken(log, [fault], { detail: `This route needs the scope \`${scope}\`.` });
}

/**
 * The extension of a request: `me` is the token's extension; any other needs `account:manage`.
 * @returns "" for a route without an extension
 * @throws ProblemError `extension_forbidden`
 */
export function reachedExtension(requested: unknown, caller: Caller, log: WarningLog): string {
  if (typeof requested !== "string") return "";
  const extensionId = requested === "me" ? caller.extensionId : requested;
  const isReached = extensionId === caller.extensionId || caller.scopes.has("account:manage");
  if (extensionId !== undefined && isReached) return extensionId;
  const fault = {
    claim: "extension",
    expected: requested === "me" ? "an extension" : shown(requested, true),
    found: shown(caller.extensionId, true),
    code: "extension_forbidden",
  } as const;
  const isNameless = requested === "me" && caller.extensionId === undefined;
  if (isNameless) throw rejectToken(log, [fault], { detail: "The token names no extension to be `me`." });
  throw rejectToken(log, [fault], DIALED_NUMBER.test(requested) ? { detail: idHint } : {});
}

/** RingCentral's ids are longer than the numbers that people dial [unsure]. */
const DIALED_NUMBER = /^\d{1,6}$/;
const idHint =
  "The token reaches another extension only. The path takes RingCentral's id of the extension, or `me`, not the number " +
  "that people dial.";
