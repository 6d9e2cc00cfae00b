// A stand-alone twin: `node test/twin/main.ts --port 3900 --numbers 25000`. Prints its URL once it listens.
import { parseArgs } from "node:util";
import { describeValues, settingNames } from "./options.ts";
import { OptionError, SEED, startTwin, type TwinOptions } from "./twin.ts";

const toFlag = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const line = (name: string, meaning: string) => `  --${toFlag(name)}`.padEnd(32) + meaning;
const startOptions = {
  port: "0, the default, takes a free one",
  host: "default 127.0.0.1",
  numbers: "phone numbers in the account (250)",
  seed: "determines ids, tokens and random faults (1)",
  callHandling: "the backend of the main account: legacy | new | moving (legacy)",
  moveAfterMs: "when a moving account moves (60000)",
  moveBeforeCall: "or before that many calls, if sooner",
  redirectUris: "where authorization codes may be sent, separated by commas (none)",
  limits: "Light=50,Medium=40,Heavy=10,Auth=5 in part or whole, or off",
  oddLists: "oddities of lists, separated by commas (none)",
};
const settings = settingNames.filter((name) => !Object.hasOwn(startOptions, name));
const usage = `usage: node test/twin/main.ts [options]

${Object.entries(startOptions)
  .map(([name, meaning]) => line(name, meaning))
  .join("\n")}
  --help                        this text

Settings, which the README explains and PATCH /__twin/options changes:

${settings.map((name) => line(name, describeValues(name))).join("\n")}`;

const lists = ["oddLists", "redirectUris"];
/** Words, even when they look like a number. */
const words = ["accountLock", "unroutedAs", "signInAs", "codeErrorStatus"];

const text = { type: "string" } as const;
const flags = {
  ...Object.fromEntries([...Object.keys(startOptions), ...settings].map((name) => [toFlag(name), text])),
  help: { type: "boolean" },
} as const;

/** A flag's text as a number, boolean or word. */
function toValue(given: string, name = ""): unknown {
  if (words.includes(name)) return given;
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
      return [name, lists.includes(name) ? String(given).split(",") : toValue(String(given), name)];
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
