import { deflate, inflate } from "../../platform/compression.ts";
import { SecretUnavailableError } from "../../platform/credentials.ts";
import { openBytes, sealBytes } from "../../platform/seal.ts";
import { VERSION } from "../../platform/version.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { limitedRecords, PERMIT_WAIT_MS } from "../../storage/table-wait.ts";
import { LONGEST_KEPT_MS } from "./cache-scope.ts";

/** A response of RingCentral, as the client parsed it. */
export interface CachedResponse {
  /** Epoch milliseconds: when the request was sent. */
  asOf: number;
  output: unknown;
}

/** Sealed, because it holds numbers and labels. Compressed, because a page of 1,000 numbers is close to the 400 KB that a DynamoDB item can hold. */
interface StoredResponse {
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

  async read(key: RecordKey, tableWait: WaitLimit): Promise<CachedResponse | undefined> {
    const inMemory = this.#memory.get(nameOf(key));
    if (inMemory !== undefined) return inMemory;
    try {
      const records = limitedRecords(this.#records, tableWait, { keepMs: PERMIT_WAIT_MS });
      const stored = await records.read<StoredResponse>(key);
      if (stored?.value.release !== VERSION) return undefined;
      const { asOf, sealed } = stored.value;
      const bytes = openBytes(sealed, [await this.#sealingKey()], nameOf(key));
      if (bytes === undefined) return undefined;
      const response = { asOf, output: JSON.parse(await inflate(bytes)) as unknown };
      this.#versions.set(response, stored.version);
      this.#remember(key, response);
      return response;
    } catch {
      // Damaged or unreachable: RingCentral still has the data.
      return undefined;
    }
  }

  async write(key: RecordKey, response: CachedResponse, tableWait: WaitLimit): Promise<void> {
    const replaced = this.#memory.get(nameOf(key)) ?? response;
    this.#remember(key, response);
    const { asOf, output } = response;
    try {
      const sealed = sealBytes(await deflate(JSON.stringify(output)), await this.#sealingKey(), nameOf(key));
      if (sealed.length > MAX_STORED_CHARACTERS) return;
      const value: StoredResponse = { asOf, release: VERSION, sealed };
      const records = limitedRecords(this.#records, tableWait);
      const before = this.#versions.get(replaced) ?? (await records.read(key))?.version ?? null;
      // After a lost race, the table holds another process's response, which is as good.
      const expiresAt = asOf + LONGEST_KEPT_MS;
      const version = await records.compareAndSet(key, before, value, { expiresAt });
      if (version !== undefined) this.#versions.set(response, version);
    } catch (error) {
      if (!(error instanceof StorageUnavailable || error instanceof SecretUnavailableError)) throw error;
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

function nameOf({ partition, sort }: RecordKey): string {
  return JSON.stringify([partition, sort]);
}
