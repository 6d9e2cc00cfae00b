import type { Clock } from "../../platform/clock.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { type CircuitBreaker, createCircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { nameOf, type RecordKey, type RecordStore } from "../../storage/record-store.ts";
import { PERMIT_WAIT_MS } from "../../storage/table-wait.ts";
import { type Edit, updateRecord } from "../../storage/update-record.ts";

/** The record of a scope: its epoch, and a mark with its end for every write under way. */
export interface ScopeRecord {
  epoch: string;
  writing: Readonly<Record<string, number>>;
}

/** A write under way: its name, and the scope's epochs since and before its beginning. */
export interface Mark {
  mark: string;
  epoch: string;
  former: string;
}

/** The start or the end of a write. Both give the scope a new epoch; one without effect gives it the former one. */
export type ScopeChange =
  | { type: "begin"; mark: string; until: number }
  | { type: "end"; mark: string | undefined }
  | ({ type: "end_without_effect" } & Mark);

export interface CacheScopesDeps {
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** A new name at every call, such as a UUID. */
  nonce: () => string;
}

/** The longest life of a cached response. A scope's record must outlive the responses of its former epochs. */
export const LONGEST_KEPT_MS = 24 * 60 * 60 * 1000;
/** A scope without a record: the last write is so long ago that no response of a former epoch is left. */
const UNTOUCHED: ScopeRecord = { epoch: "untouched", writing: {} };
/** The largest difference of two instances' clocks. */
const SKEW_MS = 5_000;
/** After a failure of the table, the process reads live for this long instead of waiting for the table again. */
const OUTAGE_PAUSE_MS = 5_000;
/** Scopes whose last epoch a process remembers. */
const MAX_KNOWN = 1_000;
/** A read that waits longer for the table is live instead. */
const TIMEOUT_MS = 1_000;
/** Little: a table this slow seldom has a permit in time, but a cached response needs only the epoch. */
const KEPT_FOR_PERMIT_MS = 200;

/** @returns undefined while a mark holds */
export function currentEpoch(record: ScopeRecord = UNTOUCHED, now: number): string | undefined {
  const isBeingWritten = Object.values(record.writing).some((until) => until + SKEW_MS > now);
  return isBeingWritten ? undefined : record.epoch;
}

/** The record after `change`. A mark whose write never ended is removed once it has lapsed by every clock. */
export function changeScope(
  record: ScopeRecord = UNTOUCHED,
  change: ScopeChange,
  epoch: string,
  now: number,
): Edit<ScopeRecord> {
  const marks = Object.entries(record.writing).filter(
    ([mark, until]) => until + 2 * SKEW_MS > now && (change.type === "begin" || mark !== change.mark),
  );
  // No other write has begun or ended since: the scope is as if this one had not been tried.
  const isFormer = change.type === "end_without_effect" && record.epoch === change.epoch;
  if (change.type === "begin") marks.push([change.mark, change.until]);
  const lastEnd = Math.max(now, ...marks.map(([, until]) => until));
  const value = { epoch: isFormer ? change.former : epoch, writing: Object.fromEntries(marks) };
  return { value, expiresAt: lastEnd + 2 * LONGEST_KEPT_MS };
}

/**
 * The validity of each scope's cached responses (one extension's forwarding numbers, say), for the whole fleet.
 * SPEC.md has the protocol.
 */
export class CacheScopes {
  readonly #deps: CacheScopesDeps;
  readonly #breaker: CircuitBreaker;
  /** Those that a write of this process may have changed, and that have had no new epoch since. */
  readonly #unrecorded = new Set<string>();
  /** The last epoch read of each scope, the one read least recently first. */
  readonly #read = new Map<string, string>();

