import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { LoginPause, PauseReason } from "./token-record.ts";

/** Instants in epoch milliseconds. */
export interface TokenDescription {
  seenBy: "fleet" | "process";
  /** 0 before the first token. */
  generation: number;
  issuedAt?: number;
  expiresAt?: number;
  ageMs?: number;
  /** No process logs in before. */
  coolDownUntil?: number;
  coolDownReason?: PauseReason;
}

export function tokenDescription(
  seenBy: TokenDescription["seenBy"],
  generation: number,
  token: { issuedAt: number; expiresAt: number } | undefined,
  pause: LoginPause | undefined,
  now: number,
): TokenDescription {
  return omitUndefined({
    seenBy,
    generation,
    issuedAt: token?.issuedAt,
    expiresAt: token?.expiresAt,
    ageMs: token && Math.max(0, now - token.issuedAt),
    coolDownUntil: pause?.until,
    coolDownReason: pause?.reason,
  });
}
