// `npm run deploy -- --stage prod [--region …] [--param name=value …]`: package, then hand over to `serverless deploy`.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "./bundle.ts";

function fail(problem: string): never {
  console.error(`Cannot deploy: ${problem}`);
  process.exit(1);
}

/** The usual places; whether the credentials are any good, AWS will say. */
function hasCredentials(env: NodeJS.ProcessEnv): boolean {
  const files = [
    env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), ".aws", "credentials"),
    env.AWS_CONFIG_FILE ?? join(homedir(), ".aws", "config"),
  ];
  return Boolean(
    (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) ||
      env.AWS_WEB_IDENTITY_TOKEN_FILE ||
      env.AWS_CONTAINER_CREDENTIALS_FULL_URI ||
      env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ||
      files.some((file) => existsSync(file)),
  );
}

function run(script: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [join(projectRoot, script), ...args], {
    cwd: projectRoot,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

const { values } = parseArgs({
  options: {
    stage: { type: "string", default: "dev" },
    region: { type: "string" },
    param: { type: "string", multiple: true, default: [] },
  },
});
if (values.stage === "local") fail('the stage "local" is the one of npm start.');
const unset = ["AUTH_ISSUER", "AUTH_AUDIENCE"].filter((name) => !process.env[name]);
if (unset.length > 0) fail(`${unset.join(" and ")} must be set: whose access tokens does this stage take?`);
if (!hasCredentials(process.env)) {
  fail(
    "no AWS credentials found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile (AWS_PROFILE).",
  );
}
const parameters = values.param.flatMap((parameter) => ["--param", parameter]);
run("infra/build/package.ts", "--stage", values.stage, ...parameters);
const region = values.region === undefined ? [] : ["--region", values.region];
run("node_modules/serverless/bin/serverless.js", "deploy", "--stage", values.stage, ...parameters, ...region);
