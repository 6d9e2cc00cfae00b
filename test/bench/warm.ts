// `npm run bench:warm`: what a request costs a warm process, against two peers. Writes the section of docs/benchmarks.md
// and its plot. `--rounds 2` tries it, and writes nothing.
import { parseArgs } from "node:util";
import { writeSection } from "./report.ts";
import { sharesTable, warmSection, warmTable } from "./warm-report.ts";
import { measureWarm } from "./warm-requests.ts";

const ROUNDS = 12;
/** RingCentral itself takes 100 to 400 ms. */
const RINGCENTRAL_MS = 150;

const { values } = parseArgs({ options: { rounds: { type: "string", default: String(ROUNDS) } } });
const rounds = Number(values.rounds);
console.log(`RingCentral takes 0 ms, ${rounds} rounds`);
const pure = await measureWarm({ ringcentralMs: 0, rounds });
console.log(`RingCentral takes ${RINGCENTRAL_MS} ms`);
const waiting = await measureWarm({ ringcentralMs: RINGCENTRAL_MS, rounds: 2, share: 0.05 });
console.log(`\n${warmTable(pure)}\n\n${sharesTable(pure)}\n`);
if (rounds >= ROUNDS) writeSection("npm run bench:warm", warmSection(pure, waiting, RINGCENTRAL_MS));
// The servers of the service listen still.
process.exit();
