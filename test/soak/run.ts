// `npm run test:soak`: an hour of load in virtual time, on one process and on a fleet, and a minute of real connections, each
// in a process of its own at the same time. `-- --leak timer` (or map, record, socket) breaks a promise on purpose.
import { fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { muted } from "../bench/measurements.ts";
import { type Leak, playHour } from "./hour.ts";
import { leaksOf } from "./judge.ts";
import { type Judged, summaryOf, writeReport } from "./report.ts";
import { playSockets, socketLeaksOf } from "./sockets.ts";

/** Requests that begin in a second. */
const RATE = 2;
const FLEET = 4;
const leaks: readonly Leak[] = ["timer", "map", "record"];

const { values } = parseArgs({ options: { part: { type: "string" }, leak: { type: "string" } } });

async function soak(processes: number): Promise<Partial<Judged>> {
  const leak = leaks.find((one) => one === values.leak);
  const hour = await playHour(processes, RATE, leak);
  return { hours: [hour], leaks: leaksOf(hour).map((text) => `${processes} processes: ${text}`) };
}

const parts: Readonly<Record<string, () => Promise<Partial<Judged>>>> = {
  one: () => soak(1),
  fleet: () => soak(FLEET),
  async sockets() {
    const minute = await playSockets(60_000, values.leak === "socket");
    return { sockets: minute, leaks: socketLeaksOf(minute).map((text) => `connections: ${text}`) };
  },
};

/** Runs a part in a process of its own. */
async function inProcess(part: string): Promise<Partial<Judged>> {
  const child = fork(import.meta.filename, ["--part", part, ...process.argv.slice(2)]);
  const ended = once(child, "exit").then(() => {
    throw new Error(`the part "${part}" ended without a result`);
  });
  const [result] = await Promise.race([once(child, "message"), ended]);
  return result;
}

async function runAll(): Promise<void> {
  const startedAt = Date.now();
  const results = await Promise.all(Object.keys(parts).map(inProcess));
  for (const { hours = [] } of results) for (const hour of hours) console.log(summaryOf(hour));
  const found = results.flatMap(({ leaks = [] }) => leaks);
  for (const leak of found) console.log(`LEAK ${leak}`);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  console.log(`${found.length} leaks, after ${seconds} s`);
  process.exitCode = found.length > 0 ? 1 : 0;
  if (values.leak !== undefined || found.length > 0) return;
  const hours = results.flatMap(({ hours = [] }) => hours);
  writeReport({ hours, sockets: results.find(({ sockets }) => sockets)?.sockets, leaks: found });
}

const part = values.part === undefined ? undefined : parts[values.part];
if (part === undefined) {
  await runAll();
  process.disconnect?.();
} else {
  muted();
  const result = await part();
  process.send?.(result, () => process.exit(0));
}
