// `npm run bench`: every published figure, printed. docs/benchmarks.md tells what they mean.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measureRequests } from "./requests.ts";

await measureRequests();
console.log("\nThe fleet, simulated in virtual time\n");
const fleet = fileURLToPath(new URL("../sim/fleet.ts", import.meta.url));
const { status } = spawnSync(process.execPath, [fleet], { stdio: "inherit" });
process.exitCode = status ?? 1;
