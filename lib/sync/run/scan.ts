import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { toPhoneNumber } from "../../numbers/company-numbers.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { listCompanyNumbers } from "../../ringcentral/api/operations.ts";
import type { WireCompanyNumber, WireList } from "../../ringcentral/api/wire.ts";
import { type Checkpoint, countStaged, holders, restartScan, withStaged } from "./checkpoint.ts";
import { callContext, type Run, RunStale, saveProgress } from "./run.ts";
import { readStagedNumbers, stageNumbers } from "./staged-pages.ts";
import type { SyncEvent } from "./sync-events.ts";

/** Largest page [spec: OAS]; a page of any size costs one Heavy call. */
const PAGE_SIZE = 1000;
/** A list that changes during this many scans in a row is left for the next run. */
const MAX_SCANS = 3;

/** The list changed each time while it was read. */
export class ListUnsteady extends Error {
  constructor() {
    super(`the list changed during each of ${MAX_SCANS} scans`);
    this.name = "ListUnsteady";
  }
}

type Unsteadiness = Extract<SyncEvent, { type: "scan_restarted" }>["reason"];
type Page = WireList<WireCompanyNumber>;

/**
 * Full scan: reads the whole list from the checkpoint on. Each page is saved before the next is requested, and then
 * never read again. The end is where RingCentral says it is, never a short page. The list has to stay the same: when
 * its stated size or the page size changes, or the pages hold fewer distinct numbers than stated, the scan restarts.
 * @throws ListUnsteady, Interrupted, RunStale, LeaseLost, RingCentralError, StorageUnavailable
 */
export async function scan(run: Run): Promise<void> {
  await readStaged(run);
  while (!run.checkpoint.isScanned) await scanPage(run);
  run.missing = [...run.base.places.keys()].filter((id) => !run.numbers.has(id)).sort();
}

async function scanPage(run: Run): Promise<void> {
  const { checkpoint, numbers, lease } = run;
  const page = countStaged(checkpoint.pages) + 1;
  let { secondsPerPage } = checkpoint;
  const context = callContext(run, ({ limit, windowSeconds }) => {
    if (limit > 0) secondsPerPage = windowSeconds / limit;
  });
  const query = { page, perPage: checkpoint.perPage ?? PAGE_SIZE };
  const response = await run.ringcentral.call(listCompanyNumbers, { query }, context);
  const read = new Map(response.records.map((wire) => [wire.id, toPhoneNumber(wire)]));
  const unsteady = unsteadiness(run, page, response, read);
  if (unsteady !== undefined) return restart(run, page, unsteady);

  const name = pageName(checkpoint, page, lease.generation);
  for (const number of await stageNumbers(run, name, [...read.values()])) numbers.set(number.id, number);
  const { totalElements, totalPages, skippedRecords = 0 } = response;
  const next: Checkpoint = {
    ...checkpoint,
    ...omitUndefined({ totalElements, totalPages, secondsPerPage }),
    perPage: response.perPage ?? query.perPage,
    pages: withStaged(checkpoint.pages, lease.generation),
    numbersSeen: numbers.size,
    skipped: checkpoint.skipped + skippedRecords,
    isScanned: !response.hasNextPage,
    trouble: 0,
  };
  const stated = next.totalElements;
  const isShort = stated !== undefined && numbers.size + next.skipped !== stated;
  return next.isScanned && isShort ? restart(run, page, "count") : saveProgress(run, next);
}

/** Why this page belongs to another state of the list than the pages before, as far as that shows. */
function unsteadiness(
  { checkpoint: { perPage, totalElements }, numbers }: Run,
  page: number,
  response: Page,
  read: ReadonlyMap<string, PhoneNumber>,
): Unsteadiness | undefined {
  if (page > 1) {
    if (perPage !== undefined && (response.perPage ?? perPage) !== perPage) return "page_size";
    if (response.totalElements !== totalElements) return "total";
  }
  // A next page is announced, but this one holds nothing new: such a list might never end.
  const isNew = (response.skippedRecords ?? 0) > 0 || [...read.keys()].some((id) => !numbers.has(id));
  return response.hasNextPage && !isNew ? "no_progress" : undefined;
}

/** @throws ListUnsteady */
async function restart(run: Run, pagesRead: number, reason: Unsteadiness): Promise<void> {
  const { checkpoint } = run;
  run.onEvent({ type: "scan_restarted", runId: checkpoint.runId, reason });
  if (checkpoint.scan >= MAX_SCANS) throw new ListUnsteady();
  run.numbers = new Map();
  await saveProgress(run, restartScan(checkpoint, pagesRead, run.clock.now()));
}

async function readStaged(run: Run): Promise<void> {
  for (const [index, generation] of holders(run.checkpoint.pages).entries()) {
    const page = await readStagedNumbers(run, pageName(run.checkpoint, index + 1, generation));
    if (page === undefined) throw new RunStale("stage_lost");
    for (const number of page) run.numbers.set(number.id, number);
  }
}

/** Contains the holder: a late write of a former holder is never mistaken for this holder's page. */
const pageName = ({ scan }: Checkpoint, page: number, generation: number) => `${scan}.${page}.${generation}`;
