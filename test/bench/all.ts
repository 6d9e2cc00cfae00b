// `npm run bench:all`: writes docs/benchmarks.md whole, by every command that the page names, in its order.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { projectRoot } from "../../infra/build/bundle.ts";
import { commandsOf, PAGE } from "./report.ts";

const failed: string[] = [];
for (const command of commandsOf(readFileSync(PAGE, "utf8"))) {
  console.log(`\n# ${command}\n`);
  const startedAt = Date.now();
  const { status } = spawnSync(command, { cwd: projectRoot, stdio: "inherit", shell: true });
  console.log(
    `\n# ${command}: ${status === 0 ? "done" : "failed"} in ${Math.round((Date.now() - startedAt) / 1_000)} s`,
  );
  if (status !== 0) failed.push(command);
}
console.log(failed.length === 0 ? "\nAll sections are written." : `\nFailed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
