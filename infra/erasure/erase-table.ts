import { randomUUID } from "node:crypto";
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { kindOf, lookAtManifest } from "./record-kinds.ts";
import type { Found, TableRecord, Target, Verdict } from "./target.ts";

export interface Table {
  client: DynamoDBClient;
  name: string;
}

/** What was erased, or would be, by kind of record, and what could not be. */
export interface Erasure {
  deleted: Record<string, number>;
  rewritten: Record<string, number>;
  /** Records that still concern the target. */
  remains: Record<string, number>;
  /** The people who were found. */
  people: string[];
}

type Item = Record<string, AttributeValue>;

/** Erases everything of the target. @param isDry only say what would be erased */
export async function eraseInTable(table: Table, target: Target, isDry: boolean): Promise<Erasure> {
  const found = await look(table, target);
  const erasure: Erasure = { deleted: {}, rewritten: {}, remains: {}, people: [...found.people] };
  const count = (counts: Record<string, number>, key: string) => {
    counts[key] = (counts[key] ?? 0) + 1;
  };
  /** Records by which others are found. They go last, so that a repetition finds what an ended command has left. */
  const last: (() => Promise<void>)[] = [];
  for await (const item of scan(table)) {
    const [kind, ids] = kindOf(recordOf(item)) ?? [];
    if (kind === undefined || ids === undefined) {
      count(erasure.remains, `${item.pk?.S} / ${item.sk?.S}, of a kind that this version does not know`);
      continue;
    }
    const judge = async (one: Item) => kind.erase(recordOf(one), ids, found, target);
    const verdict = await judge(item);
    if (verdict === "keep") continue;
    if (verdict === "remains") count(erasure.remains, kind.key);
    else count(verdict === "delete" ? erasure.deleted : erasure.rewritten, kind.key);
    if (isDry || verdict === "remains") continue;
    if (kind.look === undefined) await apply(table, item, verdict, judge);
    else last.push(() => apply(table, item, verdict, judge));
  }
  for (const erase of last) await erase();
  return erasure;
}

/** Until nothing new is found: an extension's people may be further down the table than what concerns them. */
async function look(table: Table, target: Target): Promise<Found> {
  const people = new Set(target.personId === undefined ? [] : [target.personId]);
  const found: Found = { people, grants: new Set(), snapshots: new Map(), directories: new Map() };
  const heads: TableRecord[] = [];
  for await (const item of scan(table)) {
    const record = recordOf(item);
    const [kind, ids] = kindOf(record) ?? [];
    if (kind !== undefined && ids !== undefined) await kind.look?.(record, ids, found, target);
    if (record.pk.startsWith("sync#") && record.sk === "head") heads.push(record);
  }
  for (const head of heads) await lookAtManifest(head, (pk, sk) => readRecord(table, pk, sk), found);
  return found;
}

/** Another process may write the record meanwhile: then it is judged again. */
async function apply(
  table: Table,
  item: Item,
  verdict: Exclude<Verdict, "keep" | "remains">,
  judge: (item: Item) => Promise<Verdict>,
): Promise<void> {
  for (let [current, next]: [Item, Verdict] = [item, verdict]; next !== "keep" && next !== "remains"; ) {
    try {
      await write(table, current, next);
      return;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
    const again = await readItem(table, item.pk?.S ?? "", item.sk?.S ?? "");
    if (again === undefined) return;
    [current, next] = [again, await judge(again)];
  }
}

async function write(
  { client, name }: Table,
  item: Item,
  verdict: "delete" | { value: unknown; once?: true },
) {
  const { pk, sk, version } = item;
  if (pk === undefined || sk === undefined || version === undefined) return;
  const unchanged = {
    TableName: name,
    ConditionExpression: "version = :version",
    ExpressionAttributeValues: { ":version": version },
  };
  if (verdict === "delete") {
    await client.send(new DeleteItemCommand({ ...unchanged, Key: { pk, sk } }));
    return;
  }
  const next = verdict.once ? version : { N: String(Number(version.N) + 1) };
  const value = { S: JSON.stringify(verdict.value) };
  const Item = { ...item, value, version: next, writer: { S: randomUUID() } };
  await client.send(new PutItemCommand({ ...unchanged, Item }));
}

async function* scan({ client, name }: Table): AsyncGenerator<Item> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: name,
        ConsistentRead: true,
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      }),
    );
    yield* page.Items ?? [];
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

async function readItem({ client, name }: Table, pk: string, sk: string): Promise<Item | undefined> {
  const Key = { pk: { S: pk }, sk: { S: sk } };
  const { Item } = await client.send(new GetItemCommand({ TableName: name, Key, ConsistentRead: true }));
  return Item;
}

async function readRecord(table: Table, pk: string, sk: string): Promise<TableRecord | undefined> {
  const item = await readItem(table, pk, sk);
  return item && recordOf(item);
}

function recordOf({ pk, sk, version, value }: Item): TableRecord {
  const text = value?.S ?? "null";
  return { pk: pk?.S ?? "", sk: sk?.S ?? "", version: version?.N ?? "", value: JSON.parse(text) };
}
