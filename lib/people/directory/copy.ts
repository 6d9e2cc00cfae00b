import { createHash, createHmac } from "node:crypto";
import { compress, decompress } from "../../platform/compression.ts";
import { type PackedIds, packIds, unpackIds } from "../../platform/packed-ids.ts";
import type { RecordKey, RecordStore, StoredRecord } from "../../storage/record-store.ts";
import type { PeopleSeal } from "../keys.ts";
import { foldAscii } from "../match-email.ts";
import type { DirectoryEntry } from "./entry.ts";

/** More e-mails than these are not told apart: the head, which every process reads, stays small. */
const MAX_CHANGED_EMAILS = 1_000;
/** Mean count of entries in a chunk: 500 sealed entries take about 60 KB of the 400 KB that an item may have. */
const CHUNK_ENTRIES = 500;

/**
 * The copy of one account's directory: readers see what the head names. The head alone says which extensions are
 * enabled, so that one read of it is enough to check a caller; names and e-mails are in the sealed chunks.
 */
export interface DirectoryHead {
  /** RingCentral's, of the whole list. Absent: the next reading is unconditional. */
  etag?: string;
  /** Epoch milliseconds: the start of the last reading that found this. It only grows. */
  checkedAt: number;
  total: number;
  chunks: { key: string; mac: string }[];
  /** Chunks of the copy before: readers of its head may still need them. The next copy removes them. */
  dropped: string[];
  /** Names the key that sealed the chunks. */
  sealedWith: string;
  /** `ExtensionStates`, compressed. */
  states: string;
}

export interface ExtensionStates {
  /** Ids by RingCentral's status. */
  ids: Record<string, string[]>;
  /** Epoch milliseconds: when an extension got its e-mail, unless that was in the first copy. */
  emailSince: Record<string, number>;
  /** Epoch milliseconds: before this, no e-mail can be compared with the present one. */
  allSince?: number;
}

const at = (accountId: string, sort: string): RecordKey => ({ partition: `directory#${accountId}`, sort });

export const readHead = (records: RecordStore, accountId: string) =>
  records.read<DirectoryHead>(at(accountId, "head"));

type StoredStates = Omit<ExtensionStates, "ids"> & { ids: Record<string, PackedIds> };

export async function readStates({ states }: Pick<DirectoryHead, "states">): Promise<ExtensionStates> {
  const { ids, ...more }: StoredStates = JSON.parse(await decompress(states));
  const lists = Object.entries(ids).map(([status, packed]) => [status, unpackIds(packed)]);
  return { ids: Object.fromEntries(lists), ...more };
}

function storedStates({ ids, ...more }: ExtensionStates): StoredStates {
  const packed = Object.entries(ids).map(([status, list]) => [status, packIds(list)]);
  return { ids: Object.fromEntries(packed), ...more };
}

/** @returns undefined when a chunk is gone or its key is: another process has replaced the copy, or will */
export async function readEntries(
  records: RecordStore,
  accountId: string,
  seal: PeopleSeal,
  { chunks }: DirectoryHead,
): Promise<DirectoryEntry[] | undefined> {
  const lists = await Promise.all(
    chunks.map(async ({ key }): Promise<DirectoryEntry[] | undefined> => {
      const stored = await records.read<{ sealed: string }>(at(accountId, key));
      const opened = stored && (await seal.open(stored.value.sealed, key));
      return opened === undefined ? undefined : JSON.parse(await decompress(opened));
    }),
  );
  const complete = lists.flatMap((list) => list ?? []);
  return lists.includes(undefined) ? undefined : complete.sort(byId);
}

/** Ids are decimal: the shorter one is the smaller. */
export const byId = ({ id: a }: DirectoryEntry, { id: b }: DirectoryEntry) =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/** Whether the head was confirmed by a reading that began no earlier. @returns false when another process was first */
export async function confirmHead(
  records: RecordStore,
  accountId: string,
  { value, version }: StoredRecord<DirectoryHead>,
  checkedAt: number,
): Promise<boolean> {
  const next = { ...value, checkedAt };
  return (await records.compareAndSet(at(accountId, "head"), version, next)) !== undefined;
}

interface NewCopy {
  /** Makes the names of chunks unique. */
  nonce: () => string;
  entries: readonly DirectoryEntry[];
  etag?: string | undefined;
  /** Start of the reading. */
  checkedAt: number;
  /** The entries that `before` names; undefined when they cannot be read. */
  known?: readonly DirectoryEntry[] | undefined;
}

