import type { Limits } from "../contract/limits.ts";
import { readSurvey } from "../numbers/forwarding/backend-survey.ts";
import type { Deadline } from "../platform/deadline.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { AccountRuntime } from "./account-runtime.ts";
import { minutesOf, problemsMet } from "./activity-response.ts";

/** The fleet's access token and budgets, as the table shows them. */
export async function getLimits(
  account: AccountRuntime,
  { call }: { call: { accountId: string; deadline: Deadline } },
): Promise<Limits> {
  const { rateLimiter, tokens, tokenCalls, limitedMode, activity, userBudgets, records, now } = account;
  const [token, budgets, limited, met, survey, calls, users] = await Promise.all([
    tokens.describe(),
    rateLimiter.describe(),
    limitedMode.describe(),
    activity.describe(records),
    readSurvey(records, call.accountId),
    tokenCalls.describe(call.deadline).catch(() => undefined),
    userBudgets.describe(),
  ]);
  return omitUndefined({
    callHandling: survey && { ...survey, checkedAt: iso(survey.checkedAt) },
    limitedMode: limited && { since: iso(limited.since), seenAt: iso(limited.seenAt) },
    token: omitUndefined({
      generation: token.generation,
      seenBy: token.seenBy,
      issuedAt: instant(token.issuedAt),
      expiresAt: instant(token.expiresAt),
      ageSeconds: token.ageMs === undefined ? undefined : Math.floor(token.ageMs / 1000),
      coolDownUntil: instant(token.coolDown?.until),
      coolDownReason: token.coolDown?.reason,
    }),
    tokenCalls: calls && {
      ...omitUndefined({ pausedUntil: instant(calls.pausedUntil) }),
      ...{ limit: calls.limit, remaining: calls.remaining, waiting: calls.waiting },
      windowSeconds: Math.round(calls.windowMs / 1000),
    },
    users: users && {
      count: users.count,
      limited: users.limited.map(({ at, ...user }) => ({ ...user, lastAt: iso(at) })),
    },
    problems: met && problemsMet(met, now()),
    budgets: budgets.map(({ windowMs, pause, spentByRoute, ...budget }) => ({
      ...budget,
      ...(met && { lastHour: minutesOf(met, budget.group) }),
      windowSeconds: Math.round(windowMs / 1000),
      pause: omitUndefined({ state: pause.state, until: instant(pause.until) }),
      spentByRoute: Object.entries(spentByRoute).map(([route, calls]) => ({ route, ...calls })),
    })),
  });
}

const iso = (epochMs: number) => new Date(epochMs).toISOString();
const instant = (epochMs?: number) => (epochMs === undefined ? undefined : iso(epochMs));
