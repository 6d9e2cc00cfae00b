import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { toPhoneNumber } from "../../numbers/company-numbers.ts";
import { listCompanyNumbers } from "../../ringcentral/api/operations.ts";
import type { WireCompanyNumber, WireList } from "../../ringcentral/api/wire.ts";
import { callContext, type RunContext, RunStale } from "./run-context.ts";
import { type Checkpoint, countStaged, type StagedBy, withStaged } from "./run-lease.ts";
import { stagedNumbers, stageNumbers } from "./staged-pages.ts";
import type { SyncEvent } from "./sync-events.ts";

/** The most a page holds [spec: OAS]; a page costs one Heavy call whatever it holds. */
const PAGE_SIZE = 1000;
/** A list that changes during so many sweeps in a row is left for the next run. */
const MAX_SWEEPS = 3;

/** The account's list as one sweep saw it, whole. */
export interface Swept {
  checkpoint: Checkpoint;
  numbers: Map<string, PhoneNumber>;
}

/** The list did not hold still for as long as it takes to read it. */
export class ListUnsteady extends Error {
  constructor() {
    super(`the list changed during each of ${MAX_SWEEPS} sweeps`);
    this.name = "ListUnsteady";
  }
}

type Unsteadiness = Extract<SyncEvent, { type: "sweep_again" }>["reason"];

/**
 * Reads the whole list from the checkpoint on; each page is written down before the next is asked for, and then never
 * read again. The end is where RingCentral says it is, never a short page. The list must hold still meanwhile: when
 * its stated size or the page size changes, or the pages do not hold as many distinct numbers as stated, it is read
 * again from the start.
 * @throws ListUnsteady, Interrupted, RunStale, LeaseLost, RingCentralError, StorageUnavailable
 */
export async function sweep(run: RunContext, from: Checkpoint): Promise<Swept> {
  let checkpoint = from;
  let numbers = await readStaged(run, checkpoint);
  while (!checkpoint.isSwept) {
    const page = countStaged(checkpoint.pages) + 1;
    let secondsPerPage = checkpoint.secondsPerPage;
    const context = callContext(run, ({ limit, windowSeconds }) => {
      if (limit > 0) secondsPerPage = windowSeconds / limit;
    });
    const query = { page, perPage: checkpoint.perPage ?? PAGE_SIZE };
    const answer = await run.ringcentral.call(listCompanyNumbers, { query }, context);
    const read = new Map(answer.records.map((wire) => [wire.id, toPhoneNumber(wire)]));
    const unsteady = unsteadiness(checkpoint, page, answer, read, numbers);
    if (unsteady !== undefined) {
      [checkpoint, numbers] = [await again(run, checkpoint, page, unsteady), new Map()];
      continue;
    }
    const name = pageName(checkpoint, page, run.lease.generation);
    for (const number of await stageNumbers(run.stage, name, [...read.values()]))
      numbers.set(number.id, number);
    const next: Checkpoint = {
      ...checkpoint,
      perPage: answer.perPage ?? query.perPage,
      ...(answer.totalElements !== undefined && { totalElements: answer.totalElements }),
      ...(answer.totalPages !== undefined && { totalPages: answer.totalPages }),
      ...(secondsPerPage !== undefined && { secondsPerPage }),
      pages: withStaged(checkpoint.pages, run.lease.generation),
      numbersSeen: numbers.size,
      skipped: checkpoint.skipped + (answer.skippedRecords ?? 0),
      isSwept: !answer.hasNextPage,
      trouble: 0,
    };
    const { totalElements, skipped } = next;
    if (next.isSwept && totalElements !== undefined && numbers.size + skipped !== totalElements) {
      [checkpoint, numbers] = [await again(run, checkpoint, page, "count"), new Map()];
      continue;
    }
    checkpoint = next;
    await run.lease.save(checkpoint);
    run.onProgress(checkpoint);
  }
  return { checkpoint, numbers };
}

/** Why this page is not of the same list as those before, as far as that shows. */
function unsteadiness(
  before: Checkpoint,
  page: number,
  answer: WireList<WireCompanyNumber>,
  read: ReadonlyMap<string, unknown>,
  known: ReadonlyMap<string, unknown>,
): Unsteadiness | undefined {
  if (page > 1) {
    if (before.perPage !== undefined && (answer.perPage ?? before.perPage) !== before.perPage)
      return "page_size";
    if (answer.totalElements !== before.totalElements) return "total";
  }
  // More to come, and nothing new here: following that could go on for ever.
  const isNew = (answer.skippedRecords ?? 0) > 0 || [...read.keys()].some((id) => !known.has(id));
  return answer.hasNextPage && !isNew ? "no_progress" : undefined;
}

/** @throws ListUnsteady */
async function again(
  run: RunContext,
  checkpoint: Checkpoint,
  pagesRead: number,
  reason: Unsteadiness,
): Promise<Checkpoint> {
  run.onEvent({ type: "sweep_again", runId: checkpoint.runId, reason });
  if (checkpoint.sweep >= MAX_SWEEPS) throw new ListUnsteady();
  const { perPage: _p, totalElements: _e, totalPages: _t, ...rest } = checkpoint;
  const restarted: Checkpoint = {
    ...rest,
    sweep: checkpoint.sweep + 1,
    sweepStartedAt: run.clock.now(),
    pagesBefore: checkpoint.pagesBefore + pagesRead,
    isSwept: false,
    numbersSeen: 0,
    skipped: 0,
    pages: [],
    lookups: [],
    trouble: 0,
  };
  await run.lease.save(restarted);
  return restarted;
}

async function readStaged(run: RunContext, checkpoint: Checkpoint): Promise<Map<string, PhoneNumber>> {
  const numbers = new Map<string, PhoneNumber>();
  for (const [index, generation] of holders(checkpoint.pages).entries()) {
    const page = await stagedNumbers(run.stage, pageName(checkpoint, index + 1, generation));
    if (page === undefined) throw new RunStale("stage_lost");
    for (const number of page) numbers.set(number.id, number);
  }
  return numbers;
}

/** The holder that staged each. */
export function holders(staged: readonly StagedBy[]): number[] {
  return staged.flatMap(([generation, count]) => Array.from({ length: count }, () => generation));
}

/** With the holder in it: what a former one still writes is never mistaken for what a later one read. */
const pageName = ({ sweep }: Checkpoint, page: number, generation: number) =>
  `${sweep}.${page}.${generation}`;
