import type { PhoneNumber } from "../contract/resources/phone-number.ts";
import type { SyncRun } from "../contract/resources/sync-status.ts";
import { RingCentralError } from "../ringcentral/errors.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import { recordVersion } from "./change-log.ts";
import { collectVersions } from "./collect-versions.ts";
import { commitRun } from "./commit-run.ts";
import { confirmRemovals } from "./confirm-removals.ts";
import {
  endQuarantine,
  judge,
  type Quarantine,
  type QuarantineReason,
  readQuarantine,
  SECOND_LOOK_MS,
  setQuarantine,
} from "./quarantine.ts";
import { Interrupted, type RunContext, RunStale } from "./run-context.ts";
import { recordRun } from "./run-history.ts";
import { type Checkpoint, countStaged, LeaseLost, type RunLease } from "./run-lease.ts";
import { problemOf } from "./run-problem.ts";
import type { SyncDeps, SyncOutcome, SyncRequest } from "./run-sync.ts";
import { type Manifest, readWholeSnapshot } from "./snapshot-store.ts";
import { baseOf, RUN_LIFETIME_MS } from "./staged-pages.ts";
import { ListUnsteady, sweep } from "./sweep.ts";

/** Without a word from RingCentral on when to come back. */
const RATE_LIMITED_MS = 30_000;
/** Failures that time may mend are waited out, longer each time, so often in a row. */
const MAX_TROUBLE = 5;
const TROUBLE_MS = 15_000;
/** What must be left to begin a commit, or a collection: they are quick, and a crash in them costs a repetition. */
const ROOM_MS = 5_000;

/** What the holder of the lease does. @throws LeaseLost, StorageUnavailable */
export async function performRun(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
): Promise<SyncOutcome> {
  const { accountId } = request;
  await recordVersion(deps.records, accountId, lease.head);
  let checkpoint = lease.found;
  // The former holder died between showing its version and saying so.
  if (checkpoint?.result !== undefined && checkpoint.runId === lease.head.latest?.runId) {
    if ((await readQuarantine(deps.records, accountId)) !== undefined) {
      await endQuarantine(deps.records, accountId);
    }
    return end(deps, request, lease, checkpoint, "committed");
  }
  try {
    const fingerprint = await deps.fingerprint(request.deadline);
    const stale = checkpoint && whyStale(checkpoint, lease, fingerprint, deps.clock.now());
    if (checkpoint !== undefined && stale !== undefined) {
      deps.onEvent({ type: "started_over", runId: checkpoint.runId, reason: stale });
      checkpoint = undefined;
    }
    if (checkpoint !== undefined) {
      deps.onEvent({ type: "resumed", runId: checkpoint.runId, pagesDone: countStaged(checkpoint.pages) });
    }
    checkpoint ??= newRun(deps, request, lease, fingerprint);
    return await goOn(deps, request, lease, checkpoint, (latest) => {
      checkpoint = latest;
      request.onProgress?.(latest);
    });
  } catch (error) {
    return await endFailed(deps, request, lease, checkpoint, error);
  }
}

function whyStale(
  { base, startedAt, fingerprint: seenWith }: Checkpoint,
  { head }: RunLease,
  fingerprint: string,
  now: number,
): RunStale["reason"] | undefined {
  if (base !== head.version) return "overtaken";
  if (now - startedAt > RUN_LIFETIME_MS) return "too_old";
  return seenWith === fingerprint ? undefined : "fingerprint";
}

function newRun(
  { clock, random }: SyncDeps,
  { trigger }: SyncRequest,
  { head, generation }: RunLease,
  fingerprint: string,
): Checkpoint {
  const now = clock.now();
  const noise = Math.floor(random() * 36 ** 4).toString(36);
  return {
    // The generation alone makes it unique; the rest is for people.
    runId: `${now.toString(36)}-${generation.toString(36)}-${noise}`,
    trigger,
    startedAt: now,
    updatedAt: now,
    base: head.version,
    fingerprint,
    sweep: 1,
    sweepStartedAt: now,
    pagesBefore: 0,
    isSwept: false,
    numbersSeen: 0,
    skipped: 0,
    pages: [],
    lookups: [],
    trouble: 0,
  };
}

