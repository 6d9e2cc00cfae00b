import { deflate, inflate } from "../../platform/compression.ts";
import { SecretUnavailableError } from "../../platform/credentials.ts";
import { openBytes, sealBytes } from "../../platform/seal.ts";
import { VERSION } from "../../platform/version.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { nameOf, type RecordKey, type RecordStore } from "../../storage/record-store.ts";
import { limitedRecords, PERMIT_WAIT_MS } from "../../storage/table-wait.ts";
import { LONGEST_KEPT_MS } from "./cache-scope.ts";

/** A response of RingCentral, as the client parsed it. */
export interface CachedResponse {
  /** The scope's epoch when the request was sent: it is valid while that is the current one. */
  epoch: string;
  /** Epoch milliseconds: when the request was sent. */
  asOf: number;
  output: unknown;
}

/** Sealed, because it holds numbers and labels. Compressed, because a page of 1,000 numbers is close to the 400 KB that a DynamoDB item can hold. */
interface StoredResponse {
  epoch: string;
  asOf: number;
  /** Another release may parse responses differently. */
  release: string;
  sealed: string;
}

const MAX_STORED_CHARACTERS = 350_000;
const MAX_IN_MEMORY = 200;

/** Responses in the table, and in memory those that this process has read or written. */
export class CachedResponses {
  readonly #records: RecordStore;
  /** The least recently written first. */
  readonly #memory = new Map<string, CachedResponse>();
  /** Record versions of the responses in memory: replacing one needs no read. */
  readonly #versions = new WeakMap<CachedResponse, number>();

  readonly #sealingKey: () => Promise<Uint8Array>;

  constructor(records: RecordStore, sealingKey: () => Promise<Uint8Array>) {
    [this.#records, this.#sealingKey] = [records, sealingKey];
  }

  /** The response of that epoch. Unless it is in memory, the table is asked for it before the epoch is known. */
  async read(
    key: RecordKey,
    epoch: Promise<string | undefined>,
    tableWait: WaitLimit,
  ): Promise<CachedResponse | undefined> {
    const inMemory = this.#memory.get(nameOf(key));
    const loading = inMemory === undefined ? this.#load(key, tableWait) : undefined;
    const current = await epoch;
    if (current === undefined) return undefined;
    if (inMemory?.epoch === current) return inMemory;
    const loaded = await (loading ?? this.#load(key, tableWait));
    return loaded?.epoch === current ? loaded : undefined;
  }

  async write(key: RecordKey, response: CachedResponse, tableWait: WaitLimit): Promise<void> {
    const replaced = this.#memory.get(nameOf(key)) ?? response;
    const { epoch, asOf, output } = response;
    // A slow response of a former epoch must not take the place of a newer one.
    if (replaced.asOf > asOf) return;
    this.#remember(key, response);
    try {
      const context = contextOf(key, epoch);
      const sealed = sealBytes(await deflate(JSON.stringify(output)), await this.#sealingKey(), context);
      if (sealed.length > MAX_STORED_CHARACTERS) return;
      const value: StoredResponse = { epoch, asOf, release: VERSION, sealed };
      const records = limitedRecords(this.#records, tableWait);
      const known = this.#versions.get(replaced);
      const stored = known === undefined ? await records.read<StoredResponse>(key) : undefined;
      if (stored !== undefined && stored.value.asOf > asOf) return;
      // After a lost race, the table holds another process's response, which is as good.
      const expiresAt = asOf + LONGEST_KEPT_MS;
      const before = known ?? stored?.version ?? null;
      const version = await records.compareAndSet(key, before, value, { expiresAt });
      if (version !== undefined) this.#versions.set(response, version);
    } catch (error) {
      if (!(error instanceof StorageUnavailable || error instanceof SecretUnavailableError)) throw error;
    }
  }

  /** It never rejects: RingCentral still has what is damaged or unreachable here. */
  async #load(key: RecordKey, tableWait: WaitLimit): Promise<CachedResponse | undefined> {
    try {
      const records = limitedRecords(this.#records, tableWait, { keepMs: PERMIT_WAIT_MS });
      const stored = await records.read<StoredResponse>(key);
      if (stored?.value.release !== VERSION) return undefined;
      const { epoch, asOf, sealed } = stored.value;
      const bytes = openBytes(sealed, [await this.#sealingKey()], contextOf(key, epoch));
      if (bytes === undefined) return undefined;
      const response = { epoch, asOf, output: JSON.parse(await inflate(bytes)) as unknown };
      this.#versions.set(response, stored.version);
      this.#remember(key, response);
      return response;
    } catch {
      return undefined;
    }
  }

  #remember(key: RecordKey, response: CachedResponse): void {
    const name = nameOf(key);
    this.#memory.delete(name);
    this.#memory.set(name, response);
    const [oldest] = this.#memory.keys();
    if (this.#memory.size > MAX_IN_MEMORY && oldest !== undefined) this.#memory.delete(oldest);
  }
}

/** A sealed response opens under its own key and epoch only. */
function contextOf({ partition, sort }: RecordKey, epoch: string): string {
  return JSON.stringify([partition, sort, epoch]);
}
