import * as z from "zod/mini";
import type { PhoneNumber } from "../../contract/company-numbers.ts";
import type { Page, PageRequest, Position } from "../../contract/paging.ts";
import { ProblemError } from "../../contract/problems.ts";
import { type CompanyNumbersFilter, fitsFilter } from "../../numbers/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type ChunkEntry, readChunk, readChunks, readHead, readManifest } from "./snapshot-store.ts";
import { type Head, ITERATION_LIFETIME_MS } from "./sync-records.ts";

/** Where a walk of one version goes on. */
const snapshotPosition = z.object({
  version: z.number(),
  runId: z.string(),
  /** Epoch milliseconds; a walk ends at its latest a day later. */
  startedAt: z.number(),
  /** Epoch milliseconds: of the sweep that proved the version, as it was known when the walk began. */
  asOf: z.number(),
  /** Of the chunk within the manifest, and of the number within the chunk. */
  chunk: z.number(),
  offset: z.number(),
  /** How many numbers fit the filter; absent until they have been counted. */
  total: z.optional(z.number()),
  /** How many of them have been answered. */
  seen: z.number(),
});
type SnapshotPosition = z.output<typeof snapshotPosition>;

export interface SnapshotReadDeps {
  records: RecordStore;
  now: () => number;
}

/**
 * A page of the numbers as of the last sync, in the order of the numbers. A walk stays with the version it began with.
 * Costs, with the chunks in this process's memory: two small reads of the table for a first page, one for each other;
 * without: the chunks the page touches too, and all of them for the first page of a filtered walk, which counts.
 * @returns undefined when there is no snapshot yet
 * @throws ProblemError `cursor_expired` a day after the walk began; StorageUnavailable
 */
export async function readSnapshotPage(
  { records, now }: SnapshotReadDeps,
  {
    accountId,
    filter,
    page: { limit, position },
  }: { accountId: string; filter: CompanyNumbersFilter; page: PageRequest },
): Promise<Page<PhoneNumber> | undefined> {
  const from = position === undefined ? await newWalk(records, accountId, now()) : parsePosition(position);
  if (from === undefined) return undefined;
  if (now() - from.startedAt > ITERATION_LIFETIME_MS) throw new ProblemError("cursor_expired");
  const manifest = await readManifest(records, accountId, from.version, from.runId);
  if (manifest === undefined) throw new ProblemError("cursor_expired");
  const walk: Walk = { records, accountId, chunks: manifest.chunks, filter: withoutAbsent(filter) };
  const total = from.total ?? (await countFitting(walk));
  const { items, chunk, offset } = await collect(walk, from, Math.min(limit, total - from.seen));
  const seen = from.seen + items.length;
  return {
    items,
    ...(seen < total && { next: { ...from, chunk, offset, total, seen } }),
    total,
    source: "snapshot",
    asOf: from.asOf,
  };
}

/** Epoch milliseconds: when the last sweep began that was seen through; undefined before the first. */
export async function scannedAt(
  { records }: { records: RecordStore },
  accountId: string,
): Promise<number | undefined> {
  const { head } = await readHead(records, accountId);
  return head.latest && head.checkedAt;
}

/** Where the walk of exactly the head's version begins; undefined without one. */
export function snapshotStart(
  { version, latest, checkedAt }: Head,
  now: number,
): Omit<SnapshotPosition, "total"> | undefined {
  if (latest === undefined) return undefined;
  return { version, runId: latest.runId, startedAt: now, asOf: checkedAt, chunk: 0, offset: 0, seen: 0 };
}

async function newWalk(
  records: RecordStore,
  accountId: string,
  now: number,
): Promise<SnapshotPosition | undefined> {
  return snapshotStart((await readHead(records, accountId)).head, now);
}

/** The edge hands back only what it sealed, so another shape is that of another release. */
function parsePosition(position: Position): SnapshotPosition {
  const parsed = snapshotPosition.safeParse(position);
  if (!parsed.success) throw new ProblemError("cursor_expired");
  return parsed.data;
}

interface Walk {
  records: RecordStore;
  accountId: string;
  chunks: readonly ChunkEntry[];
  /** Undefined: all fit. */
  filter: CompanyNumbersFilter | undefined;
}

function withoutAbsent(filter: CompanyNumbersFilter): CompanyNumbersFilter | undefined {
  return Object.values(filter).every((value) => value === undefined) ? undefined : filter;
}

async function countFitting({ records, accountId, chunks, filter }: Walk): Promise<number> {
  if (filter === undefined) return chunks.reduce((sum, { count }) => sum + count, 0);
  const lists = await readChunks(records, accountId, chunks);
  if (lists === undefined) throw new ProblemError("cursor_expired");
  let total = 0;
  for (const list of lists) for (const number of list) if (fitsFilter(number, filter)) total += 1;
  return total;
}

/** The next `wanted` numbers that fit, and where the walk goes on after them. */
async function collect(
  { records, accountId, chunks, filter }: Walk,
  from: { chunk: number; offset: number },
  wanted: number,
): Promise<{ items: PhoneNumber[]; chunk: number; offset: number }> {
  const items: PhoneNumber[] = [];
  let { chunk, offset } = from;
  while (items.length < wanted) {
    const entry = chunks[chunk];
    const list = entry && (await readChunk(records, accountId, entry));
    if (list === undefined) throw new ProblemError("cursor_expired");
    for (; offset < list.length && items.length < wanted; offset += 1) {
      const number = list[offset];
      if (number !== undefined && (filter === undefined || fitsFilter(number, filter))) items.push(number);
    }
    if (offset === list.length) [chunk, offset] = [chunk + 1, 0];
  }
  return { items, chunk, offset };
}
