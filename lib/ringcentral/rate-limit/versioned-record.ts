import type { Clock } from "../../platform/clock.ts";
import type { CircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { backoffMs } from "../../storage/update-record.ts";
import { type AccountLimits, NOTHING_KNOWN } from "./account-limits.ts";
import { decodeLimits, encodeLimits } from "./limits-record.ts";
import { settings } from "./settings.ts";

/** The limits as this process knows them, and what is needed to change them. */
export interface Copy {
  /** With the pending updates. */
  limits: AccountLimits;
  version: number | null;
  /** Own clock, before the table was asked. */
  readAt: number;
  /** The pending updates that `limits` includes. */
  covered: readonly Update[];
}

/** A change to the record. It may be applied twice when the result of a write is unknown. */
type Update = (limits: AccountLimits) => AccountLimits;

/** More pending updates than these are forgotten, oldest first: they would be out of date. */
const MAX_PENDING = 200;

export interface VersionedRecordOptions {
  records: RecordStore;
  key: RecordKey;
  breaker: CircuitBreaker;
  clock: Clock;
  random: () => number;
}

/**
 * This process's access to the account's record: its last copy, and the updates that wait for the next write.
 * @throws StorageUnavailable from `read`, `write` and `update`, also when a response comes late
 */
export class VersionedRecord {
  readonly #options: VersionedRecordOptions;
  #stored = { limits: NOTHING_KNOWN, version: null as number | null, readAt: Number.NEGATIVE_INFINITY };
  #pending: readonly Update[] = [];
  #lastWritten: number | undefined;
  /** No other process wrote between the last two writes of this one. */
  #isSoleWriter = false;

  constructor(options: VersionedRecordOptions) {
    this.#options = options;
  }

  /** What this process knows without asking the table. */
  get copy(): Copy {
    const limits = this.#pending.reduce((known, update) => update(known), this.#stored.limits);
    return { ...this.#stored, limits, covered: this.#pending };
  }

  /** Whether `copy` is probably current, so that a write may be tried without reading. */
  isLikelyCurrent(): boolean {
    return this.#isSoleWriter || this.#options.clock.now() - this.#stored.readAt <= settings.cacheMs / 4;
  }

  async read(): Promise<Copy> {
    const { records, key, clock } = this.#options;
    const readAt = clock.now();
    const stored = await this.#ask(() => records.read(key));
    this.#stored = { limits: decodeLimits(stored?.value), version: stored?.version ?? null, readAt };
    return this.copy;
  }

  /** @returns false when another process was first */
  async write({ version: from, covered }: Copy, limits: AccountLimits): Promise<boolean> {
    const { records, key, clock } = this.#options;
    const readAt = clock.now();
    const options = { expiresAt: readAt + settings.keepMs };
    const version = await this.#ask(() => records.compareAndSet(key, from, encodeLimits(limits), options));
    this.#isSoleWriter = version !== undefined && (from === null || from === this.#lastWritten);
    if (version === undefined) return false;
    this.#lastWritten = version;
    this.#stored = { limits, version, readAt };
    this.#pending = this.#pending.filter((update) => !covered.includes(update));
    return true;
  }

  /**
   * Reads and applies the pending updates and `change` until a write succeeds or there is nothing to change.
   * @throws StorageUnavailable also after too many lost races
   */
  async update(change: Update): Promise<void> {
    const { clock, random } = this.#options;
    const until = clock.now() + settings.tablePatienceMs;
    for (let races = 0; races <= settings.maxConflicts; races++) {
      if (races > 0) await clock.sleep(backoffMs(races, random));
      try {
        const copy = await this.read();
        const changed = change(copy.limits);
        if (changed === copy.limits && copy.covered.length === 0) return;
        if (await this.write(copy, changed)) return;
      } catch (error) {
        const retryAt = clock.now() + this.unavailableMs();
        if (!(error instanceof StorageUnavailable) || retryAt > until) throw error;
        await clock.sleep(retryAt - clock.now());
      }
    }
    throw new StorageUnavailable("the record is contended");
  }

  /** Makes the update part of the next write. */
  later(update: Update): void {
    this.#pending = [...this.#pending, update].slice(-MAX_PENDING);
  }

  /** Writes the pending updates now; they stay pending while the table is unavailable. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0 || this.unavailableMs() > 0) return;
    try {
      await this.update((limits) => limits);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
  }

  /** How long the table is not asked because it failed; 0 when it is asked. */
  unavailableMs(): number {
    return this.#options.breaker.openMs();
  }

  async #ask<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#options.breaker.call(work);
    } catch (error) {
      if (error instanceof StorageUnavailable) throw error;
      throw new StorageUnavailable("the request failed", { cause: error });
    }
  }
}