/** @throws Interrupted, RunStale, ListUnsteady, LeaseLost, RingCentralError, StorageUnavailable */
async function goOn(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
  from: Checkpoint,
  onProgress: (checkpoint: Checkpoint) => void,
): Promise<SyncOutcome> {
  const { records, clock } = deps;
  const { accountId, deadline } = request;
  const { numbers, manifest } = await readWholeSnapshot(records, accountId, lease.head);
  const base = baseOf(numbers);
  const stage = { records, accountId, runId: from.runId, base, now: clock.now };
  const run: RunContext = { ...deps, accountId, deadline, lease, stage, onProgress, call: request };

  const swept = await sweep(run, from);
  const missing = [...base.places.keys()].filter((id) => !swept.numbers.has(id)).sort();
  const quarantine = await readQuarantine(records, accountId);
  const judgement = judge(
    {
      missing,
      baseSize: numbers.length,
      lostMainNumbers: hasMain(numbers) && !hasMain(swept.numbers.values()),
      sameFingerprint: from.fingerprint === lease.head.fingerprint,
      sweepStartedAt: swept.checkpoint.sweepStartedAt,
    },
    quarantine,
  );
  if (judgement.verdict === "quarantine") {
    return endQuarantined(deps, request, lease, swept.checkpoint, judgement.reason, missing);
  }
  const { isConfirmed } = judgement;
  const confirmed = await confirmRemovals(run, swept.checkpoint, missing, isConfirmed);
  if (confirmed.forbidden.length > 0 && !isConfirmed) {
    return endQuarantined(deps, request, lease, confirmed.checkpoint, "permissions", missing);
  }
  if (confirmed.kept.length > 0) {
    deps.onEvent({ type: "missed_by_sweep", runId: from.runId, count: confirmed.kept.length });
    for (const number of confirmed.kept) swept.numbers.set(number.id, number);
  }
  if (deadline.remainingMs() < ROOM_MS) throw new Interrupted();
  // What was read with other rights than it began with is no whole.
  if ((await deps.fingerprint(deadline)) !== from.fingerprint) throw new RunStale("fingerprint");
  return commit(run, deps, request, confirmed.checkpoint, {
    base: new Map(numbers.map((number) => [number.id, number])),
    manifest,
    numbers: swept.numbers,
    quarantine,
  });
}

async function commit(
  run: RunContext,
  deps: SyncDeps,
  request: SyncRequest,
  from: Checkpoint,
  {
    quarantine,
    ...content
  }: {
    base: Map<string, PhoneNumber>;
    manifest: Manifest | undefined;
    numbers: Map<string, PhoneNumber>;
    quarantine: Quarantine | undefined;
  },
): Promise<SyncOutcome> {
  const before = run.lease.head.version;
  const checkpoint = await commitRun(run, from, content);
  if (quarantine !== undefined) await endQuarantine(run.records, run.accountId);
  const state = run.lease.head.version === before ? "unchanged" : "committed";
  return end(deps, request, run.lease, checkpoint, state);
}

function hasMain(numbers: Iterable<PhoneNumber>): boolean {
  for (const { usageType } of numbers) if (usageType === "MainCompanyNumber") return true;
  return false;
}

/** The head is set: what remains does not matter to what is seen, and may be left to others. */
async function end(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
  checkpoint: Checkpoint,
  state: "committed" | "unchanged",
): Promise<SyncOutcome> {
  const { records, clock, onEvent } = deps;
  const { accountId, deadline } = request;
  const { version, sequence } = lease.head;
  const { added = 0, updated = 0, removed = 0, total } = checkpoint.result ?? {};
  if (state === "committed") {
    onEvent({ type: "committed", runId: checkpoint.runId, version, added, updated, removed });
  }
  await recordRun(records, accountId, {
    ...entryOf(checkpoint, clock.now()),
    state,
    ...(total !== undefined && { numbers: total }),
    version,
    added,
    updated,
    removed,
  });
  if (deadline.remainingMs() > ROOM_MS) {
    const collected = await collectVersions(records, accountId, lease.head, clock.now());
    if (collected !== undefined) onEvent({ type: "collected", ...collected });
  }
  await lease.release().catch(ignoreLost);
  return { state, version, sequence, added, updated, removed, pages: pagesOf(checkpoint) };
}

