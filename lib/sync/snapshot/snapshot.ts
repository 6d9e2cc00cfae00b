import * as z from "zod/mini";
import type { PhoneNumber } from "../../contract/company-numbers.ts";
import type { Page, PageRequest } from "../../contract/paging.ts";
import { ProblemError } from "../../contract/problems.ts";
import { type CompanyNumbersFilter, numberFilter } from "../../numbers/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { type Head, readHead } from "./head.ts";
import {
  type ChunkEntry,
  ITERATION_LIFETIME_MS,
  readChunk,
  readChunks,
  readManifest,
} from "./snapshot-store.ts";
import { SyncRecords } from "./sync-records.ts";

/** Position of an iteration over one version. */
const snapshotPosition = z.object({
  version: z.number(),
  runId: z.string(),
  /** Epoch milliseconds. */
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

/**
 * A page of the numbers as of the last sync, in the order of the numbers. An iteration stays with the version it began
 * with. With cached chunks, the first page costs two small reads of the table and each further page one. Without, the
 * chunks of the page are read too; the first page of a filtered iteration reads all chunks, to count.
 * @returns undefined when there is no snapshot yet
 * @throws ProblemError `cursor_expired` one day after the iteration began; StorageUnavailable
 */
export async function readSnapshotPage(
  deps: { records: RecordStore; now: () => number },
  request: { accountId: string; filter: CompanyNumbersFilter; page: PageRequest },
): Promise<Page<PhoneNumber> | undefined> {
  const { limit, position } = request.page;
  const records = new SyncRecords(deps.records, request.accountId);
  const now = deps.now();
  const parsed = position && snapshotPosition.safeParse(position);
  const from: SnapshotPosition | undefined =
    parsed === undefined ? snapshotStart(await readHead(records), now) : parsed.data;
  if (parsed === undefined && from === undefined) return undefined;
  // Positions are signed, so an unknown shape comes from another release.
  if (from === undefined || now - from.startedAt > ITERATION_LIFETIME_MS) throw expired();
  const manifest = await readManifest(records, from);
  if (manifest === undefined) throw expired();
  const hasFilter = Object.values(request.filter).some((value) => value !== undefined);
  const fits = hasFilter ? numberFilter(request.filter) : undefined;
  const list = { records, chunks: manifest.chunks, fits };
  const total = from.total ?? (await countFitting(list));
  const { items, ...reached } = await collect(list, from, Math.min(limit, total - from.seen));
  const seen = from.seen + items.length;
  return {
    items,
    ...(seen < total && { next: { ...from, ...reached, total, seen } }),
    total,
    source: "snapshot",
    asOf: from.asOf,
  };
}

/** Start of an iteration over exactly the head's version; undefined without a version. */
export function snapshotStart(
  { version, latest, checkedAt }: Head,
  now: number,
): Omit<SnapshotPosition, "total"> | undefined {
  if (latest === undefined) return undefined;
  return { version, runId: latest.runId, startedAt: now, asOf: checkedAt, chunk: 0, offset: 0, seen: 0 };
}

const expired = () => new ProblemError("cursor_expired");

interface FilteredList {
  records: SyncRecords;
  chunks: readonly ChunkEntry[];
  /** Absent: every number fits. */
  fits: ((number: PhoneNumber) => boolean) | undefined;
}

async function countFitting({ records, chunks, fits }: FilteredList): Promise<number> {
  if (fits === undefined) return chunks.reduce((sum, { count }) => sum + count, 0);
  const numbers = await readChunks(records, chunks);
  if (numbers === undefined) throw expired();
  return numbers.filter(fits).length;
}

/** The next `wanted` numbers that fit, and the position after them. */
async function collect(
  { records, chunks, fits }: FilteredList,
  { chunk, offset }: { chunk: number; offset: number },
  wanted: number,
): Promise<{ items: PhoneNumber[]; chunk: number; offset: number }> {
  const items: PhoneNumber[] = [];
  while (items.length < wanted) {
    const entry = chunks[chunk];
    const list = entry && (await readChunk(records, entry.key));
    if (list === undefined) throw expired();
    for (; offset < list.length && items.length < wanted; offset += 1) {
      const number = list[offset];
      if (number !== undefined && fits?.(number) !== false) items.push(number);
    }
    if (offset === list.length) [chunk, offset] = [chunk + 1, 0];
  }
  return { items, chunk, offset };
}
