// `npm run sim:morning`: 2,000 people open the overview within ten minutes, in virtual time. The token, the sessions, the
// token calls, the rate limiter, the cache and the overview are the deployed ones; the table, RingCentral's limits and the
// people are models. Prints a table, and writes it with a plot
// to docs/benchmarks.md. SEED chooses another morning.
// Ends with 1 when a goal is missed.
import { parseArgs } from "node:util";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { lineSettings } from "../../lib/ringcentral/auth/token-line.ts";
import { savePlot } from "../bench/plot.ts";
import { table, writeSection } from "../bench/report.ts";
import { inThreads } from "./in-threads.ts";
import { goalsOfMorning, type MorningMeasures, measureMorning } from "./morning-measures.ts";
import { plotOf } from "./morning-plot.ts";
import { type Morning, runMorning } from "./morning-run.ts";
import { mornings } from "./morning-suite.ts";

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "2000" },
    seed: { type: "string", default: process.env.SEED ?? "1" },
    "dry-run": { type: "boolean", default: false },
  },
});

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
/** Waits between a second and a day. */
function span(ms: number): string {
  if (!Number.isFinite(ms)) return "gave up";
  if (ms < 100_000) return seconds(ms);
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

const columns: [string, (measures: MorningMeasures) => string][] = [
  ["case", ({ name }) => name],
  ["within 2 s", ({ atOnce }) => `${(100 * atOnce).toFixed(1)} %`],
  ["wait, p50", ({ p50 }) => span(p50)],
  ["wait, p99", ({ p99 }) => span(p99)],
  ["refused first", ({ refusedFirst }) => `${(100 * refusedFirst).toFixed(1)} %`],
  ["told to wait, p50", ({ toldP50 }) => (toldP50 === undefined ? "-" : span(toldP50))],
  ["served", ({ served }) => `${(100 * served).toFixed(1)} %`],
  ["last one after", ({ last }) => span(last)],
  ["token calls", ({ tokenCalls }) => tokenCalls.toLocaleString("en")],
  ["most in a minute", ({ tokenCallsAMinute }) => String(tokenCallsAMinute)],
  ["429s", ({ rejected }) => String(rejected)],
];

/** Token calls a minute that sign-ins may take. */
const signInsOf = (limit: number) => limit - Math.ceil(limit * lineSettings.left.sign_in);

/** The section of the page. */
function textOf(all: readonly MorningMeasures[], tableOfAll: string): string {
  const named = (name: string) => all.find((one) => one.name.startsWith(name));
  const last = (name: string) => span(named(name)?.last ?? Number.NaN);
  const users = Number(values.users).toLocaleString("en");
  const plot = savePlot(
    "morning",
    plotOf(all),
    "How many of the users have their overview after how long, for each of the cases",
  );
  return `\`SEED=${values.seed} npm run sim:morning\` lets ${users} users open the overview within ten minutes of virtual time, and
writes this section. The shared token, the users' sessions, the token calls of the app, the rate limiter, the cache and the overview
are the deployed ones, in as many processes as Lambda would start. RingCentral's limits (Light 50, Medium 40 calls a minute for each
user, 5 token calls a minute), the table and the users are models. A user who is refused asks again when \`Retry-After\` says; the
page of a sign-in does so by itself.

${tableOfAll}

${plot}

- "Service user alone": one budget for all. A user's first overview is 4 Light and 1 Medium call, so ten minutes have room for 125
of them. Screens of which a part is missing spend some of that too. Users give up after three minutes here.
- "Own sessions, steady state": the sessions exist, and one access token in a hundred has ended. The goal is 99 % within 2 s.
- "Monday": the sessions exist, and every access token has ended, as after each night: it lives for an hour. **The 5 token calls a
minute are the wall**: less than ${60 * lineSettings.limit} an hour, because the processes' clocks may differ. A company in which more
users than that begin within an hour needs a higher limit from RingCentral, which the service takes over from the response headers.
- "First morning": nobody has signed in, and sign-ins take ${signInsOf(5)} of the 5 calls, in turn. The last of the ${users} users is
served after ${last("first morning: nobody")}. Let people sign in over some days before, or ask RingCentral for a higher limit for
that day: with 300 a minute, of which sign-ins take ${signInsOf(300)}, the last one waits ${last("first morning, 300")}.
- "Limit by user": RingCentral gives each user of the app 5 token calls a minute; in the other cases all its users share them. Its
documents do not say which is so. The service lets all users share them in either case, because an app that exceeds the limit is
suspended: it gains nothing here.
- ${all.reduce((sum, { rejected }) => sum + rejected, 0) === 0 ? "No case meets a 429." : "Cases with a 429 miss their goal."}`;
}

function playAll(): Promise<MorningMeasures[]> {
  const cases = mornings(Number(values.users), Number(values.seed));
  return inThreads<Morning, MorningMeasures>(import.meta.url, cases, ({ name }, _, ms) =>
    console.error(`${name}: played in ${seconds(ms)}`),
  );
}

async function main(): Promise<void> {
  const all = await playAll();
  const tableOfAll = table(
    columns.map(([name]) => name),
    all.map((one) => columns.map(([, text]) => text(one))),
  );
  console.log(`${values.users} users within ten minutes, seed ${values.seed}\n\n${tableOfAll}\n`);
  if (!values["dry-run"]) {
    const title = `A morning of ${Number(values.users).toLocaleString("en")} users`;
    writeSection("npm run sim:morning", { title, text: textOf(all, tableOfAll) });
  }
  const missed = all.flatMap((one) => goalsOfMorning(one).filter(({ isMet }) => !isMet));
  console.log(
    missed.map(({ name, found }) => `missed: ${name}, but ${found}`).join("\n") || "All goals met.",
  );
  process.exitCode = missed.length === 0 ? 0 : 1;
}

if (isMainThread) await main();
else parentPort?.postMessage(measureMorning(await runMorning(workerData)));
