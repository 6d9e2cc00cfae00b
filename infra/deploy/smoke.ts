// `npm run smoke`: whether a running stage works, through its API; with AWS credentials also whether its metrics arrive.
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient, ListMetricsCommand } from "@aws-sdk/client-cloudwatch";
import { readOptions, runCommand, UsageError } from "../local/command-line.ts";
import { functions } from "../resources/functions.ts";
import { type SmokeResult, smoke } from "./smoke-checks.ts";

const usage = `usage: npm run smoke -- --url URL --token TOKEN
       npm run smoke -- --stage NAME --region NAME --token TOKEN

  --url URL            the API's address (default: the output ApiUrl of the stage's stack, which needs AWS credentials)
  --token TOKEN        an access token; the more scopes it has, the more is tried (TOKEN in the environment does too)
  --no-authorizer      API Gateway checks no tokens (two issuers, or the own one before its keys); --stage finds that out
  --stage NAME         also looks whether the metrics of the stage's alarms have arrived; needs AWS credentials
  --region NAME        the stage's region
  --help               this text

It changes nothing but the snapshot of the phone numbers, which it brings up to date.`;

/**
 * The outputs of the stage's stack, by name.
 * @throws UsageError when the stack, or the credentials to look at it, are missing
 */
async function readOutputs(stage: string, region: string | undefined): Promise<Map<string, string>> {
  const client = new CloudFormationClient(region === undefined ? {} : { region });
  const StackName = `ringfront-${stage}`;
  const { Stacks = [] } = await client
    .send(new DescribeStacksCommand({ StackName }))
    .catch((error: Error) => {
      throw new UsageError(`The stack ${StackName} cannot be read (${error.message}): give --url instead.`);
    });
  const outputs = Stacks[0]?.Outputs ?? [];
  return new Map(outputs.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
}

/** The metrics that alarms wait for: those of calls, and the heartbeat of every job that has run by now. */
async function* checkMetrics(stage: string, region: string | undefined): AsyncGenerator<SmokeResult> {
  const client = new CloudWatchClient(region === undefined ? {} : { region });
  const jobs = functions.filter(({ route }) => route === undefined);
  const wanted: { MetricName: string; job?: string }[] = [
    { MetricName: "RequestCount" },
    { MetricName: "SyncAgeSeconds" },
    ...jobs.map(({ key: job }) => ({ MetricName: "JobSuccesses", job })),
  ];
  for (const { MetricName, job } of wanted) {
    const check = `the metric ${MetricName} ${job ?? ""}`.trim();
    const Dimensions = job === undefined ? [] : [{ Name: "Job", Value: job }];
    try {
      const question = { Namespace: `Ringfront/${stage}`, MetricName, Dimensions };
      const { Metrics = [] } = await client.send(new ListMetricsCommand(question));
      const found = Metrics.length > 0 ? "has arrived" : "is not there (new metrics take a few minutes)";
      yield { check, outcome: Metrics.length > 0 ? "ok" : "failed", found };
    } catch (error) {
      yield { check, outcome: "skipped", found: error instanceof Error ? error.message : String(error) };
    }
  }
}

await runCommand(async () => {
  const {
    url: given,
    "no-authorizer": hasNone,
    token = process.env.TOKEN,
    stage,
    region,
  } = readOptions(usage, {
    url: { type: "string" },
    "no-authorizer": { type: "boolean" },
    token: { type: "string" },
    stage: { type: "string" },
    region: { type: "string" },
  });
  if (!token) throw new UsageError(`--token is missing.\n\n${usage}`);
  if (given === undefined && stage === undefined) throw new UsageError(`--url is missing.\n\n${usage}`);
  const outputs = given !== undefined || stage === undefined ? undefined : await readOutputs(stage, region);
  const url = given ?? outputs?.get("ApiUrl") ?? "";
  const { protocol = "", hostname = "" } = URL.parse(url) ?? {};
  if (!/^https?:$/.test(protocol)) throw new UsageError(`--url must be an http or https URL, not "${url}".`);
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
  const hasAuthorizer = !isLocal && !hasNone && outputs?.get("GatewayAuthorizer") !== "none";
  const counts = { ok: 0, failed: 0, skipped: 0 };
  const report = ({ check, outcome, found }: SmokeResult) => {
    counts[outcome] += 1;
    console.log(`${outcome.padEnd(8)}${check}: ${found}`);
  };
  for await (const each of smoke({ url, token, hasAuthorizer })) report(each);
  if (stage !== undefined) for await (const each of checkMetrics(stage, region)) report(each);
  console.log(`\n${counts.ok} ok, ${counts.failed} failed, ${counts.skipped} skipped`);
  if (counts.failed > 0) process.exitCode = 1;
});
