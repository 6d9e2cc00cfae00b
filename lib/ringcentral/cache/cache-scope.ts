import type { Clock } from "../../platform/clock.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";

/**
 * What makes cached answers of one scope (one extension's forwarding numbers, say) valid or not, for the whole
 * fleet: `{ epoch, writing: { <mark>: <until> } }` in one record. Answers are kept under the epoch that was current
 * before RingCentral was asked. A write marks the scope before it is sent, and on its end, before anybody is told of
 * its success, gives it a new epoch: nothing kept before is found again, also not by a read that is still on its way.
 */
export interface CacheScopes {
  /** @returns the epoch, or undefined when nothing may be taken from the cache or put there now */
  epoch(scope: RecordKey): Promise<string | undefined>;
  /**
   * Before a write is sent. From then on reads of the scope are live, until `endWrite`, or `until` if that never
   * comes. @returns the mark's name, or undefined when it could not be made
   */
  beginWrite(scope: RecordKey, until: number): Promise<string | undefined>;
  /** After the write has ended for certain, whatever came of it. @returns whether the scope is empty now */
  endWrite(scope: RecordKey, mark: string | undefined): Promise<boolean>;
}

interface ScopeState {
  epoch: string;
  writing: Record<string, number>;
}

export interface CacheScopesDeps {
  records: RecordStore;
  clock: Clock;
  /** A new name at every call. */
  nonce: () => string;
  /** No answer is kept for longer; a scope's record must outlive what was kept under its former epochs. */
  longestKeptMs: number;
}

/** A scope that nobody has written to, or not for so long that nothing is left of what was kept before. */
const UNTOUCHED: ScopeState = { epoch: "untouched", writing: {} };
/** Two writers that meet, again and again: far more than one extension ever has. */
const MAX_TRIES = 8;
/** Clocks of instances differ. */
const SKEW_MS = 5_000;
/** After the table failed, the process goes without the cache for a while instead of waiting for it each time. */
const OUTAGE_PAUSE_MS = 5_000;

export function createCacheScopes({ records, clock, nonce, longestKeptMs }: CacheScopesDeps): CacheScopes {
  let pausedUntil = 0;

  /** @returns undefined when the table is not available */
  async function ifAvailable<T>(use: () => Promise<T>): Promise<T | undefined> {
    try {
      return await use();
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      pausedUntil = clock.now() + OUTAGE_PAUSE_MS;
      return undefined;
    }
  }

  /** Gives the scope a new epoch. */
  async function change(
    scope: RecordKey,
    edit: (writing: ScopeState["writing"]) => ScopeState["writing"],
  ): Promise<void> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
      const stored = await records.read<ScopeState>(scope);
      const writing = edit(unlapsed((stored?.value ?? UNTOUCHED).writing, clock.now()));
      const expiresAt = Math.max(clock.now(), ...Object.values(writing)) + 2 * longestKeptMs;
      const next: ScopeState = { epoch: nonce(), writing };
      if (await records.compareAndSet(scope, stored?.version ?? null, next, { expiresAt })) return;
    }
    throw new StorageUnavailable("cache scope is contended");
  }

  return {
    async epoch(scope) {
      if (clock.now() < pausedUntil) return undefined;
      return ifAvailable(async () => {
        const { epoch, writing } = (await records.read<ScopeState>(scope))?.value ?? UNTOUCHED;
        const isBeingWritten = Object.values(writing).some((until) => until + SKEW_MS > clock.now());
        return isBeingWritten ? undefined : epoch;
      });
    },

    beginWrite: (scope, until) =>
      ifAvailable(async () => {
        const mark = nonce();
        await change(scope, (writing) => ({ ...writing, [mark]: until }));
        return mark;
      }),

    async endWrite(scope, mark) {
      const done = await ifAvailable(async () => {
        await change(scope, (writing) => {
          if (mark !== undefined) delete writing[mark];
          return writing;
        });
        return true;
      });
      return done === true;
    },
  };
}

function unlapsed(writing: ScopeState["writing"], now: number): ScopeState["writing"] {
  return Object.fromEntries(Object.entries(writing).filter(([, until]) => until + 2 * SKEW_MS > now));
}
