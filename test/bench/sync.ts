// `npm run bench:sync`: the cost of a sync of 1,000, 10,000 and 100,000 numbers, and the time to read its snapshot and
// feed. RingCentral is a model in this process (test/support/number-account.ts); the table is in memory and counts
// units by item size. The times are those of the sync's own work: the network adds its own to each call and each round
// of table reads. Each size runs in a separate process, because of the memory.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as z from "zod/mini";
import type { Position } from "../../lib/contract/paging.ts";
import type { CompanyNumbersFilter } from "../../lib/numbers/company-numbers.ts";
import { listNumberChanges } from "../../lib/sync/list-number-changes.ts";
import { readSnapshotPage } from "../../lib/sync/snapshot/snapshot.ts";
import { forgetChunks } from "../../lib/sync/snapshot/snapshot-store.ts";
import { leapingClock } from "../support/manual-clock.ts";
import { createNumberAccount } from "../support/number-account.ts";
import { percentile } from "./measurements.ts";
import { createMeteredRecords } from "./metered-records.ts";
import { changeOneInHundred, realistic, syncOnce } from "./sync-once.ts";

const SIZES = [1_000, 10_000, 100_000];
const ACCOUNT = "3700111";
const READS = 50;

const Measurement = z.record(z.string(), z.union([z.string(), z.number()]));
const Measurements = z.object({ syncs: z.array(Measurement), reads: z.array(Measurement) });
type Measurements = z.output<typeof Measurements>;
type Measurement = z.output<typeof Measurement>;

async function measure(size: number): Promise<Measurements> {
  const upstream = createNumberAccount();
  for (let id = 1; id <= size; id += 1) upstream.put(realistic(id));
  const { records, meter } = createMeteredRecords();
  const clock = leapingClock();
  const reading = { records, now: clock.now };
  const syncs: Measurement[] = [];
  const reads: Measurement[] = [];

  async function sync(name: string): Promise<void> {
    upstream.calls.length = 0;
    meter();
    clock.leap(60_000);
    forgetChunks();
    const startedAt = performance.now();
    const outcome = await syncOnce({ records, clock }, upstream, ACCOUNT);
    const ms = performance.now() - startedAt;
    const counted = meter();
    const heavy = upstream.calls.filter(({ operation }) => operation === "listCompanyNumbers").length;
    if (heavy !== Math.ceil(size / 1_000)) throw new Error(`${heavy} Heavy calls for ${size} numbers`);
    const { chunk = 0, changes = 0, stage = 0 } = counted.byKind;
    syncs.push({
      numbers: size,
      sync: name,
      state: outcome.state,
      Heavy: heavy,
      Light: upstream.calls.length - heavy,
      "write units": counted.writeUnits,
      "of chunks": chunk,
      "of changes": changes,
      "of staged pages": stage,
      "read units": counted.readUnits,
      ms: Math.round(ms),
      "µs a number": Math.round((ms * 1_000) / size),
      "peak MB": Math.round(process.resourceUsage().maxRSS / 1024),
    });
  }

  async function timed(name: string, act: () => Promise<unknown>, isCold = false): Promise<void> {
    const times: number[] = [];
    meter();
    for (let run = 0; run < READS; run += 1) {
      if (isCold) forgetChunks();
      const startedAt = performance.now();
      await act();
      times.push(performance.now() - startedAt);
    }
    const ms = (p: number) => Number(percentile(times, p).toFixed(2));
    reads.push({
      numbers: size,
      read: name,
      "p50 ms": ms(0.5),
      "p99 ms": ms(0.99),
      "table reads": meter().reads / READS,
    });
  }

  const page = (filter: CompanyNumbersFilter, position?: Position) =>
    readSnapshotPage(reading, {
      accountId: ACCOUNT,
      filter,
      page: { limit: 100, ...(position && { position }) },
    });
  const changes = (position: Position) =>
    listNumberChanges(reading, { accountId: ACCOUNT, page: { limit: 100, position } });

  await sync("first");
  await sync("unchanged");
  const { next: feed } = await listNumberChanges(reading, { accountId: ACCOUNT, page: { limit: 1 } });
  changeOneInHundred(upstream, size);
  await sync("1 % changed");
  upstream.edit(Math.ceil(size / 2), { label: "One" });
  await sync("one changed");

  await timed("first page, cold", () => page({}), true);
  await timed("first page, warm", () => page({}));
  const middle = await page({});
  await timed("next page, warm", () => page({}, middle?.next));
  await timed("q=…, cold", () => page({ q: "person 17" }), true);
  await timed("q=…, warm", () => page({ q: "person 17" }));
  await timed("feed, up to 100 changes", () => changes(feed));
  let last: Position = feed;
  for (let more = true; more; ) {
    const read = await changes(last);
    [last, more] = [read.next, read.hasMore];
  }
  await timed("feed, nothing new", () => changes(last));
  return { syncs, reads };
}

const { values } = parseArgs({ options: { size: { type: "string" } } });
if (values.size !== undefined) {
  console.log(JSON.stringify(await measure(Number(values.size))));
} else {
  const all = SIZES.map((size) => {
    const own = fileURLToPath(import.meta.url);
    const run = spawnSync(process.execPath, [own, "--size", String(size)], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(run.stderr);
    return Measurements.parse(JSON.parse(run.stdout));
  });
  console.log(
    "\nSyncs: RingCentral calls, DynamoDB units, own time (RingCentral and table modelled in the process)\n",
  );
  console.table(all.flatMap(({ syncs }) => syncs));
  console.log(
    `\nReads, ${READS} of each: own time; each table read adds its round trip, those of chunks 16 at a time\n`,
  );
  console.table(all.flatMap(({ reads }) => reads));
}
