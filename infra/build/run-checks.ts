// `npm run check`: every check that reads the code without running it. All of them run; any failure fails the command.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "./bundle.ts";

const checks: readonly (readonly [title: string, command: string, ...args: string[]])[] = [
  ["formatting and lint (biome)", "biome", "check", "--error-on-warnings"],
  ["types (tsc)", "tsc", "--project", "."],
  ["types of the pages (tsc)", "tsc", "--project", "lib/pages"],
  ["types of the client (tsc)", "tsc", "--project", "lib/client", "--noEmit"],
  ["layers (dependency-cruiser)", "node", "infra/build/check-layers.ts"],
  ["licences", "node", "infra/build/check-licences.ts"],
  ["unused code and dependencies (knip)", "knip"],
  ["OpenAPI document (spectral)", "spectral", "lint", "--fail-severity=warn", "docs/openapi.json"],
];

const failed: string[] = [];
for (const [title, command, ...args] of checks) {
  const startedAt = performance.now();
  console.log(`- ${title}`);
  const { status } = spawnSync(join(projectRoot, "node_modules", ".bin", command), args, {
    cwd: projectRoot,
    stdio: "inherit",
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`  ${status === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  if (status !== 0) failed.push(title);
}
console.log(failed.length === 0 ? "all checks passed" : `failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
