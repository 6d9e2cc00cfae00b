// `npm run sim:capacity`: how many users one RingCentral application serves, by whose token pays, by the call handling and by
// the users' habits. Writes a table and a plot to docs/benchmarks.md; SEED chooses other users, --screens N
// measures fewer or more than 700 in a simulation, --dry-run writes nothing.

import { parseArgs } from "node:util";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { savePlot } from "../../bench/plot.ts";
import { writeSection } from "../../bench/report.ts";
import { inThreads } from "../in-threads.ts";
import { SCREENS } from "./busy-hour.ts";
import { plotOf, rounded, textOf, wallOf } from "./report.ts";
import { type Capacity, findCapacity, type Search } from "./search.ts";
import { changes, factors, setUps } from "./set-ups.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      screens: { type: "string", default: String(SCREENS) },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const [seed, screens] = [Number(process.env.SEED ?? 1), Number(values.screens)];
  const usual = setUps.flatMap((setUp) => factors.map((factor) => ({ setUp, factor, seed, screens })));
  const changed = changes.map((setUp) => ({ setUp, factor: 1, seed, screens }));
  const jobs: Search[] = [...usual, ...changed];
  const all = await inThreads<Search, Capacity>(import.meta.url, jobs, ({ setUp, factor }, found, ms) => {
    const users = `${rounded(found.users).toLocaleString("en")} users`;
    console.log(
      `${setUp.name}, ${factor} times the opens: ${users}; ${wallOf(found)} (${(ms / 1_000).toFixed(0)} s)`,
    );
  });
  if (values["dry-run"]) return;
  const searched = all.slice(0, usual.length);
  const description = "How many users each set-up serves, by the opens of each user a day";
  const plot = savePlot("capacity", plotOf(searched), description);
  const text = textOf(searched, all.slice(usual.length), seed, plot);
  writeSection("npm run sim:capacity", { title: "Users one application serves", text });
}

if (isMainThread) await main();
else parentPort?.postMessage(await findCapacity(workerData));
