// `npm run bench:cold`: cold starts of the deployed bundles and of their peers under AWS's own runtime client, installed
// in .build at the first run. Writes the section of docs/benchmarks.md and its plot. `--rounds 3` tries it, and writes
// nothing.
import { parseArgs } from "node:util";
import { coldSection, coldTable } from "./cold-report.ts";
import { measureColdStarts } from "./cold-starts.ts";
import { installRuntimeClient } from "./lambda-runtime.ts";
import { writeSection } from "./report.ts";

const ROUNDS = 15;
/** What a process costs, and what a person waits: RingCentral takes 100 to 400 ms. */
const LATENCIES = [0, 150] as const;

const { values } = parseArgs({ options: { rounds: { type: "string", default: String(ROUNDS) } } });
const rounds = Number(values.rounds);
installRuntimeClient();
const [pure, waiting] = LATENCIES;
console.log(`RingCentral takes ${pure} ms, ${rounds} rounds`);
const atOnce = await measureColdStarts(pure, rounds);
console.log(`RingCentral takes ${waiting} ms, ${rounds} rounds`);
const later = await measureColdStarts(waiting, rounds);
console.log(`\n${coldTable(atOnce)}\n\n${coldTable(later)}\n`);
if (rounds >= ROUNDS) writeSection("npm run bench:cold", coldSection(atOnce, later, waiting));
// The servers of the service listen still.
process.exit();
