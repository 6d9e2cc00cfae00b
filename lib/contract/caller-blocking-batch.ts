import * as z from "zod/mini";
import { CallerBlockingNumber, CallerBlockingStatus } from "./caller-blocking.ts";
import { EntryId, ExtensionIdOrMe } from "./parameters.ts";
import { defineRoute } from "./route.ts";
import { described, PartProblem, requestBody, resource } from "./schema-builders.ts";

/** 100 items take 48 KB at most, their labels written in escapes such as \u260e. */
const MAX_BATCH_BYTES = 64 * 1024;
const MAX_ITEMS = 100;

/** What a person or a spreadsheet wrote: where it cannot be used, its item is rejected and the others are not held up. */
const written = (description: string, example: string) =>
  z.optional(z.string().check(z.maxLength(200), z.meta({ description, examples: [example] })));

const CallerBlockingChange = requestBody(
  "CallerBlockingChange",
  "Adds `phoneNumber` with `label` and `status` (default `blocked`), or removes the entry with this `id` or `phoneNumber`.",
  {
    action: z.enum(["add", "remove"]),
    id: z.optional(EntryId),
    phoneNumber: written("As in the other operations, in any writing.", "+12025550186"),
    country: written("ISO 3166-1 country of a number written in national form.", "US"),
    label: written("A free name of at most 60 characters. Most emoji count as two.", "Robocaller"),
    status: z.optional(CallerBlockingStatus),
  },
  { action: "remove", phoneNumber: "+12025550177" },
);
export type CallerBlockingChange = z.output<typeof CallerBlockingChange>;

const CallerBlockingBatch = requestBody(
  "CallerBlockingBatch",
  "Up to 100 adds and removes, in order.",
  { items: z.array(CallerBlockingChange).check(z.minLength(1), z.maxLength(MAX_ITEMS)) },
  {
    items: [
      { action: "add", phoneNumber: "+12025550189", label: "Survey" },
      { action: "remove", phoneNumber: "+12025550177" },
    ],
  },
);
export type CallerBlockingBatch = z.output<typeof CallerBlockingBatch>;

const CallerBlockingOutcome = resource("CallerBlockingOutcome", "What became of one item.", {
  outcome: described(
    z.enum(["done", "rejected", "not_started", "unknown"]),
    "`done`: the lists are as the item asks. `rejected`: `problem` says why; `not_found` for an `id` on neither list. `not_started`: nothing was sent. `unknown`: it " +
      "may have taken effect, or still may.",
  ),
  changed: z.optional(described(z.boolean(), "Of `done`: false when the lists were so already.")),
  entry: z.optional(CallerBlockingNumber),
  problem: z.optional(PartProblem),
});
export type CallerBlockingOutcome = z.output<typeof CallerBlockingOutcome>;

const CallerBlockingBatchResult = resource("CallerBlockingBatchResult", "What became of each item.", {
  complete: described(z.boolean(), "Every item is `done` or `rejected`."),
  retryAfter: z.optional(
    described(
      z.int().check(z.minimum(0), z.maximum(2_147_483_647)),
      "Of an incomplete batch: seconds until the same request with the same `Idempotency-Key` does the rest.",
    ),
  ),
  items: z.array(CallerBlockingOutcome).check(z.maxLength(MAX_ITEMS)),
});
export type CallerBlockingBatchResult = z.output<typeof CallerBlockingBatchResult>;

export const changeCallerBlockingNumbersRoute = defineRoute({
  operationId: "changeCallerBlockingNumbers",
  method: "POST",
  path: "/v1/extensions/{extensionId}/caller-blocking/phone-numbers/batch",
  scope: "numbers:write",
  callsRingCentral: true,
  tag: "Caller blocking",
  summary: "Add and remove up to 100 numbers",
  description:
    "Each item has its own outcome, also one with a number, country or label that cannot be used. Items of different numbers may be done in any order; those of the same number in the " +
    "order of the batch. RingCentral allows about 40 writes a minute for all users together: each add is one, and so are up " +
    "to 30 removals. When the caller's share of them or the time is spent, the batch stops: it is not `complete`, and `Retry-After` says when to send it again with the same " +
    "`Idempotency-Key`. That does the rest, and nothing twice.",
  parameters: z.strictObject({ extensionId: ExtensionIdOrMe }),
  body: CallerBlockingBatch,
  maxBodyBytes: MAX_BATCH_BYTES,
  response: {
    kind: "batch",
    description: "The outcome of each item, in order.",
    data: CallerBlockingBatchResult,
  },
});
