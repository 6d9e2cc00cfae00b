// `npm run deploy`: checks what can be known before, packages, checks the AWS account, and hands over to osls. It can be
// repeated after any failure.

import { systemClock } from "../../lib/platform/clock.ts";
import { packageStage, runServerless } from "../build/package-stage.ts";
import { examine } from "../doctor/examine.ts";
import { findIssuer, readIssuers } from "../doctor/identity.ts";
import { readOptions, readServerUrl, runCommand, UsageError } from "../local/command-line.ts";
import { upstreamCredentials } from "../local/upstream.ts";
import { list } from "../resources/list.ts";
import { awsAccount } from "./aws-account.ts";
import { gatewayCheck } from "./own-issuer.ts";
import { describePlan, readPlan } from "./plan.ts";
import { checkAccount, checkIdentity } from "./preflight.ts";

const usage = `usage: npm run deploy -- [options]

  --stage NAME         dev (the default), staging, prod or a name of your own
  --region NAME        the AWS region (default: AWS_REGION)
  --param NAME=VALUE   another value for a parameter of serverless.yml (repeatable)
  --upstream URL       the RingCentral server that is asked for the account (https://platform.ringcentral.com)
  --plan               check and print the plan without AWS, and end
  --help               this text

environment: AUTH_ISSUER and AUTH_AUDIENCE, or SIGN_IN_ISSUER; SERVED_ACCOUNTS, or RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET and
RINGCENTRAL_JWT, whose account is found; the other variables in docs/operations.md; AWS credentials`;

/** The credential's account, for SERVED_ACCOUNTS. It costs one login. @throws UsageError */
async function findAccount(upstream: string | undefined): Promise<void> {
  if (!process.env.RINGCENTRAL_CLIENT_ID) return;
  const server = readServerUrl(upstream) ?? "https://platform.ringcentral.com";
  const credentials = upstreamCredentials(server, process.env);
  const { accountId, findings } = await examine({ credentials, clock: systemClock });
  if (accountId === undefined) {
    const [failure] = findings.filter(({ outcome }) => outcome === "failed");
    const why = failure === undefined ? "RingCentral did not say" : `${failure.found}\n${failure.fix}`;
    throw new UsageError(`The account of the credential is not known: ${why}`);
  }
  const served = list(process.env.SERVED_ACCOUNTS ?? accountId);
  if (!served.includes(accountId)) {
    throw new UsageError(
      `The credential is of the account ${accountId}, which SERVED_ACCOUNTS does not name.`,
    );
  }
  process.env.SERVED_ACCOUNTS = served.join(",");
  console.log(`RingCentral account ${accountId}, by its credential`);
}

await runCommand(async () => {
  const {
    stage,
    region,
    param,
    upstream,
    plan: isPlanOnly,
  } = readOptions(usage, {
    stage: { type: "string", default: "dev" },
    region: { type: "string" },
    param: { type: "string", multiple: true },
    upstream: { type: "string" },
    plan: { type: "boolean", default: false },
  });
  await findAccount(upstream);
  const plan = readPlan({ stage, region, param }, process.env);
  // API Gateway would create the authorizer all the same, and reject every token.
  await findIssuer(process.env);
  readIssuers(process.env);
  console.log(describePlan(plan, process.env));
  if (isPlanOnly) return;
  const aws = awsAccount(plan.region);
  const { accountId, arn } = await checkIdentity(plan, aws);
  console.log(`AWS account ${accountId}, as ${arn}`);
  const { options: check, note } = await gatewayCheck(process.env);
  if (note !== undefined) console.log(note);
  const options = ["--stage", stage, "--region", plan.region, ...check, ...parameters()];
  const template = await packageStage(stage, options);
  const broken = await checkAccount(plan, template, aws);
  if (broken !== undefined) {
    console.log(`deleting ${broken}: its first creation failed, and left nothing in it`);
    await aws.deleteStack(broken);
  }
  runServerless("deploy", ...options);
  console.log(`
deployed. Next: put RingCentral's credentials into the secret (docs/operations.md), and then
  npm run smoke -- --url <ApiUrl> --token <an access token>`);
});

/** The options --param, as osls reads them. */
function parameters(): string[] {
  return process.argv.flatMap((arg, index, all) => {
    if (arg === "--param") return [arg, all[index + 1] ?? ""];
    return arg.startsWith("--param=") ? [arg] : [];
  });
}
