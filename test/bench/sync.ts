// `npm run bench:sync`: the cost of a sync of 1,000, 10,000 and 100,000 numbers, and the time to read its snapshot and
// feed. RingCentral is a model in this process (test/support/number-account.ts); the table is in memory and counts
// units by item size. The times are those of the sync's own work: the network adds its own to each call and each round
// of table reads. Each size runs in a separate process, because of the memory. Writes its section of docs/benchmarks.md.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Position } from "../../lib/contract/paging.ts";
import type { CompanyNumbersFilter } from "../../lib/numbers/company-numbers.ts";
import { listNumberChanges } from "../../lib/sync/list-number-changes.ts";
import { readSnapshotPage } from "../../lib/sync/snapshot/snapshot.ts";
import { forgetChunks } from "../../lib/sync/snapshot/snapshot-store.ts";
import { leapingClock } from "../support/manual-clock.ts";
import { createNumberAccount } from "../support/number-account.ts";
import { percentile } from "./measurements.ts";
import { createMeteredRecords } from "./metered-records.ts";
import { writeSection } from "./report.ts";
import { changeOneInHundred, realistic, syncOnce } from "./sync-once.ts";
import { SyncMeasures, syncSection } from "./sync-report.ts";

const SIZES = [1_000, 10_000, 100_000];
const ACCOUNT = "3700111";
const READS = 50;

async function measure(size: number): Promise<SyncMeasures> {
  const upstream = createNumberAccount();
  for (let id = 1; id <= size; id += 1) upstream.put(realistic(id));
  const { records, meter } = createMeteredRecords();
  const clock = leapingClock();
  const reading = { records, now: clock.now };
  const syncs: SyncMeasures["syncs"] = [];
  const reads: SyncMeasures["reads"] = [];

  async function sync(name: string): Promise<void> {
    upstream.calls.length = 0;
    meter();
    clock.leap(60_000);
    forgetChunks();
    const startedAt = performance.now();
    await syncOnce({ records, clock }, upstream, ACCOUNT);
    const ms = performance.now() - startedAt;
    const counted = meter();
    const heavy = upstream.calls.filter(({ operation }) => operation === "listCompanyNumbers").length;
    if (heavy !== Math.ceil(size / 1_000)) throw new Error(`${heavy} Heavy calls for ${size} numbers`);
    syncs.push({
      numbers: size,
      name,
      heavy,
      light: upstream.calls.length - heavy,
      writeUnits: counted.writeUnits,
      readUnits: counted.readUnits,
      microsPerNumber: (ms * 1_000) / size,
      peakMb: process.resourceUsage().maxRSS / 1024,
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
    reads.push({ numbers: size, name, p50: percentile(times, 0.5), tableReads: meter().reads / READS });
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
  await timed("text search, cold", () => page({ q: "person 17" }), true);
  await timed("text search, warm", () => page({ q: "person 17" }));
  await timed("100 changes", () => changes(feed));
  let last: Position = feed;
  for (let more = true; more; ) {
    const read = await changes(last);
    [last, more] = [read.next, read.hasMore];
  }
  await timed("nothing new", () => changes(last));
  return { syncs, reads };
}

const { values } = parseArgs({ options: { size: { type: "string" } } });
if (values.size !== undefined) {
  console.log(JSON.stringify(await measure(Number(values.size))));
} else {
  const all = SIZES.map((size) => {
    console.log(`${size} numbers …`);
    const own = fileURLToPath(import.meta.url);
    const run = spawnSync(process.execPath, [own, "--size", String(size)], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(run.stderr);
    return SyncMeasures.parse(JSON.parse(run.stdout));
  });
  writeSection("npm run bench:sync", syncSection(all));
}
