import { VirtualTime } from "../support/virtual-time.ts";
import { createRandom } from "../twin/random.ts";
import { SEED } from "../twin/twin.ts";
import { collectedHeapMb, entriesInProcess } from "./heap.ts";
import { Load, type Tally } from "./load.ts";
import type { KindCount } from "./table.ts";
import { createWorld, type SoakProcess, startProcess, type World } from "./world.ts";

/** Of the simulated time; the second half is judged. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
/** Requests that begin in a second of the first half: enough to fill the caches of a fleet of four. */
const FILLING_RATE = 8;

export interface Sample {
  minute: number;
  heapMb: number;
  handles: number;
  records: number;
}

export interface Hour {
  processes: number;
  tally: Tally;
  samples: Sample[];
  /** Entries of all maps and sets, and of the largest one, at times of the hour. */
  entries: { minute: number; all: number; largest: number }[];
  /** After the last request, when nothing has happened for two minutes. */
  left: { timers: number; inFlight: number; handles: number };
  kinds: KindCount[];
  /** Records that are still there after a year, and the status of a request then. */
  afterYear: { records: number; lasting: number; status: number };
}

/** What a soak must notice. */
export type Leak = "timer" | "map" | "record" | undefined;

const handles = () => process.getActiveResourcesInfo().length;

/** One hour of load in virtual time. @param rate requests that begin in a second of the second half */
export async function playHour(processes: number, rate: number, leak: Leak): Promise<Hour> {
  const time = new VirtualTime();
  const restore = time.install();
  try {
    const random = createRandom(processes);
    const world = createWorld(time, () => random.next());
    const fleet = await Promise.all(Array.from({ length: processes }, (_, n) => startProcess(world, n)));
    const load = new Load(world, fleet);
    const leaking = createLeak(leak, world.table);
    const before = handles();
    const samples: Sample[] = [];
    const entries: Hour["entries"] = [];
    for (let minute = 1; minute <= MINUTES; minute += 1) {
      const begun = minute <= MINUTES / 2 ? FILLING_RATE : rate;
      for (let second = 0; second < 60; second += 1) {
        load.second((minute - 1) * 60 + second, begun);
        leaking(load.requests);
        await time.advance(1_000);
      }
      samples.push({
        minute,
        heapMb: collectedHeapMb(),
        handles: handles() - before,
        records: world.table.size,
      });
      world.table.deleteExpired(time.now());
      if (minute % (MINUTES / 6) === 0) entries.push({ minute, ...entriesInProcess() });
    }
    const end = await endOf(world, load, fleet, before);
    return { processes, tally: load.tally(), samples, entries, ...end };
  } finally {
    restore();
  }
}

/** Lets everything end, then a year pass. */
async function endOf(
  { twin, time, table, token }: World,
  load: Load,
  [first]: readonly SoakProcess[],
  handlesBefore: number,
): Promise<Pick<Hour, "left" | "kinds" | "afterYear">> {
  twin.faults.clear();
  table.failures = 0;
  await time.advance(120_000);
  const left = { timers: time.timers, inFlight: load.inFlight, handles: handles() - handlesBefore };
  const kinds = table.kinds();
  await time.advance(366 * 24 * 3_600_000);
  table.deleteExpired(time.now());
  const lasting = kinds.reduce((sum, kind) => sum + kind.lasting, 0);
  const records = table.size;
  let status = 0;
  const claims = {
    sub: "x",
    rc_account_id: SEED.accountId,
    rc_extension_id: SEED.extensionId,
    scope: "numbers:read",
  };
  void first?.call("listBlockedNumbers", { token: token(claims) }).then((response) => {
    status = response.status;
  });
  await time.advance(30_000);
  return { left, kinds, afterYear: { records, lasting, status } };
}

/** Breaks one of the promises on purpose, with every request. */
function createLeak(leak: Leak, table: { compareAndSet(...write: [object, null, object]): unknown }) {
  const kept = new Map<number, object>();
  let next = 0;
  return (requests: number) => {
    for (; leak !== undefined && next < requests; next += 1) {
      if (leak === "timer") setTimeout(() => {}, 24 * 3_600_000);
      // About 2 KB, as an event and its response.
      if (leak === "map")
        kept.set(
          next,
          Array.from({ length: 250 }, (_, n) => next + n),
        );
      if (leak === "record") void table.compareAndSet({ partition: `leak#${next}`, sort: "leak" }, null, {});
    }
  };
}
