import { DatabaseSync } from "node:sqlite";
import type { RecordKey, RecordStore, StoredRecord, WriteOptions } from "../../lib/storage/record-store.ts";

/** What a kind of records has come to. */
export interface KindCount {
  kind: string;
  count: number;
  /** Records that are never deleted by themselves. */
  lasting: number;
}

/**
 * The table, outside the JavaScript heap that the soak measures. Semantics as in test/support/memory-record-store.ts.
 */
export class SoakTable implements RecordStore {
  readonly #db = new DatabaseSync(":memory:");
  readonly #read;
  readonly #insert;
  readonly #update;
  readonly #remove;
  /** Of each hundred calls, how many fail. */
  failures = 0;

  constructor() {
    this.#db.exec(
      "CREATE TABLE t (pk TEXT, sk TEXT, version INT, json TEXT, ends INT, PRIMARY KEY (pk, sk)) WITHOUT ROWID",
    );
    this.#read = this.#db.prepare("SELECT version, json FROM t WHERE pk = ? AND sk = ?");
    this.#insert = this.#db.prepare("INSERT OR IGNORE INTO t VALUES (?, ?, 1, ?, ?)");
    this.#update = this.#db.prepare(
      "UPDATE t SET version = version + 1, json = ?, ends = ? WHERE pk = ? AND sk = ? AND version = ?",
    );
    this.#remove = this.#db.prepare("DELETE FROM t WHERE pk = ? AND sk = ? AND version = ?");
  }

  async read<Value>({ partition, sort }: RecordKey): Promise<StoredRecord<Value> | undefined> {
    const row = this.#read.get(partition, sort);
    return row && { value: JSON.parse(String(row.json)), version: Number(row.version) };
  }

  async compareAndSet<Value>(
    { partition, sort }: RecordKey,
    expected: number | null,
    value: Value,
    { expiresAt }: WriteOptions = {},
  ): Promise<number | undefined> {
    const json = JSON.stringify(value);
    const ends = expiresAt === undefined ? null : Math.round(expiresAt);
    const { changes } =
      expected === null
        ? this.#insert.run(partition, sort, json, ends)
        : this.#update.run(json, ends, partition, sort, expected);
    return Number(changes) === 1 ? (expected ?? 0) + 1 : undefined;
  }

  async remove({ partition, sort }: RecordKey, expected: number): Promise<boolean> {
    return Number(this.#remove.run(partition, sort, expected).changes) === 1;
  }

  ready = async (): Promise<void> => {};

  get size(): number {
    return Number(this.#db.prepare("SELECT count(*) n FROM t").get()?.n);
  }

  /** As DynamoDB's TTL does. @returns how many were deleted */
  deleteExpired(now: number): number {
    return Number(this.#db.prepare("DELETE FROM t WHERE ends <= ?").run(now).changes);
  }

  /** By the first part of both keys. */
  kinds(): KindCount[] {
    const first = (name: string) => `substr(${name}, 1, instr(${name} || '#', '#') - 1)`;
    const rows = this.#db
      .prepare(
        `SELECT ${first("pk")} || ' / ' || ${first("sk")} kind, count(*) n, sum(ends IS NULL) lasting FROM t GROUP BY 1 ORDER BY 1`,
      )
      .all();
    return rows.map(({ kind, n, lasting }) => ({
      kind: String(kind),
      count: Number(n),
      lasting: Number(lasting),
    }));
  }
}
