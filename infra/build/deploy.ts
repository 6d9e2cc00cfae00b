// `npm run deploy -- --stage prod [--region …] [--param name=value …]`: packages, then hands over to `serverless deploy`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "./bundle.ts";

function fail(problem: string): never {
  console.error(`Cannot deploy: ${problem}`);
  process.exit(1);
}

function run(script: string, ...args: string[]): void {
  const command = [join(projectRoot, script), ...args];
  const { status } = spawnSync(process.execPath, command, { cwd: projectRoot, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const options = process.argv.slice(2);
if (/--stage[ =]local\b/.test(options.join(" "))) fail('the stage "local" is the one of npm start.');
const unset = ["AUTH_ISSUER", "AUTH_AUDIENCE"].filter((name) => !process.env[name]);
if (unset.length > 0)
  fail(`${unset.join(" and ")} must be set: they name the issuer and the audience of the access tokens`);
// osls checks before deploying whether there are AWS credentials and whether they are valid.
run("infra/build/package.ts", ...options);
run("node_modules/serverless/bin/serverless.js", "deploy", ...options);
