import type { Clock } from "../../platform/clock.ts";
import type { NewToken } from "./lease-login.ts";
import type { TokenSettings } from "./limits.ts";
import type { AccessToken } from "./ports.ts";

/** The token this process has in memory. */
export interface Held {
  token: AccessToken;
  issuedAt: number;
  /** From when on this process looks for a newer one; differs from process to process. */
  renewAt: number;
  /** The same token when the table does not have it. */
  unstored?: NewToken;
}

/** What one process remembers: its token, which generation is dead, and the highest it has seen. */
export function createHeldToken(clock: Clock, random: () => number, limits: TokenSettings) {
  let held: Held | undefined;
  let dead: number | undefined;
  let highest = 0;
  let ownTokens = 0;

  return {
    /** The token, unless it is dead or too near its end. */
    usable(): Held | undefined {
      if (held === undefined || held.token.generation === dead) return undefined;
      return held.token.expiresAt - clock.now() > limits.minValidityMs ? held : undefined;
    },
    last: (): Held | undefined => held,

    /** A token of the fleet. */
    keep({ contents, issuedAt }: NewToken, generation: number): AccessToken {
      highest = Math.max(highest, generation);
      const aheadMs = Math.min(limits.renewAheadMs, (contents.expiresAt - issuedAt) / 6);
      const token = { ...contents, generation };
      held = { token, issuedAt, renewAt: contents.expiresAt - aheadMs * (1 + random()) };
      return token;
    },

    /** A token the fleet does not know. A fraction names it, so that it is never taken for one the fleet does. */
    keepOwn(unstored: NewToken): AccessToken {
      ownTokens++;
      const token = { ...unstored.contents, generation: Math.floor(highest) + (ownTokens % 1_000) / 1_000 };
      const renewAt = clock.now() + limits.renewRetryMs * (1 + random());
      held = { token, issuedAt: unstored.issuedAt, renewAt, unstored };
      return token;
    },

    reject(token: AccessToken): void {
      if (held === undefined || held.token.generation === token.generation) dead = token.generation;
    },
    isDead: (generation: number) => generation === dead,
    postponeRenewal(of: Held): void {
      of.renewAt = clock.now() + limits.renewRetryMs * (1 + random());
    },
    sawGeneration(generation: number): void {
      highest = Math.max(highest, generation);
    },
    /** Higher than every generation this process has heard of, so that a lost record does not start over. */
    nextGeneration: (stored: number) => Math.floor(Math.max(stored, highest, dead ?? 0)) + 1,
  };
}

export type HeldToken = ReturnType<typeof createHeldToken>;
