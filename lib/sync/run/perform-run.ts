import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { recordVersion } from "../snapshot/change-log.ts";
import { type Manifest, readWholeSnapshot } from "../snapshot/snapshot-store.ts";
import { commitRun } from "./commit-run.ts";
import { confirmRemovals } from "./confirm-removals.ts";
import { end, endFailed, endQuarantined } from "./end-run.ts";
import { newRun } from "./new-run.ts";
import { endQuarantine, judge, type Quarantine, readQuarantine } from "./quarantine.ts";
import { Interrupted, type RunContext, RunStale } from "./run-context.ts";
import { type Checkpoint, countStaged, type RunLease } from "./run-lease.ts";
import type { SyncDeps, SyncOutcome, SyncRequest } from "./run-sync.ts";
import { sweep } from "./scan.ts";
import { baseOf, RUN_LIFETIME_MS } from "./staged-pages.ts";

/** What must be left to begin a commit: it is quick, and a crash in it costs a repetition. */
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
