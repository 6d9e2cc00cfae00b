import type { Route } from "../contract/route.ts";
import { type Caller, type Claimant, unmatchedReasons } from "../people/claimant.ts";
import { rejectToken, shown, type WarningLog } from "./token-rejection.ts";

/** @throws ProblemError `scope_missing` */
export function requireScope({ scope }: Route, caller: Claimant, log: WarningLog): void {
  if (scope === undefined || scope === "any" || caller.scopes.has(scope)) return;
  const fault = {
    claim: "scope",
    expected: scope,
    found: shown([...caller.scopes]),
    code: "scope_missing",
  } as const;
  throw rejectToken(log, [fault], { detail: `This route needs the scope \`${scope}\`.` });
}

/**
 * The extension of a request: `me` is the caller's extension; any other needs `account:manage`.
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
  const { unmatched } = caller;
  const isExplained = requested === "me" && unmatched !== undefined;
  if (isExplained) throw rejectToken(log, [fault], { detail: unmatchedReasons[unmatched] });
  throw rejectToken(log, [fault], DIALED_NUMBER.test(requested) ? { detail: idHint } : {});
}

/** RingCentral's ids are longer than the numbers that people dial [unsure]. */
const DIALED_NUMBER = /^\d{1,6}$/;
const idHint =
  "The token reaches another extension only. The path takes RingCentral's id of the extension, or `me`, not the number " +
  "that people dial.";
