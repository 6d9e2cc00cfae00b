import type { Clock } from "../../platform/clock.ts";
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  createCircuitBreaker,
} from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { backoffMs } from "../../storage/update-record.ts";
import { decodeLimits, encodeLimits } from "./encode-limits.ts";
import { type AccountLimits, NOTHING_KNOWN } from "./limits-record.ts";
import type { SharedRateLimiterOptions } from "./ports.ts";
import { settings } from "./settings.ts";

/** A change to the record. It may be applied twice when the result of a write is unknown. */
type Update = (limits: AccountLimits) => AccountLimits;

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

const NEVER = Number.NEGATIVE_INFINITY;
/** More pending updates than these are forgotten, oldest first: they would be out of date. */
const MAX_PENDING = 200;

/**
 * This process's access to the account's record: its last copy, and the updates that wait for the next write.
 * @throws StorageUnavailable from `read`, `write` and `update`, also when a response comes late
 */
export class VersionedRecord {
  readonly #records: RecordStore;
  readonly #key: RecordKey;
  readonly #breaker: CircuitBreaker;
  readonly #clock: Clock;
  readonly #random: () => number;
  #stored: Omit<Copy, "covered"> = { limits: NOTHING_KNOWN, version: null, readAt: NEVER };
  #pending: readonly Update[] = [];
  #lastWritten: number | undefined;
  /** Another process has written between two writes of this one. */
  #hasLost = false;
  /** Until then the copy is probably current. Endless while no other process writes between two writes of this one. */
  #currentUntil = NEVER;

  constructor(
    { records, accountKey, clock, random }: SharedRateLimiterOptions,
    handlers: Required<Pick<CircuitBreakerOptions, "onOpen" | "onClose">>,
  ) {
    this.#records = records;
    this.#key = { partition: `rate-limit#${accountKey}`, sort: "limits" };
    this.#clock = clock;
    this.#random = random;
    this.#breaker = createCircuitBreaker({ clock, ...settings.table, ...handlers });
  }

  /** What this process knows without asking the table. */
  get copy(): Copy {
    const limits = this.#pending.reduce((known, update) => update(known), this.#stored.limits);
    return { ...this.#stored, limits, covered: this.#pending };
  }

  /** Whether `copy` is probably current, so that a write may be tried without reading. */
  isLikelyCurrent(): boolean {
    return this.#clock.now() <= this.#currentUntil;
  }

  /** How long the table is not asked because it failed; 0 when it is asked. */
  unavailableMs(): number {
    return this.#breaker.openMs();
  }

  async read(): Promise<Copy> {
    const readAt = this.#clock.now();
    const stored = await this.#breaker.call(() => this.#records.read(this.#key));
    this.#stored = { limits: decodeLimits(stored?.value), version: stored?.version ?? null, readAt };
    this.#currentUntil = Math.max(this.#currentUntil, readAt + settings.cacheMs / 4);
    return this.copy;
  }

  /** @returns false when another process was first */
  async write({ version: from, covered }: Copy, limits: AccountLimits): Promise<boolean> {
    const readAt = this.#clock.now();
    const options = { expiresAt: readAt + settings.keepMs };
    const version = await this.#breaker.call(() =>
      this.#records.compareAndSet(this.#key, from, encodeLimits(limits), options),
    );
    if (version === undefined) {
      this.#currentUntil = NEVER;
      this.#hasLost = true;
      return false;
    }
    // Until it has lost a race, a process takes itself for the only one: a lost write costs less than a read before each.
    const isSoleWriter = !this.#hasLost || from === null || from === this.#lastWritten;
    this.#currentUntil = isSoleWriter ? Number.POSITIVE_INFINITY : readAt + settings.cacheMs / 4;
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
    const until = this.#clock.now() + settings.recordingWaitMs;
    for (let races = 0; races <= settings.maxConflicts; races++) {
      if (races > 0) await this.#clock.sleep(backoffMs(races, this.#random));
      try {
        const copy = await this.read();
        const changed = change(copy.limits);
        if (changed === copy.limits && copy.covered.length === 0) return;
        if (await this.write(copy, changed)) return;
      } catch (error) {
        const waitMs = this.unavailableMs();
        if (!(error instanceof StorageUnavailable) || this.#clock.now() + waitMs > until) throw error;
        await this.#clock.sleep(waitMs);
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
    await this.update((limits) => limits).catch((error) => {
      if (!(error instanceof StorageUnavailable)) throw error;
    });
  }

  /** Whether its last response was a failure. */
  isFailing(): boolean {
    return this.#breaker.isFailing();
  }
}
