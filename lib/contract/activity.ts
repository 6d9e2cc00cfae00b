import * as z from "zod/mini";
import { Count, described, Instant, resource } from "./schema-builders.ts";

const ProblemSeries = resource(
  "ProblemSeries",
  "How often one of this API's operations responded with one problem.",
  {
    route: described(
      z.string(),
      "An operation id, or `other` for what was met after the first 60 pairs of route and code.",
    ),
    code: z.string(),
    status: z.optional(described(Count, "The HTTP status of the code.")),
    counts: described(z.array(Count).check(z.maxLength(24)), "One count for each step, the oldest first."),
  },
);

const ProblemHistory = resource("ProblemHistory", "Problems over time, in steps of equal length.", {
  from: described(Instant, "The beginning of the first step. The last step is the current one."),
  stepSeconds: Count,
  series: z.array(ProblemSeries).check(z.maxLength(61)),
});

export const ProblemsMet = resource(
  "ProblemsMet",
  "What this account's callers met, as a response or as a part of one: the last hour in steps of 5 minutes, the last day in hours. Each instance of a function " +
    "counts for itself and reports while problems come; one that ends takes a quarter of its last minute's problems with it at most. Requests that the " +
    "gateway rejects and requests without a valid token are not counted. Absent while the table is unavailable.",
  {
    lastHour: ProblemHistory,
    lastDay: ProblemHistory,
  },
);
export type ProblemsMet = z.output<typeof ProblemsMet>;
export type ProblemHistory = z.output<typeof ProblemHistory>;

export const BudgetMinute = resource("BudgetMinute", "The calls of one minute.", {
  at: described(Instant, "The beginning of the minute."),
  calls: Count,
  rejected: described(Count, "Those that RingCentral rejected with 429."),
  leastRemaining: z.optional(
    described(
      Count,
      "The fewest calls left in RingCentral's window, as its responses stated, other clients included.",
    ),
  ),
});
