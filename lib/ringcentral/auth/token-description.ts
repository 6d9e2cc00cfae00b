import type { Gate, GateReason, TokenRecord } from "./token-record.ts";

/** Instants in epoch milliseconds. */
export interface TokenDescription {
  seenBy: "fleet" | "process";
  /** 0: none yet. */
  generation: number;
  issuedAt?: number;
  expiresAt?: number;
  ageMs?: number;
  /** Nobody logs in before. */
  coolDownUntil?: number;
  coolDownReason?: GateReason;
}

export function tokenDescription(
  seenBy: TokenDescription["seenBy"],
  {
    generation,
    token,
  }: { generation: number; token?: TokenRecord["token"] | { issuedAt: number; expiresAt: number } },
  gate: Gate | undefined,
  now: number,
): TokenDescription {
  return {
    seenBy,
    generation,
    ...(token && {
      issuedAt: token.issuedAt,
      expiresAt: token.expiresAt,
      ageMs: Math.max(0, now - token.issuedAt),
    }),
    ...(gate && { coolDownUntil: gate.until, coolDownReason: gate.reason }),
  };
}
