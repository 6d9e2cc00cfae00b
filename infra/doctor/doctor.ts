// `npm run doctor`: checks a RingCentral credential for everything that Ringfront needs, and says what is missing.
import { parseArgs } from "node:util";
import { systemClock } from "../../lib/platform/clock.ts";
import { httpUrl, numericId, UsageError } from "../local/start-options.ts";
import { findCredentials } from "./credential-source.ts";
import { type Examination, examine } from "./examine.ts";
import { isHealthy } from "./finding.ts";
import { writeReport } from "./report.ts";

const usage = `usage: npm run doctor -- [options]

  --upstream URL   check this server, with RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET and RINGCENTRAL_JWT
  --secret-id ID   check what a secret of AWS Secrets Manager holds, with this machine's AWS credentials
                   (neither: the credentials of the stack that runs here)
  --account ID     the account that is expected
  --extension ID   another extension whose numbers should be reached
  --json           the findings as JSON
  --help           this text

It logs in once, reads the first item of each list, changes nothing, and logs out. It ends with 1 when
something must be fixed.`;

async function main(): Promise<void> {
  const options = parseOptions();
  if (options.help === true) return say(usage);
  const source = await findCredentials(
    {
      ...(options.upstream !== undefined && { upstreamUrl: httpUrl(options.upstream) }),
      ...(options["secret-id"] !== undefined && { secretId: options["secret-id"] }),
    },
    process.env,
  );
  const { credentials } = source;
  const examination: Examination =
    credentials === undefined
      ? { findings: [] }
      : await examine({
          credentials,
          clock: systemClock,
          ...(options.account !== undefined && { accountId: numericId("--account", options.account) }),
          ...(options.extension !== undefined && {
            extensionId: numericId("--extension", options.extension),
          }),
        });
  const report = { name: source.name, ...examination, findings: [source.finding, ...examination.findings] };
  const healthy = isHealthy(report.findings);
  const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  say(
    options.json === true ? JSON.stringify({ healthy, ...report }, null, 2) : writeReport(report, isColoured),
  );
  if (!healthy) process.exitCode = 1;
}

function parseOptions() {
  try {
    return parseArgs({
      args: process.argv.slice(2),
      options: {
        upstream: { type: "string" },
        "secret-id": { type: "string" },
        account: { type: "string" },
        extension: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
