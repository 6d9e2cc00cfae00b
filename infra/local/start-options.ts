import { isIPv4 } from "node:net";
import { readId, readOptions, readServerUrl, UsageError } from "./command-line.ts";
import { LOOPBACK } from "./ports.ts";

const usage = `usage: npm start -- [options]

  --upstream URL   use this RingCentral-compatible server in place of the twin; credentials come from
                   RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET and RINGCENTRAL_JWT
                   (a loopback URL may do without: the twin's own are used)
  --extension ID   the extension the tokens "user", "readOnly" and "admin" stand for
  --account ID     the account of all tokens
  --numbers N      how many phone numbers the twin's account has
  --call-handling legacy|new|moving
                   the twin's call-handling backend (legacy); moving: from legacy to new one minute after the start
  --host ADDRESS   the address to listen on (127.0.0.1): this machine's on the LAN, or 0.0.0.0, for an app on a phone
  --help           this text

environment: PORT (default 3000), CORS_ALLOWED_ORIGINS and CORS_ALLOWED_HEADERS (comma-separated); AUTH_ISSUER and
AUTH_AUDIENCE serve the tokens of a real provider, read as AUTH_ACCOUNT_CLAIM and the others in docs/guides/identity.md say`;

export type StartOptions = ReturnType<typeof readStartOptions>;

/** The options of `npm start`. @throws UsageError naming the faulty option */
export function readStartOptions() {
  const { upstream, extension, account, numbers, ...others } = readOptions(usage, {
    upstream: { type: "string" },
    extension: { type: "string" },
    account: { type: "string" },
    numbers: { type: "string" },
    "call-handling": { type: "string" },
    host: { type: "string" },
  });
  return {
    host: readHost(others.host),
    apiPort: wholeNumber("PORT", process.env.PORT || "3000", 65_535),
    upstreamUrl: readServerUrl(upstream),
    extensionId: readId("--extension", extension),
    accountId: readId("--account", account),
    callHandling: readBackend(others["call-handling"]),
    numbers: numbers === undefined ? undefined : wholeNumber("--numbers", numbers, 1_000_000),
  };
}

function readHost(text = LOOPBACK): string {
  if (isIPv4(text)) return text;
  throw new UsageError(`--host must be an IPv4 address, not "${text}".`);
}

function readBackend(text = "legacy"): "legacy" | "new" | "moving" {
  if (text === "legacy" || text === "new" || text === "moving") return text;
  throw new UsageError(`--call-handling must be legacy, new or moving, not "${text}".`);
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from 1 to ${most}, not "${text}".`);
}
