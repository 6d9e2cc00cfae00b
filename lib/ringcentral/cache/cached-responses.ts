import { VERSION } from "../../platform/version.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";

/** An answer of RingCentral, as the client parsed it. */
export interface KeptAnswer {
  /** Epoch milliseconds: when RingCentral was asked. */
  asOf: number;
  output: unknown;
}

/** Answers in the table, and those this process has seen in its memory. */
export interface KeptAnswers {
  read(key: RecordKey): Promise<KeptAnswer | undefined>;
  keep(key: RecordKey, answer: KeptAnswer): Promise<void>;
}

/** In the table: deflated, for a page of a thousand numbers is close to what a DynamoDB item can hold (400 KB). */
interface StoredAnswer {
  asOf: number;
  /** A release may parse answers differently from the one that kept them. */
  release: string;
  deflated: string;
}

const MAX_STORED_CHARACTERS = 350_000;
const MAX_IN_MEMORY = 200;

export function createKeptAnswers(records: RecordStore, longestKeptMs: number): KeptAnswers {
  const memory = new Map<string, KeptAnswer>();
  /** Of the records that answers in memory were read from or written to: what replaces them needs no reading. */
  const versions = new WeakMap<KeptAnswer, number>();
  const nameOf = ({ partition, sort }: RecordKey) => JSON.stringify([partition, sort]);

  function remember(key: RecordKey, answer: KeptAnswer): void {
    const name = nameOf(key);
    memory.delete(name);
    memory.set(name, answer);
    const [oldest] = memory.keys();
    if (memory.size > MAX_IN_MEMORY && oldest !== undefined) memory.delete(oldest);
  }

  return {
    async read(key) {
      const inMemory = memory.get(nameOf(key));
      if (inMemory !== undefined) return inMemory;
      try {
        const stored = await records.read<StoredAnswer>(key);
        if (stored?.value.release !== VERSION) return undefined;
        const { asOf, deflated } = stored.value;
        const { inflateRawSync } = await import("node:zlib");
        const output: unknown = JSON.parse(inflateRawSync(Buffer.from(deflated, "base64")).toString("utf8"));
        const answer = { asOf, output };
        versions.set(answer, stored.version);
        remember(key, answer);
        return answer;
      } catch {
        // Damaged or out of reach: RingCentral still has the answer.
        return undefined;
      }
    },

    async keep(key, answer) {
      const answered = memory.get(nameOf(key)) ?? answer;
      remember(key, answer);
      const { deflateRawSync } = await import("node:zlib");
      const deflated = deflateRawSync(JSON.stringify(answer.output)).toString("base64");
      if (deflated.length > MAX_STORED_CHARACTERS) return;
      const value: StoredAnswer = { asOf: answer.asOf, release: VERSION, deflated };
      const expiresAt = answer.asOf + longestKeptMs;
      try {
        const before = versions.get(answered) ?? (await records.read<StoredAnswer>(key))?.version ?? null;
        // Losing the race means that somebody has just kept one as good.
        const version = await records.compareAndSet(key, before, value, { expiresAt });
        if (version !== undefined) versions.set(answer, version);
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
      }
    },
  };
}
