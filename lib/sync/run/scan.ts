import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { toPhoneNumber } from "../../numbers/company-numbers.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { listCompanyNumbers } from "../../ringcentral/api/operations.ts";
import type { WireCompanyNumber, WirePage } from "../../ringcentral/api/wire.ts";
import { withNextPage } from "../../ringcentral/api/wire-list.ts";
import { type Checkpoint, restartScan } from "./checkpoint.ts";
import { callContext, type Run, RunError, type SyncEvent, saveProgress } from "./run.ts";
import { readStaged, stage } from "./staged-pages.ts";

/** Largest page [spec: OAS]; a page of any size costs one Heavy call. */
const PAGE_SIZE = 1000;
/** A list that cannot be read to its end in this many scans is left for the next run. */
const MAX_SCANS = 3;
/** Most times that one scan goes back a page: each costs two Heavy calls. */
const MAX_STEPS_BACK = 5;

export class ListUnreadable extends RunError {
  constructor() {
    super("upstream_error", "RingCentral's list of numbers could not be read to its end.");
  }
}

type Unsteadiness = Extract<SyncEvent, { type: "scan_restarted" }>["reason"];
type Page = WirePage<WireCompanyNumber>;

/**
 * Full scan: reads the whole list from the checkpoint on. Each page is saved before the next is requested. The end is
 * where RingCentral says it is, never a short page. The list may change meanwhile: a missing number of the base is
 * looked up by its id later, and where the list became shorter, the scan goes back a page, because numbers have moved
 * from the next page to the last one. The scan restarts when the page size changes, and once when a list that did not
 * move has another count of numbers than it states.
 */
export async function scan(run: Run): Promise<void> {
  await readStaged(run, "pages");
  while (!run.checkpoint.isScanned) await scanPage(run);
  run.missing = [...run.base.byId.keys()].filter((id) => !run.numbers.has(id)).sort();
}

async function scanPage(run: Run): Promise<void> {
  const { checkpoint, numbers } = run;
  const { nextPage: page } = checkpoint;
  let { secondsPerPage } = checkpoint;
  const context = callContext(run, ({ limit, windowSeconds }) => {
    if (limit > 0) secondsPerPage = windowSeconds / limit;
  });
  const query = { page, perPage: checkpoint.perPage ?? PAGE_SIZE };
  const response = withNextPage(await run.ringcentral.call(listCompanyNumbers, { query }, context), query);
  const read = new Map(response.records.map((wire) => [wire.id, toPhoneNumber(wire)]));
  const unsteady = unsteadiness(run, response, read);
  if (unsteady !== undefined) return restart(run, unsteady);

  const pages = await stage(run, "pages", [...read.values()]);
  const { totalPages, skippedRecords = 0 } = response;
  const next: Checkpoint = {
    ...checkpoint,
    ...omitUndefined({ totalPages, secondsPerPage }),
    ...position(run, response),
    perPage: response.perPage ?? query.perPage,
    furthestPage: Math.max(page, checkpoint.furthestPage),
    pages,
    pagesRead: checkpoint.pagesRead + 1,
    numbersSeen: numbers.size,
    skipped: checkpoint.skipped + skippedRecords,
    failuresInARow: 0,
  };
  if (!next.isScanned || next.hasMoved || next.totalElements === undefined) return saveProgress(run, next);
  const miscount = numbers.size + next.skipped - next.totalElements;
  const isNews = miscount !== (run.lease.head.miscount ?? 0);
  return isNews && next.scan === 1 ? restart(run, "count") : saveProgress(run, { ...next, miscount });
}

/** Where the scan continues after this page. */
function position({ checkpoint, onEvent }: Run, { hasNextPage, totalElements: total }: Page) {
  const { runId, nextPage: page, totalElements: before, stepsBack, hasMoved } = checkpoint;
  const isShorter = page > 1 && before !== undefined && total !== undefined && total < before;
  const goesBack = isShorter && stepsBack < MAX_STEPS_BACK;
  if (goesBack) onEvent({ type: "stepped_back", runId, page });
  return {
    nextPage: goesBack ? page - 1 : page + 1,
    stepsBack: goesBack ? stepsBack + 1 : stepsBack,
    hasMoved: hasMoved || (page > 1 && total !== before),
    isScanned: !goesBack && !hasNextPage,
    ...(total !== undefined && { totalElements: total }),
  };
}

/** Why the pages do not make one list. */
function unsteadiness(
  { checkpoint: { perPage, nextPage, furthestPage }, numbers }: Run,
  response: Page,
  read: ReadonlyMap<string, PhoneNumber>,
): Unsteadiness | undefined {
  if (perPage !== undefined && (response.perPage ?? perPage) !== perPage) return "page_size";
  // A next page is announced, but this one holds nothing new: such a list might never end.
  const isReread = nextPage <= furthestPage;
  const isNew = (response.skippedRecords ?? 0) > 0 || [...read.keys()].some((id) => !numbers.has(id));
  return response.hasNextPage && !isNew && !isReread ? "no_progress" : undefined;
}

/** @throws ListUnreadable */
async function restart(run: Run, reason: Unsteadiness): Promise<void> {
  const { checkpoint } = run;
  run.onEvent({ type: "scan_restarted", runId: checkpoint.runId, reason });
  if (checkpoint.scan >= MAX_SCANS) throw new ListUnreadable();
  run.numbers = new Map();
  // The page that showed it counts too.
  const pagesRead = checkpoint.pagesRead + 1;
  await saveProgress(run, { ...restartScan(checkpoint, run.clock.now()), pagesRead });
}
