// `npm run onboard`: serves one more RingCentral account on a stage. It checks the account's credentials, shows what it
// would do, and with --apply deploys the account and stores the credentials in its secret.
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { systemClock } from "../../lib/platform/clock.ts";
import { projectRoot } from "../build/bundle.ts";
import { examine } from "../doctor/examine.ts";
import { isHealthy } from "../doctor/finding.ts";
import { reportForTerminal } from "../doctor/report.ts";
import { readOptions, runCommand, UsageError } from "../local/command-line.ts";
import { applyPlan, describePlan, makePlan, readCredentials } from "./plan.ts";

const usage = `usage: npm run onboard -- --secret-file FILE [options]

  --secret-file FILE  { "server": "https://platform.ringcentral.com", "clientId": "…", "clientSecret": "…", "jwt": "…" }
  --stage STAGE       the stage to serve the account on (dev)
  --region REGION     its AWS region
  --apply             do it; otherwise it only checks and shows the plan
  --help              this text

The accounts that are served already are those of SERVED_ACCOUNTS, or else those that have a secret on the stage.
Deploying needs the other variables of npm run deploy. Every step may be repeated.`;

await runCommand(async () => {
  const options = readOptions(usage, {
    "secret-file": { type: "string" },
    stage: { type: "string", default: "dev" },
    region: { type: "string" },
    apply: { type: "boolean", default: false },
  });
  const { stage, region, "secret-file": file } = options;
  if (file === undefined) throw new UsageError(`--secret-file is missing.\n\n${usage}`);
  const text = await readFile(file, "utf8").catch(() => {
    throw new UsageError(`${file} cannot be read.`);
  });
  const credentials = readCredentials(text);
  const examination = await examine({ credentials, clock: systemClock });
  const name = `${credentials.server} as app ${credentials.clientId}`;
  console.log(reportForTerminal({ name, ...examination }));
  const { accountId, findings } = examination;
  if (accountId === undefined || !isHealthy(findings))
    throw new UsageError("Nothing was changed: the credentials do not serve the account yet.");
  const client = new SecretsManagerClient(region === undefined ? {} : { region });
  const plan = await makePlan({ client, stage, accountId, named: process.env.SERVED_ACCOUNTS });
  console.log(describePlan(plan));
  if (!options.apply) return console.log("Nothing was changed. Repeat it with --apply.");
  await applyPlan(plan, { client, text, deploy: () => deploy(plan.accounts, stage, region) });
  console.log(`The account ${accountId} is served. Its first sync begins within 15 minutes (GET /v1/sync).`);
});

function deploy(accounts: readonly string[], stage: string, region: string | undefined): void {
  const script = join(projectRoot, "infra/build/package.ts");
  const where = ["--stage", stage, ...(region === undefined ? [] : ["--region", region])];
  const env = { ...process.env, SERVED_ACCOUNTS: accounts.join(",") };
  const { status } = spawnSync(process.execPath, [script, "--deploy", ...where], { env, stdio: "inherit" });
  if (status !== 0) throw new UsageError("The deployment failed, so the credentials were not stored.");
}