  constructor(deps: CacheScopesDeps) {
    this.#deps = deps;
    this.#breaker = createCircuitBreaker({
      clock: deps.clock,
      pauseMs: OUTAGE_PAUSE_MS,
      maxPauseMs: OUTAGE_PAUSE_MS,
      timeoutMs: TIMEOUT_MS,
    });
  }

  /**
   * @param isForced whether the read must be live, so that it needs a permit in any case
   * @returns the epoch, or undefined when the cache must be neither read nor written now
   */
  epoch(scope: RecordKey, tableWait: WaitLimit, isForced = false): Promise<string | undefined> {
    const { records, clock } = this.#deps;
    const keepMs = isForced ? PERMIT_WAIT_MS : KEPT_FOR_PERMIT_MS;
    return ifAvailable(async () => {
      // Otherwise this process would show its own caller the state before the write, once the table is back.
      if (this.#unrecorded.has(nameOf(scope))) {
        const record = () => this.#breaker.call(() => this.#update(scope, { type: "end", mark: undefined }));
        await tableWait.limit(record, { keepMs });
      }
      const read = () => this.#breaker.call(() => records.read<ScopeRecord>(scope));
      const stored = await tableWait.limit(read, { keepMs });
      const epoch = currentEpoch(stored?.value, clock.now());
      this.#remember(scope, epoch);
      return epoch;
    });
  }

  /** The epoch that this process read last: a former one, perhaps. */
  lastEpoch(scope: RecordKey): string | undefined {
    return this.#read.get(nameOf(scope));
  }

  #remember(scope: RecordKey, epoch: string | undefined): void {
    const name = nameOf(scope);
    this.#read.delete(name);
    if (epoch !== undefined) this.#read.set(name, epoch);
    const [oldest] = this.#read.keys();
    if (this.#read.size > MAX_KNOWN && oldest !== undefined) this.#read.delete(oldest);
  }

  /**
   * Called before a write is sent: reads of the scope are live until `endWrite`, or until `until` without it.
   * @returns undefined when the mark could not be stored
   */
  beginWrite(scope: RecordKey, until: number, tableWait: WaitLimit): Promise<Mark | undefined> {
    const mark = this.#deps.nonce();
    const begin = () => this.#update(scope, { type: "begin", mark, until });
    this.#unrecorded.add(nameOf(scope));
    return ifAvailable(async () => {
      const { epoch, former } = await tableWait.limit(begin, { keepMs: PERMIT_WAIT_MS });
      return { mark, epoch, former };
    });
  }

  /**
   * Called after the write has certainly ended, with any outcome but "without effect".
   * @param leastMs the wait for the table even when `tableWait` is used up
   * @returns whether the scope has a new epoch
   */
  async endWrite(scope: RecordKey, mark: string | undefined, tableWait: WaitLimit, leastMs: number) {
    const end = () => this.#update(scope, { type: "end", mark });
    return (await ifAvailable(() => tableWait.limit(end, { leastMs }))) !== undefined;
  }

  /** Called after RingCentral has rejected the write, or it was not sent. Without it the mark lapses. */
  async dropWrite(scope: RecordKey, mark: Mark, tableWait: WaitLimit): Promise<void> {
    await ifAvailable(() =>
      tableWait.limit(() => this.#update(scope, { type: "end_without_effect", ...mark })),
    );
  }

  /** Not through the breaker: another wait for the table is better than stale reads in other processes. */
  async #update(scope: RecordKey, change: ScopeChange): Promise<{ epoch: string; former: string }> {
    const { clock, nonce } = this.#deps;
    const epoch = nonce();
    let former = UNTOUCHED.epoch;
    await updateRecord<ScopeRecord>(this.#deps, scope, (record = UNTOUCHED) => {
      former = record.epoch;
      return changeScope(record, change, epoch, clock.now());
    });
    this.#unrecorded.delete(nameOf(scope));
    return { epoch, former };
  }
}

/** @returns undefined when the table is not available */
async function ifAvailable<T>(use: () => Promise<T>): Promise<T | undefined> {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    return undefined;
  }
}