/**
 * Writes the chunks that differ from the former copy's, then the head, then removes those that no reader needs any more.
 * @param before the head as read
 * @returns false when another process was first: nothing that it names is touched
 */
export async function writeCopy(
  records: RecordStore,
  accountId: string,
  seal: PeopleSeal,
  before: StoredRecord<DirectoryHead> | undefined,
  { entries, etag, checkedAt, known: formerEntries, nonce }: NewCopy,
): Promise<boolean> {
  const key = await seal.key();
  const byMac = new Map(before?.value.chunks.map((chunk) => [chunk.mac, chunk]));
  const chunks = await Promise.all(
    cut(entries).map(async (list) => {
      const text = JSON.stringify(list);
      const mac = createHmac("sha256", key).update(text).digest("base64url");
      const same = byMac.get(mac);
      if (same !== undefined) return same;
      // Unique, so that no process removes a chunk that another one's head names.
      const sort = `chunk#${nonce()}`;
      const sealed = await seal.seal(await compress(text), sort);
      await records.compareAndSet(at(accountId, sort), null, { sealed });
      return { key: sort, mac };
    }),
  );
  const states = await compress(
    JSON.stringify(storedStates(await nextStates(before?.value, entries, formerEntries, checkedAt))),
  );
  const former = before?.value.chunks.map((chunk) => chunk.key) ?? [];
  const present = new Set(chunks.map((chunk) => chunk.key));
  const head: DirectoryHead = {
    ...(etag !== undefined && { etag }),
    checkedAt,
    total: entries.length,
    chunks,
    dropped: former.filter((sort) => !present.has(sort)),
    sealedWith: keyName(key),
    states,
  };
  const version = await records.compareAndSet(at(accountId, "head"), before?.version ?? null, head);
  const isOurs = version !== undefined;
  // Of another process's copy nothing is removed, only what was written here in vain.
  const vain = [...present].filter((sort) => !former.includes(sort));
  await removeChunks(records, accountId, isOurs ? (before?.value.dropped ?? []) : vain);
  return isOurs;
}

/** A chunk left behind costs storage only. */
async function removeChunks(
  records: RecordStore,
  accountId: string,
  sorts: readonly string[],
): Promise<void> {
  await Promise.allSettled(sorts.map((sort) => records.remove(at(accountId, sort), 1)));
}

/** An entry's id decides its chunk, so that a change of one entry changes one chunk. */
function cut(entries: readonly DirectoryEntry[]): DirectoryEntry[][] {
  const count = 2 ** Math.ceil(Math.log2(Math.max(1, entries.length / CHUNK_ENTRIES)));
  const chunks: DirectoryEntry[][] = Array.from({ length: count }, () => []);
  for (const entry of [...entries].sort(byId)) {
    const place = createHash("sha256").update(entry.id).digest().readUInt16BE() % count;
    chunks[place]?.push(entry);
  }
  return chunks.filter((chunk) => chunk.length > 0);
}

/** Who is who may have changed where an e-mail has: `identify` then compares e-mails again. */
async function nextStates(
  before: DirectoryHead | undefined,
  entries: readonly DirectoryEntry[],
  former: readonly DirectoryEntry[] | undefined,
  checkedAt: number,
): Promise<ExtensionStates> {
  const ids: Record<string, string[]> = {};
  for (const { id, status } of entries) {
    const list = ids[status] ?? [];
    list.push(id);
    ids[status] = list;
  }
  if (before === undefined) return { ids, emailSince: {} };
  if (former === undefined) return { ids, emailSince: {}, allSince: checkedAt };
  const { emailSince: since, allSince } = await readStates(before);
  const emails = new Map(former.map(({ id, email = "" }) => [id, foldAscii(email)]));
  const emailSince = entries.flatMap(({ id, email = "" }) => {
    const instant = emails.get(id) === foldAscii(email) ? since[id] : checkedAt;
    return instant === undefined ? [] : [[id, instant] as const];
  });
  if (emailSince.length > MAX_CHANGED_EMAILS) return { ids, emailSince: {}, allSince: checkedAt };
  return {
    ids,
    emailSince: Object.fromEntries(emailSince),
    ...(allSince !== undefined && { allSince }),
  };
}

export const keyName = (key: Uint8Array) =>
  createHmac("sha256", key).update("name").digest("base64url").slice(0, 8);
