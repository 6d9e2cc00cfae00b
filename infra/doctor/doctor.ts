// `npm run doctor`: checks a RingCentral credential for everything that Ringfront needs, and reports what is missing.
import { systemClock } from "../../lib/platform/clock.ts";
import { readId, readOptions, readServerUrl, runCommand } from "../local/command-line.ts";
import { findCredentials } from "./credential-source.ts";
import { type Examination, examine } from "./examine.ts";
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

await runCommand(async () => {
  const options = readOptions(usage, {
    upstream: { type: "string" },
    "secret-id": { type: "string" },
    account: { type: "string" },
    extension: { type: "string" },
    json: { type: "boolean" },
  });
  const sourceOptions = { upstreamUrl: readServerUrl(options.upstream), secretId: options["secret-id"] };
  const { name, finding, credentials } = await findCredentials(sourceOptions, process.env);
  const examination: Examination =
    credentials === undefined
      ? { findings: [] }
      : await examine({
          credentials,
          clock: systemClock,
          accountId: readId("--account", options.account),
          extensionId: readId("--extension", options.extension),
        });
  const report = { name, ...examination, findings: [finding, ...examination.findings] };
  // A warning is healthy, a failure is not.
  const healthy = report.findings.every(({ outcome }) => outcome !== "failed");
  const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  console.log(
    options.json === true ? JSON.stringify({ healthy, ...report }, null, 2) : writeReport(report, isColoured),
  );
  if (!healthy) process.exitCode = 1;
});