async function endQuarantined(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
  checkpoint: Checkpoint,
  reason: QuarantineReason,
  missing: readonly string[],
): Promise<SyncOutcome> {
  const { records, clock, onEvent } = deps;
  const { accountId } = request;
  const now = clock.now();
  const { removed } = await setQuarantine(records, accountId, { reason, missing, now });
  onEvent({ type: "quarantined", runId: checkpoint.runId, reason, removed });
  await recordRun(records, accountId, {
    ...entryOf(checkpoint, now),
    state: "quarantined",
    numbers: checkpoint.numbersSeen,
    removed,
  });
  await lease.release();
  return {
    state: "quarantined",
    removed,
    pages: pagesOf(checkpoint),
    // Only a shrink can be settled by a second look; it must begin late enough by any clock.
    ...(reason === "shrink" && { continueAfterMs: SECOND_LOOK_MS + ROOM_MS }),
  };
}

/** @throws what is not for a run to end on */
async function endFailed(
  deps: SyncDeps,
  request: SyncRequest,
  lease: RunLease,
  checkpoint: Checkpoint | undefined,
  error: unknown,
): Promise<SyncOutcome> {
  const { records, clock, onEvent } = deps;
  if (error instanceof Interrupted) return continues(lease, checkpoint, error.continueAfterMs);
  if (error instanceof RunStale) {
    onEvent({ type: "started_over", runId: checkpoint?.runId ?? "", reason: error.reason });
    return continues(lease, undefined, 0);
  }
  if (error instanceof LeaseLost || error instanceof StorageUnavailable) throw error;
  if (!(error instanceof RingCentralError || error instanceof ListUnsteady)) {
    await lease.release(checkpoint).catch(() => {});
    throw error;
  }
  const wait = waitFor(error, checkpoint);
  if (wait !== undefined) return continues(lease, wait.checkpoint, wait.ms);
  const problem = problemOf(error, clock.now());
  const failed = checkpoint ?? newRun(deps, request, lease, "");
  await recordRun(records, request.accountId, {
    ...entryOf(failed, clock.now()),
    state: "failed",
    numbers: failed.numbersSeen,
    problem,
  });
  // What was read holds if time mends the cause; a list that does not hold still is read anew.
  const isKept = error instanceof RingCentralError && problem.retryable && countStaged(failed.pages) > 0;
  await lease.release(isKept ? { ...failed, trouble: 0 } : undefined);
  return { state: "failed", problem, pages: pagesOf(failed) };
}

/** How long to wait before the same is tried again; undefined when that is of no use. */
function waitFor(
  error: RingCentralError | ListUnsteady,
  checkpoint: Checkpoint | undefined,
): { ms: number; checkpoint: Checkpoint | undefined } | undefined {
  if (!(error instanceof RingCentralError)) return undefined;
  const { kind, retryAfterMs, deadlineExceeded } = error.failure;
  if (kind === "rate_limited") return { ms: retryAfterMs ?? RATE_LIMITED_MS, checkpoint };
  const isTransient = kind === "unavailable" || kind === "timeout" || kind === "broken";
  if (!isTransient || checkpoint === undefined || checkpoint.trouble >= MAX_TROUBLE) return undefined;
  const trouble = checkpoint.trouble + 1;
  const ms = deadlineExceeded === true ? 0 : TROUBLE_MS * 2 ** checkpoint.trouble;
  return { ms: Math.max(ms, retryAfterMs ?? 0), checkpoint: { ...checkpoint, trouble } };
}

async function continues(
  lease: RunLease,
  checkpoint: Checkpoint | undefined,
  continueAfterMs: number,
): Promise<SyncOutcome> {
  await lease.release(checkpoint);
  return { state: "continues", continueAfterMs, ...(checkpoint && { pages: pagesOf(checkpoint) }) };
}

function entryOf(
  checkpoint: Checkpoint,
  now: number,
): Pick<SyncRun, "id" | "trigger" | "startedAt" | "endedAt" | "pages"> {
  const { runId, trigger, startedAt } = checkpoint;
  return {
    id: runId,
    trigger,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(now).toISOString(),
    pages: pagesOf(checkpoint),
  };
}

/** Those of sweeps given up included. */
const pagesOf = ({ pages, pagesBefore }: Checkpoint) => countStaged(pages) + pagesBefore;

function ignoreLost(error: unknown): void {
  if (!(error instanceof LeaseLost)) throw error;
}
