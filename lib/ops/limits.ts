import type { Limits } from "../contract/resources/limits.ts";
import type { FleetGovernor } from "../ringcentral/governor/fleet-governor.ts";
import type { FleetTokenSource } from "../ringcentral/token-store/fleet-token-source.ts";

export interface LimitsDeps {
  governor: Pick<FleetGovernor, "describe">;
  tokens: Pick<FleetTokenSource, "describe">;
}

/** What the fleet knows of its access token and its budgets. */
export async function getLimits({ governor, tokens }: LimitsDeps): Promise<Limits> {
  const [token, budgets] = await Promise.all([tokens.describe(), governor.describe()]);
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
    budgets: budgets.map(({ windowMs, gate, spentByRoute, ...budget }) => ({
      ...budget,
      windowSeconds: Math.round(windowMs / 1000),
      gate: {
        state: gate.state,
        ...(gate.closedUntil !== undefined && { closedUntil: instant(gate.closedUntil) }),
      },
      spentByRoute: Object.entries(spentByRoute).map(([route, calls]) => ({ route, ...calls })),
    })),
  };
}

const instant = (epochMs: number) => new Date(epochMs).toISOString();
