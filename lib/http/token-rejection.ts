import { type ProblemCode, type ProblemDetails, ProblemError } from "../contract/problems.ts";
import type { Logger } from "../platform/logger.ts";

/** Why a token is rejected: one claim. It holds no token, no whole id and no name of a person, so it may be logged. */
export interface ClaimFault {
  claim: string;
  expected: string;
  found: string;
  code: ProblemCode;
}

export type WarningLog = Pick<Logger, "warn">;

/** The problem of a token with these faults, the gravest first. The caller gets its code, the log every claim. */
export function rejectToken(
  log: WarningLog,
  faults: readonly ClaimFault[],
  details: ProblemDetails = {},
): ProblemError {
  const code = faults[0]?.code ?? "token_invalid";
  log.warn("token rejected", { code, faults });
  return new ProblemError(code, details);
}

/** A claim's value for a log: short, and an id with its last two characters only. */
export function shown(value: unknown, isPersonal = false): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) {
    const first = value.slice(0, 20).map((one) => shown(one, isPersonal));
    return `[${first.join(", ")}]`.slice(0, 500);
  }
  if (typeof value === "object") return value === null ? "null" : "an object";
  if (!isPersonal) return JSON.stringify(value).slice(0, 200);
  const characters = String(value);
  const end = characters.length > 4 ? characters.slice(-2) : "";
  return `${typeof value === "string" ? "text" : typeof value} *${end} (${characters.length} characters)`;
}
