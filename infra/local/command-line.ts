import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** A mistake that the user can correct. The message is for the user. */
export class UsageError extends Error {}

/**
 * The options of the command line; `--help` prints the usage and ends the process.
 * @throws UsageError
 */
export function readOptions<Options extends ParseArgsOptionsConfig>(usage: string, options: Options) {
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

/** Runs a command. A UsageError prints its message and gives exit code 1. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** @throws UsageError naming the option */
export function readId(option: string, text: string | undefined): string | undefined {
  if (text === undefined || /^\d{1,20}$/.test(text)) return text;
  throw new UsageError(`${option} must be a numeric id, not "${text}".`);
}

/** The value of `--upstream`, without a trailing slash. @throws UsageError */
export function readServerUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--upstream must be an http or https URL, not "${text}".`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageError("--upstream must be a plain server URL, without credentials, query or fragment.");
  }
  return url.href.replace(/\/+$/, "");
}
