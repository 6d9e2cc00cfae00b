import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { RateLimiter } from "../ringcentral/rate-limit/ports.ts";
import type { RecordKey, RecordStore } from "../storage/record-store.ts";
import {
  type ActivityCounts,
  decodeActivity,
  merged,
  NOTHING_MET,
  stepAt,
  steps,
} from "./activity-counts.ts";
import { isSavedInTime, SAVE_INTERVAL_MS } from "./save-counts.ts";

/** What a process has counted is also saved before, when this part of the minute's would be lost with it: 4 of 4, 15 of 100. */
const LOSABLE_PART = 1 / 4;
const MAX_TRIES = 3;
/** A group's name comes from RingCentral's headers. */
const MAX_NAME = 40;

interface ActivityDeps {
  records: RecordStore;
  clock: Clock;
  accountKey: string;
}

/**
 * What the callers of one account met, and what its budgets spent, for operators. Each process counts for itself and adds
 * its counts to the account's one record: in some 15 writes for 100 calls of a minute, so that a busy process seldom writes. One
 * that ends takes at most a quarter of the calls, and of the problems, of its last minute with it. Names of codes, operations
 * and budgets only, never a caller.
 */
export class Activity {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #key: RecordKey;
  #pending: ActivityCounts = NOTHING_MET;
  #savedAt = Number.NEGATIVE_INFINITY;
  /** The last save was not in time: the next one waits for its minute, because the table may be away. */
  #hasFailed = false;
  readonly #problems = new Unsaved();
  readonly #calls = new Unsaved();

  constructor({ records, clock, accountKey }: ActivityDeps) {
    this.#records = records;
    this.#clock = clock;
    this.#key = { partition: `account#${accountKey}`, sort: "activity" };
  }

  /** Counts a problem that a caller met. */
  problem(operation: string, code: string): void {
    const name = `${operation} ${code}`;
    const now = this.#clock.now();
    // A table that is away does not keep them sooner.
    if (code !== "storage_unavailable") this.#problems.add(now);
    this.#add({
      ...NOTHING_MET,
      fiveMinutes: { [name]: { [stepAt("fiveMinutes", now)]: 1 } },
      hours: { [name]: { [stepAt("hours", now)]: 1 } },
    });
  }

  /** The rate limiter, with each call counted. */
  counting(rateLimiter: RateLimiter): RateLimiter {
    return {
      admit: async (request) => {
        const permit = await rateLimiter.admit(request);
        return {
          observe: (observation) => {
            const { group, status, remaining } = observation;
            this.#call(group, status === 429 ? 1 : 0, remaining);
            return permit.observe(observation);
          },
          release: (sent) => {
            if (sent) this.#call(request.group, 0);
            return permit.release(sent);
          },
        };
      },
    };
  }

  /** Adds what this process has counted to the record, if that is due. Without the table the counts wait. */
  async save(deadline: Deadline): Promise<void> {
    const isLong = this.#clock.now() - this.#savedAt >= SAVE_INTERVAL_MS;
    const isMuch = !this.#hasFailed && (this.#problems.isMuch() || this.#calls.isMuch());
    if (this.#pending === NOTHING_MET || !(isLong || isMuch) || deadline.remainingMs() === 0) return;
    this.#savedAt = this.#clock.now();
    this.#problems.clear();
    this.#calls.clear();
    this.#hasFailed = !(await isSavedInTime(this.#write(), this.#clock, deadline));
  }

  /**
   * The counts of the fleet, with those that this process has not saved yet.
   * @returns undefined without the table
   */
  async describe(records: RecordStore): Promise<ActivityCounts | undefined> {
    try {
      const stored = await records.read(this.#key);
      return merged(decodeActivity(stored?.value), this.#pending, this.#clock.now());
    } catch {
      return undefined;
    }
  }

  #call(group: string, rejected: number, left?: number): void {
    const calls: [number, number, number?] = left === undefined ? [1, rejected] : [1, rejected, left];
    const now = this.#clock.now();
    this.#calls.add(now);
    const minute = stepAt("minutes", now);
    this.#add({ ...NOTHING_MET, minutes: { [group.slice(0, MAX_NAME)]: { [minute]: calls } } });
  }

  #add(counts: ActivityCounts): void {
    this.#pending = merged(this.#pending, counts, this.#clock.now());
  }

  async #write(): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const stored = await this.#records.read(this.#key);
      const now = this.#clock.now();
      const saved = this.#pending;
      // A write without a response may have taken effect: its counts are not written again.
      this.#pending = NOTHING_MET;
      const value = merged(decodeActivity(stored?.value), saved, now);
      const expiresAt = now + steps.hours.stepMs * steps.hours.kept;
      const expected = stored?.version ?? null;
      const version = await this.#records.compareAndSet(this.#key, expected, value, { expiresAt });
      if (version !== undefined) return;
      this.#pending = merged(saved, this.#pending, now);
    }
  }
}

/** How many of a minute's events are not saved yet. */
class Unsaved {
  #from = Number.NEGATIVE_INFINITY;
  #inMinute = 0;
  #unsaved = 0;

  add(now: number): void {
    if (now - this.#from >= SAVE_INTERVAL_MS) {
      this.#from = now;
      this.#inMinute = this.#unsaved;
    }
    this.#inMinute += 1;
    this.#unsaved += 1;
  }

  isMuch(): boolean {
    return this.#unsaved > 0 && this.#unsaved >= this.#inMinute * LOSABLE_PART;
  }

  clear(): void {
    this.#unsaved = 0;
  }
}
