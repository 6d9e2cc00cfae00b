// A stand-alone twin: `node test/twin/main.ts --port 3900 --numbers 25000`. Prints its URL once it listens.
import { parseArgs } from "node:util";
import { settingNames } from "./options.ts";
import { OptionError, SEED, startTwin, type TwinOptions } from "./twin.ts";

const usage = `usage: node test/twin/main.ts [options]

  --port N                     0, the default, takes a free one
  --host H                     default 127.0.0.1
  --numbers N                  phone numbers in the account (250)
  --seed N                     fixes ids, tokens and the draws of faults (1)
  --max-per-page N             clamp page sizes to this (1000)
  --legacy-blocked-numbers B   false: blocked-number is not routed (true)
  --omitted-status-means X     Blocked | both
  --put-forwarding X           replace | merge
  --put-caller-blocking X      replace | merge
  --duplicate-blocked-number X CMN-406 | CMN-101 | idempotent
  --issue-refresh-tokens B     true | false
  --latency-ms N               every call takes this long (0)
  --call-handling X            legacy | new | moving: the backend of the main account (legacy)
  --move-after-ms N            when a moving account moves (60000)
  --move-before-call N         ... or before that many calls, if sooner
  --limits X                   Light=50,Medium=40,Heavy=10,Auth=5 in part or whole, or off
  --help                       this text

Every setting of the README has a flag, such as --moved-forwarding-writes CMN-468.`;

const text = { type: "string" } as const;
const startOptions = [
  "port",
  "host",
  "numbers",
  "seed",
  "callHandling",
  "moveAfterMs",
  "moveBeforeCall",
  "limits",
];
const toFlag = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const flags = {
  ...Object.fromEntries([...startOptions, ...settingNames].map((name) => [toFlag(name), text])),
  help: { type: "boolean" },
} as const;

/** A flag's text as a number, boolean or word. */
function toValue(given: string, name = ""): unknown {
  if (name === "accountLock" || name === "unroutedAs") return given;
  if (given === "true" || given === "false") return given === "true";
  return /^\d+$/.test(given) ? Number(given) : given;
}

function toLimits(given: string): unknown {
  if (given === "off") return false;
  return Object.fromEntries(
    given.split(",").map((pair) => {
      const [group, limit = ""] = pair.split("=");
      return [group, limit === "off" ? false : toValue(limit)];
    }),
  );
}

function readOptions(): TwinOptions | "help" {
  const { values } = parseArgs({ options: flags, strict: true });
  if (values.help) return "help";
  return Object.fromEntries(
    Object.entries(values).map(([flag, given]) => {
      const name = flag.replace(/-[a-z]/g, (match) => match.slice(1).toUpperCase());
      if (name === "limits") return [name, toLimits(String(given))];
      return [name, name === "oddLists" ? String(given).split(",") : toValue(String(given), name)];
    }),
  );
}

try {
  const options = readOptions();
  if (options === "help") {
    console.log(usage);
  } else {
    const twin = await startTwin(options);
    console.log(twin.url);
    console.log(`client ${SEED.clientId}, secret ${SEED.clientSecret}, jwt ${SEED.jwt}`);
    const stop = () => void twin.close();
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
  }
} catch (error) {
  const isMisuse = error instanceof OptionError || (error instanceof TypeError && "code" in error);
  console.error(isMisuse ? `${error.message}\n\n${usage}` : error);
  process.exitCode = 1;
}
