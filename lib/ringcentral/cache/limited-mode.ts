import type { RecordKey } from "../../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../../storage/update-record.ts";

/** How long a sign of limited mode counts: RingCentral does not say when the mode ends. */
const CURRENT_MS = 5 * 60 * 1000;
/** The least time between two records of one process. */
const NOTED_MS = 30_000;

interface LimitedModeDeps extends UpdateDeps {
  accountKey: string;
}

/** Epoch milliseconds. */
interface Sighting {
  since: number;
  seenAt: number;
}

/** Limited mode as the fleet last met it (503 CMN-211), for operators. No call depends on it. */
export class LimitedMode {
  readonly #deps: LimitedModeDeps;
  readonly #key: RecordKey;
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: LimitedModeDeps) {
    this.#deps = deps;
    this.#key = { partition: `account#${deps.accountKey}`, sort: "limited-mode" };
  }

  /** Records that RingCentral has just rejected a call because of it. @throws StorageUnavailable */
  async note(): Promise<void> {
    const seenAt = this.#deps.clock.now();
    if (seenAt - this.#notedAt < NOTED_MS) return;
    this.#notedAt = seenAt;
    await updateRecord<Sighting>(this.#deps, this.#key, (known) => ({
      value: { since: this.#isCurrent(known) ? known.since : seenAt, seenAt },
      expiresAt: seenAt + CURRENT_MS,
    }));
  }

  /** @returns undefined without a sign in the last 5 minutes, or without the table */
  async describe(): Promise<Sighting | undefined> {
    const stored = await this.#deps.records.read<Sighting>(this.#key).catch(() => undefined);
    return this.#isCurrent(stored?.value) ? stored?.value : undefined;
  }

  #isCurrent(sighting: Sighting | undefined): sighting is Sighting {
    return sighting !== undefined && this.#deps.clock.now() - sighting.seenAt < CURRENT_MS;
  }
}
