import { parseArgs } from "node:util";

export const usage = `usage: npm start -- [options]

  --upstream URL   use this RingCentral-compatible server in place of the twin; credentials come from
                   RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET and RINGCENTRAL_JWT
                   (a loopback URL may do without: the twin's own are used)
  --extension ID   the extension the tokens "user", "readOnly" and "admin" stand for
  --account ID     the account of all tokens
  --numbers N      how many phone numbers the twin's account has
  --help           this text

environment: PORT (default 3000), CORS_ALLOWED_ORIGINS (comma-separated)`;

export interface StartOptions {
  apiPort: number;
  /** Without a trailing slash. */
  upstreamUrl?: string;
  extensionId?: string;
  accountId?: string;
  numbers?: number;
}

/** The command line or the environment asks for something that does not exist. The message is for the user. */
export class UsageError extends Error {}

/**
 * Reads the command line of `npm start`.
 * @returns `undefined` when only the usage text is wanted
 * @throws UsageError naming the option at fault
 */
export function parseStartOptions(
  args: readonly string[],
  env: Record<string, string | undefined>,
): StartOptions | undefined {
  const values = parseArguments(args);
  if (values.help === true) return undefined;
  return {
    apiPort: wholeNumber("PORT", env.PORT || "3000", 1, 65_535),
    ...(values.upstream !== undefined && { upstreamUrl: httpUrl(values.upstream) }),
    ...(values.extension !== undefined && { extensionId: numericId("--extension", values.extension) }),
    ...(values.account !== undefined && { accountId: numericId("--account", values.account) }),
    ...(values.numbers !== undefined && { numbers: wholeNumber("--numbers", values.numbers, 1, 1_000_000) }),
  };
}

function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        upstream: { type: "string" },
        extension: { type: "string" },
        account: { type: "string" },
        numbers: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${problem}\n\n${usage}`);
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not "${text}".`);
  }
  return value;
}

/** @throws UsageError naming the option */
export function numericId(name: string, text: string): string {
  if (!/^\d{1,20}$/.test(text)) throw new UsageError(`${name} must be a numeric id, not "${text}".`);
  return text;
}

/** The value of `--upstream`, without a trailing slash. @throws UsageError */
export function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--upstream must be an http or https URL, not "${text}".`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageError("--upstream must be a plain server URL, without credentials, query or fragment.");
  }
  return url.href.replace(/\/+$/, "");
}
