import * as z from "zod/mini";
import { BudgetMinute, ProblemsMet } from "./activity.ts";
import { defineRoute } from "./route.ts";
import { Count, described, Instant, resource } from "./schema-builders.ts";

const RouteSpending = resource(
  "RouteSpending",
  "The calls that one of this API's operations made in the present window.",
  { route: z.string(), interactive: Count, sync: Count },
);

const CallerSpending = resource(
  "CallerSpending",
  "The calls that were made for one caller in the present window.",
  {
    caller: described(z.string(), "The first characters of the caller's hash in the access log."),
    calls: Count,
  },
);

const Pause = resource("Pause", "Whether RingCentral has paused the calls of a budget.", {
  state: described(
    z.enum(["none", "paused", "probe_due", "probing"]),
    "RingCentral pauses a budget with a 429. When the pause is over, the next call is a probe (`probe_due`); its " +
      "response (`probing`) resumes the budget or pauses it again.",
  ),
  until: z.optional(Instant),
});

const Budget = resource("Budget", "One budget of calls.", {
  group: z
    .string()
    .check(z.meta({ description: "The usage plan group as RingCentral names it.", examples: ["light"] })),
  limit: Count,
  windowSeconds: Count,
  confirmed: described(z.boolean(), "RingCentral's own headers have confirmed the limit."),
  granted: described(Count, "Calls granted in the current window."),
  external: described(Count, "Calls of other clients in the current window, as far as known."),
  remaining: described(Count, "An estimate."),
  pause: Pause,
  spentByRoute: z.array(RouteSpending).check(z.maxLength(100)),
  spentByCaller: described(
    z.array(CallerSpending).check(z.maxLength(10)),
    "The callers that spent most, up to 10.",
  ),
  lastHour: z.optional(
    described(
      z.array(BudgetMinute).check(z.maxLength(60)),
      "The minutes of the last hour in which there were calls, the oldest first. The newest ones may still grow: each " +
        "instance reports while it calls, and one that ends takes a quarter of its last minute's calls with it at most. Absent while the table is unavailable.",
    ),
  ),
  seenBy: z.enum(["fleet", "process"]),
});

const TokenState = resource("TokenState", "The access token at RingCentral, without the token.", {
  generation: Count,
  issuedAt: z.optional(Instant),
  expiresAt: z.optional(Instant),
  ageSeconds: z.optional(Count),
  coolDownUntil: z.optional(Instant),
  coolDownReason: z.optional(z.string()),
  seenBy: z.enum(["fleet", "process"]),
});

const LimitedMode = resource(
  "LimitedMode",
  "RingCentral's limited mode: during its maintenance it accepts no changes. Present while the fleet met it in the last " +
    "5 minutes.",
  { since: Instant, seenAt: Instant },
);

const CallHandlingSurvey = resource(
  "CallHandlingSurvey",
  "The call-handling backends of the account's extensions that this service has met. Present once it has met one.",
  {
    legacy: Count,
    new: Count,
    unknown: described(Count, "RingCentral's response did not say."),
    checkedAt: described(Instant, "When RingCentral was asked last, to 10 minutes."),
  },
);

const TokenCallsLeft = resource(
  "TokenCallsLeft",
  "Calls of RingCentral's token endpoint: the service's log-ins, and users' sign-ins and refreshes. All of the app share them.",
  {
    limit: Count,
    windowSeconds: Count,
    remaining: described(Count, "For a request that waits for a token; other calls leave some of them."),
    waiting: described(Count, "Requests and sign-ins that were told when to come back."),
    pausedUntil: z.optional(Instant),
  },
);

const UserBudget = resource("UserBudget", "A user whose own budget rejected calls since yesterday.", {
  extensionId: z.string(),
  rejections: described(Count, "Calls that RingCentral rejected with 429, or that were not sent for that."),
  lastAt: Instant,
});

const UserBudgets = resource(
  "UserBudgets",
  "The users who pay for their calls themselves, after a sign-in with RingCentral. Present once there is one.",
  {
    count: described(Count, "About how many did since yesterday, 0:00 UTC."),
    limited: described(
      z.array(UserBudget).check(z.maxLength(10)),
      "Those with most rejected calls, up to 10.",
    ),
  },
);

export const Limits = resource(
  "Limits",
  "The fleet's access token, what is left of RingCentral's budgets, and what callers met.",
  {
    callHandling: z.optional(CallHandlingSurvey),
    token: TokenState,
    tokenCalls: z.optional(TokenCallsLeft),
    users: z.optional(UserBudgets),
    budgets: z.array(Budget).check(z.maxLength(100)),
    limitedMode: z.optional(LimitedMode),
    problems: z.optional(ProblemsMet),
  },
);
export type Limits = z.output<typeof Limits>;

export const getLimitsRoute = defineRoute({
  operationId: "getLimits",
  method: "GET",
  path: "/v1/limits",
  scope: "ops:read",
  tag: "Operations",
  summary: "Read what is left of RingCentral's budgets",
  description:
    "The budgets the whole fleet shares, their pauses, who spent them and their last hour; the age of the access token; and " +
    "the problems that callers met in the last hour and the last day.",
  response: { kind: "item", description: "The limits as they are now.", data: Limits },
});
