// `npm run bench`: prints every published measurement. docs/benchmarks.md explains them.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measureColdStarts } from "./cold-starts.ts";
import { measureRequests } from "./requests.ts";

/** @returns whether it succeeded: the simulation fails when a goal is missed */
function run(program: string): boolean {
  const path = fileURLToPath(new URL(program, import.meta.url));
  return spawnSync(process.execPath, [path], { stdio: "inherit" }).status === 0;
}

await measureRequests();
await measureColdStarts();
console.log("\nThe fleet, simulated in virtual time\n");
const goalsAreMet = run("../sim/fleet.ts");
const isMeasured = run("./sync.ts");
process.exitCode = goalsAreMet && isMeasured ? 0 : 1;
