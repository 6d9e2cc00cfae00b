// `npm run test:faults`: every fault of RingCentral, Secrets Manager, the table and the issuer against every kind of request,
// and the death of the process at each of its messages. Prints what differs from the expectation and ends with exit code 1, or
// writes docs/fault-matrix.md. `--only TEXT` plays the faults and works whose title has that text, and writes nothing.
import { parseArgs } from "node:util";
import { type DeathOutcome, playDeaths, works } from "./deaths.ts";
import { expectationOf } from "./expected.ts";
import { type FaultName, faults } from "./faults.ts";
import { type Outcome, playCell } from "./play.ts";
import { countsOf, type Results, tablesOf, titleOf, writePage } from "./report.ts";
import { ownKinds, prepare, routeKinds } from "./routes.ts";
import { World } from "./world.ts";

const startedAt = performance.now();
const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const isChosen = (title: string) => title.includes(values.only);

const world = await World.start();
const logged = captureLines();

/** Each line of the handlers' log is a JSON object; other output is this program's. */
function captureLines(): { take(): string } {
  const write = process.stdout.write.bind(process.stdout);
  let lines = "";
  process.stdout.write = (chunk: string | Uint8Array) => {
    if (!String(chunk).startsWith('{"')) return write(chunk);
    lines += chunk;
    return true;
  };
  return {
    take() {
      const taken = lines;
      lines = "";
      return taken;
    },
  };
}

/** Modules are loaded with the first request that needs them, which takes the machine's time. */
async function warmUp(): Promise<void> {
  for (const kind of routeKinds) await (await prepare(kind, "service", world)).send();
  await (await prepare("list live", "own", world)).send();
  logged.take();
}

async function playFaults(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const names = Object.keys(faults).filter((name): name is FaultName => name in faults);
  for (const fault of names.filter((name) => isChosen(titleOf(name)))) {
    for (const payer of ["service", "own"] as const) {
      for (const kind of routeKinds.filter((each) => payer === "service" || ownKinds.has(each))) {
        const outcome = await playCell(
          world,
          logged,
          { fault, kind, payer },
          expectationOf(fault, kind, payer),
        );
        outcomes.push(outcome);
        const where = `${titleOf(fault)} | ${kind} | ${payer}`;
        if (outcome.wrong.length > 0)
          console.log(`WRONG ${where} | ${outcome.shown}\n  ${outcome.wrong.join("\n  ")}`);
      }
    }
  }
  return outcomes;
}

async function playAllDeaths(): Promise<DeathOutcome[]> {
  const outcomes: DeathOutcome[] = [];
  for (const work of works.filter(({ title }) => isChosen(title))) {
    const outcome = await playDeaths(world, work);
    outcomes.push(outcome);
    for (const line of outcome.wrong) console.log(`WRONG ${work.title} | ${line}`);
  }
  return outcomes;
}

await warmUp();
const results: Results = { outcomes: await playFaults(), deaths: await playAllDeaths() };
const { cells, requests, deaths } = countsOf(results);
const wrong = [...results.outcomes, ...results.deaths].filter((one) => one.wrong.length > 0);
console.log(`\n${tablesOf(results)}\n`);
console.log(
  `${cells} cells, ${requests} requests, ${deaths} deaths in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
);
console.log(wrong.length === 0 ? "All as expected." : `WRONG: ${wrong.length}, listed above the tables`);
if (wrong.length === 0 && values.only === "") writePage(results);
// Connections and timers of the last process are left.
process.exit(wrong.length === 0 ? 0 : 1);
