import * as z from "zod/mini";
import { defineRoute } from "./route.ts";

const Instant = z.string().check(z.meta({ format: "date-time" }));
const Count = z.int().check(z.minimum(0));

const RouteSpending = z.object({ route: z.string(), interactive: Count, sync: Count }).check(
  z.meta({
    id: "RouteSpending",
    description: "The calls that one of this API's operations made in the present window.",
  }),
);

const Pause = z
  .object({
    state: z.enum(["none", "paused", "probe_due", "probing"]).check(
      z.meta({
        description:
          "RingCentral pauses a budget with a 429. When the pause is over, the next call is a probe (`probe_due`); its response (`probing`) resumes the budget or pauses it again.",
      }),
    ),
    until: z.optional(Instant),
  })
  .check(z.meta({ id: "Pause", description: "Whether RingCentral has paused the calls of a budget." }));

const Budget = z
  .object({
    group: z
      .string()
      .check(z.meta({ description: "The usage plan group as RingCentral names it.", examples: ["light"] })),
    limit: Count,
    windowSeconds: Count,
    confirmed: z
      .boolean()
      .check(z.meta({ description: "RingCentral's own headers have confirmed the limit." })),
    granted: Count.check(z.meta({ description: "Permits granted that count in the present window." })),
    external: Count.check(
      z.meta({ description: "Calls of other clients in the present window, as far as known." }),
    ),
    remaining: Count.check(z.meta({ description: "An estimate." })),
    pause: Pause,
    spentByRoute: z.array(RouteSpending).check(z.maxLength(100)),
    seenBy: z.enum(["fleet", "process"]),
  })
  .check(z.meta({ id: "Budget", description: "One budget of calls." }));

const TokenState = z
  .object({
    generation: Count,
    issuedAt: z.optional(Instant),
    expiresAt: z.optional(Instant),
    ageSeconds: z.optional(Count),
    coolDownUntil: z.optional(Instant),
    coolDownReason: z.optional(z.string()),
    seenBy: z.enum(["fleet", "process"]),
  })
  .check(z.meta({ id: "TokenState", description: "The access token at RingCentral, without the token." }));

export const Limits = z
  .object({
    token: TokenState,
    budgets: z.array(Budget).check(z.maxLength(100)),
  })
  .check(
    z.meta({
      id: "Limits",
      description: "The fleet's access token and what is left of RingCentral's budgets.",
    }),
  );
export type Limits = z.output<typeof Limits>;

export const getLimitsRoute = defineRoute({
  operationId: "getLimits",
  method: "GET",
  path: "/v1/limits",
  scope: "ops:read",
  tag: "Operations",
  summary: "What is left of each RingCentral budget",
  description:
    "The budgets the whole fleet shares, their pauses, who spent them, and the age of the access token.",
  response: { kind: "item", description: "The limits as they are now.", data: Limits },
  problems: [],
});
