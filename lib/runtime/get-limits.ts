import type { Limits } from "../contract/limits.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { AccountRuntime } from "./runtime.ts";

/** The fleet's access token and budgets, as the table shows them. */
export async function getLimits({ rateLimiter, tokens }: AccountRuntime): Promise<Limits> {
  const [token, budgets] = await Promise.all([tokens.describe(), rateLimiter.describe()]);
  return {
    token: omitUndefined({
      generation: token.generation,
      seenBy: token.seenBy,
      issuedAt: instant(token.issuedAt),
      expiresAt: instant(token.expiresAt),
      ageSeconds: token.ageMs === undefined ? undefined : Math.floor(token.ageMs / 1000),
      coolDownUntil: instant(token.coolDown?.until),
      coolDownReason: token.coolDown?.reason,
    }),
    budgets: budgets.map(({ windowMs, pause, spentByRoute, ...budget }) => ({
      ...budget,
      windowSeconds: Math.round(windowMs / 1000),
      pause: omitUndefined({ state: pause.state, until: instant(pause.until) }),
      spentByRoute: Object.entries(spentByRoute).map(([route, calls]) => ({ route, ...calls })),
    })),
  };
}

const instant = (epochMs?: number) => (epochMs === undefined ? undefined : new Date(epochMs).toISOString());
