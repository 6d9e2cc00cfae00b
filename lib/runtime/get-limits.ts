import type { Limits } from "../contract/limits.ts";
import type { SharedToken } from "../ringcentral/auth/shared-token.ts";
import type { SharedRateLimiter } from "../ringcentral/rate-limit/shared-rate-limiter.ts";

export interface LimitsDeps {
  rateLimiter: Pick<SharedRateLimiter, "describe">;
  tokens: Pick<SharedToken, "describe">;
}

/** What the fleet knows of its access token and its budgets. */
export async function getLimits({ rateLimiter, tokens }: LimitsDeps): Promise<Limits> {
  const [token, budgets] = await Promise.all([tokens.describe(), rateLimiter.describe()]);
  return {
    token: {
      generation: token.generation,
      seenBy: token.seenBy,
      ...(token.issuedAt !== undefined && { issuedAt: instant(token.issuedAt) }),
      ...(token.expiresAt !== undefined && { expiresAt: instant(token.expiresAt) }),
      ...(token.ageMs !== undefined && { ageSeconds: Math.floor(token.ageMs / 1000) }),
      ...(token.coolDownUntil !== undefined && { coolDownUntil: instant(token.coolDownUntil) }),
      ...(token.coolDownReason !== undefined && { coolDownReason: token.coolDownReason }),
    },
    budgets: budgets.map(({ windowMs, pause, spentByRoute, ...budget }) => ({
      ...budget,
      windowSeconds: Math.round(windowMs / 1000),
      pause: {
        state: pause.state,
        ...(pause.until !== undefined && { until: instant(pause.until) }),
      },
      spentByRoute: Object.entries(spentByRoute).map(([route, calls]) => ({ route, ...calls })),
    })),
  };
}

const instant = (epochMs: number) => new Date(epochMs).toISOString();
