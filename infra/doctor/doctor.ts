// `npm run doctor`: checks a RingCentral credential, or the provider of access tokens and a token of it, for everything
// that Ringfront needs, and reports what is missing.
import { text } from "node:stream/consumers";
import { decode } from "../../lib/http/authenticate.ts";
import { issuerOf } from "../../lib/http/token-issuers.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { readId, readOptions, readServerUrl, runCommand } from "../local/command-line.ts";
import { readStackFile } from "../local/stack-file.ts";
import { LOCAL_AUDIENCE } from "../local/stage.ts";
import { findCredentials } from "./credential-source.ts";
import { type Examination, examine } from "./examine.ts";
import { isHealthy } from "./finding.ts";
import { checkIssuer, explainToken, readIssuers } from "./identity.ts";
import { reportForTerminal } from "./report.ts";

const usage = `usage: npm run doctor -- [options]

  --upstream URL   check this server, with RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET and RINGCENTRAL_JWT
  --secret-id ID   check what a secret of AWS Secrets Manager holds, with this machine's AWS credentials
                   (neither: the credentials of the stack that runs here)
  --token TOKEN    explain this access token instead, by AUTH_ISSUER, AUTH_AUDIENCE, SERVED_ACCOUNTS and the other
                   settings of docs/guides/identity.md, or by those of the stack that runs here; - reads it from
                   standard input, which keeps it out of the shell's history
  --issuer         check only the issuer: its metadata and keys
  --account ID     the account that is expected
  --extension ID   another extension whose numbers should be reached
  --json           the findings as JSON
  --help           this text

Without --token and --issuer it logs in once, reads the first item of each list, changes nothing, and logs out. It ends with 1 when
something must be fixed.`;

await runCommand(async () => {
  const options = readOptions(usage, {
    upstream: { type: "string" },
    "secret-id": { type: "string" },
    token: { type: "string" },
    issuer: { type: "boolean" },
    account: { type: "string" },
    extension: { type: "string" },
    json: { type: "boolean" },
  });
  const isIdentity = options.token !== undefined || options.issuer === true;
  const report = isIdentity ? await examineIdentity(options) : await examineCredential(options);
  const healthy = isHealthy(report.findings);
  console.log(
    options.json === true ? JSON.stringify({ healthy, ...report }, null, 2) : reportForTerminal(report),
  );
  if (!healthy) process.exitCode = 1;
});

type Options = Partial<Record<"upstream" | "secret-id" | "token" | "account" | "extension", string>>;

async function examineCredential(options: Options) {
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
  const { AUTH_ISSUER } = process.env;
  const issuer = AUTH_ISSUER ? (await checkIssuer(AUTH_ISSUER)).findings : [];
  return { name, ...examination, findings: [finding, ...examination.findings, ...issuer] };
}

async function examineIdentity({ token, account }: Options) {
  const { AUTH_ISSUER, SERVED_ACCOUNTS = readId("--account", account) } = process.env;
  const stack = AUTH_ISSUER ? undefined : await readStackFile();
  const local = stack && {
    AUTH_ISSUER: stack.issuerUrl,
    AUTH_AUDIENCE: LOCAL_AUDIENCE,
    SERVED_ACCOUNTS: stack.accountId,
  };
  const issuers = readIssuers({ ...process.env, SERVED_ACCOUNTS, ...local });
  const sent = token === "-" ? await text(process.stdin) : token;
  const bare = sent?.trim().replace(/^(authorization: *)?bearer +/i, "");
  const decoded = bare === undefined ? undefined : decode(bare);
  const issuer = decoded === undefined ? issuers[0] : issuerOf(issuers, decoded);
  const { findings, keys } = await checkIssuer(issuer.AUTH_ISSUER);
  if (bare !== undefined) {
    findings.push(...(await explainToken(bare, issuer, { keys, clock: systemClock })));
  }
  return { name: `tokens of ${issuer.AUTH_ISSUER}`, findings };
}
