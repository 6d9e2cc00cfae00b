import type { Clock } from "../../platform/clock.ts";
import type { CircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { backoffMs } from "../../storage/update-record.ts";
import type { AccountLimits } from "./account-limits.ts";
import { decodeLimits, encodeLimits } from "./limits-record.ts";
import type { RateLimitSettings } from "./settings.ts";

/** The limits as they were read, and what is needed to change them. */
export interface Copy {
  limits: AccountLimits;
  version: number | null;
  /** Own clock, before the table was asked. */
  readAt: number;
}

/** A change to the record. It may be applied twice when the result of a write is unknown. */
export type Update = (limits: AccountLimits) => AccountLimits;

export interface VersionedRecordOptions {
  records: RecordStore;
  breaker: CircuitBreaker;
  key: RecordKey;
  clock: Clock;
  random: () => number;
  settings: RateLimitSettings;
}

/** More pending updates than these are forgotten, oldest first: they would be out of date. */
const MAX_PENDING = 200;

/**
 * This process's access to the account's record: its last copy, and the updates that wait for the next write.
 * @throws StorageUnavailable from `read`, `write` and `update`, also when a response comes late
 */
export class VersionedRecord {
  readonly #options: VersionedRecordOptions;
  #copy: Copy | undefined;
  #pending: Update[] = [];
  #lastWritten: number | undefined;
  /** No other process wrote between the last two writes of this one. */
  #isSoleWriter = false;

  constructor(options: VersionedRecordOptions) {
    this.#options = options;
  }

  get cached(): Copy | undefined {
    return this.#copy;
  }

  /** The limits as far as this process knows them, without asking the table. */
  get known(): AccountLimits {
    return this.withPending(this.#copy?.limits ?? { groups: {} }).limits;
  }

  /** Whether the cached copy is probably current, so that a write may be tried without reading. */
  isLikelyCurrent(): boolean {
    const { clock, settings } = this.#options;
    if (this.#copy === undefined) return false;
    return this.#isSoleWriter || clock.now() - this.#copy.readAt <= settings.cacheMs / 4;
  }

  async read(): Promise<Copy> {
    const { records, key, clock } = this.#options;
    const readAt = clock.now();
    const stored = await this.#ask(() => records.read(key));
    this.#copy = { limits: decodeLimits(stored?.value), version: stored?.version ?? null, readAt };
    return this.#copy;
  }

  /**
   * @param covered the pending updates that `limits` includes
   * @returns false when another process was first
   */
  async write(from: Copy, limits: AccountLimits, covered: readonly Update[]): Promise<boolean> {
    const { records, key, clock, settings } = this.#options;
    const readAt = clock.now();
    const options = { expiresAt: readAt + settings.keepMs };
    const version = await this.#ask(() =>
      records.compareAndSet(key, from.version, encodeLimits(limits), options),
    );
    const wasLast = from.version === null || from.version === this.#lastWritten;
    this.#isSoleWriter = version !== undefined && wasLast;
    this.#lastWritten = version ?? this.#lastWritten;
    this.#copy = version === undefined ? undefined : { limits, version, readAt };
    if (version === undefined) return false;
    this.#pending = this.#pending.filter((update) => !covered.includes(update));
    return true;
  }

  /**
   * Reads and applies the pending updates and `change` until a write succeeds or there is nothing to change.
   * @throws StorageUnavailable also after too many lost races
   */
  async update(change: (limits: AccountLimits) => AccountLimits | undefined): Promise<void> {
    const { clock, random, settings } = this.#options;
    const until = clock.now() + settings.tablePatienceMs;
    for (let races = 0; races <= settings.maxConflicts; races++) {
      if (races > 0) await clock.sleep(backoffMs(races, random));
      try {
        if (await this.#tryUpdate(change)) return;
      } catch (error) {
        const retryAt = clock.now() + this.unavailableMs();
        if (!(error instanceof StorageUnavailable) || retryAt > until) throw error;
        await clock.sleep(retryAt - clock.now());
      }
    }
    throw new StorageUnavailable("the record is contended");
  }

  async #tryUpdate(change: (limits: AccountLimits) => AccountLimits | undefined): Promise<boolean> {
    const copy = await this.read();
    const { limits, covered } = this.withPending(copy.limits);
    const changed = change(limits);
    if (changed === undefined && covered.length === 0) return true;
    return this.write(copy, changed ?? limits, covered);
  }

  /** Makes the update part of the next write. */
  later(update: Update): void {
    this.#pending = [...this.#pending, update].slice(-MAX_PENDING);
  }

  withPending(limits: AccountLimits): { limits: AccountLimits; covered: readonly Update[] } {
    const covered = this.#pending;
    return { limits: covered.reduce((known, update) => update(known), limits), covered };
  }

  /** How long the table is not asked because it failed; 0 when it is asked. */
  unavailableMs(): number {
    return this.#options.breaker.openMs();
  }

  /** Writes the pending updates now; they stay pending while the table is unavailable. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0 || this.unavailableMs() > 0) return;
    try {
      await this.update(() => undefined);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
    }
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
