import * as z from "zod/mini";
import type { PhoneNumber } from "../../contract/company-numbers.ts";
import type { Page, PageRequest, Position } from "../../contract/paging.ts";
import { ProblemError } from "../../contract/problems.ts";
import { type CompanyNumbersFilter, fitsFilter } from "../../numbers/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type ChunkEntry, readChunk, readChunks, readHead, readManifest } from "./snapshot-store.ts";
import { type Head, ITERATION_LIFETIME_MS } from "./sync-records.ts";

/** Position of an iteration over one version. */
const snapshotPosition = z.object({
  version: z.number(),
  runId: z.string(),
  /** Epoch milliseconds; an iteration may last one day. */
  startedAt: z.number(),
  /** Epoch milliseconds: the full scan that confirmed the version, as known when the iteration began. */
  asOf: z.number(),
  /** Index of the chunk in the manifest, and of the number in the chunk. */
  chunk: z.number(),
  offset: z.number(),
  /** Count of numbers that fit the filter; absent until counted. */
  total: z.optional(z.number()),
  /** Count of those already returned. */
  seen: z.number(),
});
type SnapshotPosition = z.output<typeof snapshotPosition>;

interface SnapshotReadDeps {
  records: RecordStore;
  now: () => number;
}

/**
 * A page of the numbers as of the last sync, in the order of the numbers. An iteration stays with the version it began
 * with. With cached chunks, the first page costs two small reads of the table and each further page one. Without, the
 * chunks of the page are read too; the first page of a filtered iteration reads all chunks, to count.
 * @returns undefined when there is no snapshot yet
 * @throws ProblemError `cursor_expired` one day after the iteration began; StorageUnavailable
 */
export async function readSnapshotPage(
  { records, now }: SnapshotReadDeps,
  {
    accountId,
    filter,
    page: { limit, position },
  }: { accountId: string; filter: CompanyNumbersFilter; page: PageRequest },
): Promise<Page<PhoneNumber> | undefined> {
  const from =
    position === undefined ? await newIteration(records, accountId, now()) : parsePosition(position);
  if (from === undefined) return undefined;
  if (now() - from.startedAt > ITERATION_LIFETIME_MS) throw new ProblemError("cursor_expired");
  const manifest = await readManifest(records, accountId, from.version, from.runId);
  if (manifest === undefined) throw new ProblemError("cursor_expired");
  const iteration: Iteration = {
    records,
    accountId,
    chunks: manifest.chunks,
    filter: isEmpty(filter) ? undefined : filter,
  };
  const total = from.total ?? (await countFitting(iteration));
  const { items, chunk, offset } = await collect(iteration, from, Math.min(limit, total - from.seen));
  const seen = from.seen + items.length;
  return {
    items,
    ...(seen < total && { next: { ...from, chunk, offset, total, seen } }),
    total,
    source: "snapshot",
    asOf: from.asOf,
  };
}

/** Epoch milliseconds: start of the last complete full scan; undefined before the first. */
export async function scannedAt(
  { records }: { records: RecordStore },
  accountId: string,
): Promise<number | undefined> {
  const head = await readHead(records, accountId);
  return head.latest && head.checkedAt;
}

/** Start of an iteration over exactly the head's version; undefined without a version. */
export function snapshotStart(
  { version, latest, checkedAt }: Head,
  now: number,
): Omit<SnapshotPosition, "total"> | undefined {
  if (latest === undefined) return undefined;
  return { version, runId: latest.runId, startedAt: now, asOf: checkedAt, chunk: 0, offset: 0, seen: 0 };
}

async function newIteration(
  records: RecordStore,
  accountId: string,
  now: number,
): Promise<SnapshotPosition | undefined> {
  return snapshotStart(await readHead(records, accountId), now);
}

/** Cursors are signed, so an unknown shape comes from another release. */
function parsePosition(position: Position): SnapshotPosition {
  const parsed = snapshotPosition.safeParse(position);
  if (!parsed.success) throw new ProblemError("cursor_expired");
  return parsed.data;
}

interface Iteration {
  records: RecordStore;
  accountId: string;
  chunks: readonly ChunkEntry[];
  /** Undefined: every number fits. */
  filter: CompanyNumbersFilter | undefined;
}

const isEmpty = (filter: CompanyNumbersFilter) => Object.values(filter).every((value) => value === undefined);

async function countFitting({ records, accountId, chunks, filter }: Iteration): Promise<number> {
  if (filter === undefined) return chunks.reduce((sum, { count }) => sum + count, 0);
  const lists = await readChunks(records, accountId, chunks);
  if (lists === undefined) throw new ProblemError("cursor_expired");
  let total = 0;
  for (const list of lists) for (const number of list) if (fitsFilter(number, filter)) total += 1;
  return total;
}

/** The next `wanted` numbers that fit, and the position after them. */
async function collect(
  { records, accountId, chunks, filter }: Iteration,
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
