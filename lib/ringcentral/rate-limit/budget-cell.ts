import type { Clock } from "../../platform/clock.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import type { Budget } from "./budget.ts";
import { decodeBudget, encodeBudget } from "./budget-record.ts";
import type { RateLimitSettings } from "./limits.ts";
import type { StorageHealth } from "./storage-health.ts";

/** A budget as it was read, and what is needed to change it. */
export interface Copy {
  budget: Budget;
  version: number | null;
  /** Own clock, before the table was asked. */
  readAt: number;
}

/** This process's access to one budget record. */
export interface BudgetCell {
  /** The last copy, if there is one. */
  cached(): Copy | undefined;
  read(): Promise<Copy>;
  /** Whether the cached copy is likely the present one, so that a write may be tried without reading. */
  isLikelyCurrent(): boolean;
  /** @returns whether nobody else was first */
  write(copy: Copy, budget: Budget): Promise<boolean>;
  /**
   * Reads and applies `change` until a write succeeds or it returns `undefined` (nothing to change).
   * @returns the budget as it is then, `undefined` after too many lost races
   */
  update(change: (budget: Budget) => Budget | undefined): Promise<Budget | undefined>;
}

export interface BudgetCellDeps {
  records: RecordStore;
  storage: StorageHealth;
  clock: Clock;
  random: () => number;
  limits: RateLimitSettings;
}

/** Each further race is entered at random within twice the time. */
const FIRST_BACKOFF_MS = 40;

/** @throws StorageDown from everything that asks the table */
export function createBudgetCell(deps: BudgetCellDeps, key: RecordKey): BudgetCell {
  const { records, storage, clock, random, limits } = deps;
  let copy: Copy | undefined;
  /** The version this process wrote last. */
  let written: number | undefined;
  /** Nobody else wrote between the last two writes of this process. */
  let isAlone = false;

  async function read(): Promise<Copy> {
    const readAt = clock.now();
    const stored = await storage.ask(() => records.read(key));
    copy = {
      budget: decodeBudget(stored?.value, key.sort, limits),
      version: stored?.version ?? null,
      readAt,
    };
    return copy;
  }

  async function write(from: Copy, budget: Budget): Promise<boolean> {
    const readAt = clock.now();
    const expiresAt = readAt + limits.keepMs;
    const version = await storage.ask(() =>
      records.compareAndSet(key, from.version, encodeBudget(budget), { expiresAt }),
    );
    isAlone = version !== undefined && (from.version === null || from.version === written);
    written = version ?? written;
    copy = version === undefined ? undefined : { budget, version, readAt };
    return version !== undefined;
  }

  return {
    cached: () => copy,
    read,
    write,
    isLikelyCurrent: () => copy !== undefined && (isAlone || clock.now() - copy.readAt <= limits.cacheMs / 4),
    async update(change) {
      for (let races = 0; races <= limits.maxConflicts; races++) {
        if (races > 0) await clock.sleep(backoffMs(races, random));
        const present = await read();
        const budget = change(present.budget);
        if (budget === undefined) return present.budget;
        if (await write(present, budget)) return budget;
      }
      return undefined;
    },
  };
}

/** Full jitter, so that those who lost a race together do not meet again. */
export function backoffMs(races: number, random: () => number): number {
  return random() * FIRST_BACKOFF_MS * 2 ** Math.min(races, 5);
}
