import * as z from "zod/mini";

const Instant = z.string().check(z.meta({ format: "date-time" }));
const Count = z.int().check(z.minimum(0));

export const SyncProblem = z
  .object({
    code: z.string().check(z.meta({ description: "A code of the problem catalogue." })),
    title: z.string(),
    detail: z.string(),
    retryable: z.boolean(),
    at: Instant,
  })
  .check(z.meta({ id: "SyncProblem", description: "Why a sync did not commit." }));
export type SyncProblem = z.output<typeof SyncProblem>;

export const SyncProgress = z
  .object({
    startedAt: Instant,
    pagesDone: Count,
    totalPages: z.optional(Count),
    numbersSeen: Count,
    etaSeconds: z.optional(Count.check(z.meta({ description: "An estimate, from RingCentral's budget." }))),
  })
  .check(z.meta({ id: "SyncProgress", description: "How far the sync under way has come." }));
export type SyncProgress = z.output<typeof SyncProgress>;

export const SyncQuarantine = z
  .object({
    since: Instant,
    reason: z.string().check(
      z.meta({
        description:
          "`shrink`: more numbers would go than a sync may remove unconfirmed. `permissions`: the RingCentral " +
          "credential or its permissions changed. `main_numbers`: every main company number is missing.",
      }),
    ),
    removed: z.optional(Count.check(z.meta({ description: "How many numbers would be removed." }))),
  })
  .check(
    z.meta({
      id: "SyncQuarantine",
      description: "What a sync found and has not committed, since it may be a view with fewer permissions.",
    }),
  );
export type SyncQuarantine = z.output<typeof SyncQuarantine>;

export const SyncRun = z
  .object({
    id: z.string(),
    trigger: z.string().check(z.meta({ description: "`schedule`, `request` or `hint`." })),
    startedAt: Instant,
    endedAt: Instant,
    state: z.enum(["committed", "unchanged", "quarantined", "failed"]),
    pages: Count,
    numbers: z.optional(Count),
    version: z.optional(Count),
    added: z.optional(Count),
    updated: z.optional(Count),
    removed: z.optional(Count),
    problem: z.optional(SyncProblem),
  })
  .check(z.meta({ id: "SyncRun", description: "One sync that has ended." }));
export type SyncRun = z.output<typeof SyncRun>;

export const SyncStatus = z
  .object({
    accountId: z.string(),
    state: z.enum(["idle", "queued", "running", "quarantined", "failed"]),
    lastSuccessAt: z.optional(Instant),
    progress: z.optional(SyncProgress),
    problem: z.optional(SyncProblem),
    quarantine: z.optional(SyncQuarantine),
    history: z.array(SyncRun).check(z.maxLength(50), z.meta({ description: "Newest first." })),
  })
  .check(z.meta({ id: "SyncStatus", description: "The number sync of one account." }));
export type SyncStatus = z.output<typeof SyncStatus>;

export const SyncStatuses = z
  .array(SyncStatus)
  .check(
    z.maxLength(1),
    z.meta({ id: "SyncStatuses", description: "The sync of each account in the token." }),
  );
