import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../build/bundle.ts";
import type { Identities, TokenName } from "./oidc-issuer.ts";
import { isPortTaken } from "./ports.ts";

/**
 * The content of `.local/stack.json`, which tells tests and tools about the running stack. Several stacks may run from one
 * folder: each has its own file, named by its port, and `stack.json` is a copy of the newest living one's.
 */
export interface Stack extends Identities {
  apiUrl: string;
  issuerUrl: string;
  /** The RingCentral twin, or the server given with `--upstream`. */
  twinUrl: string;
  dynamodbUrl: string;
  secretsUrl: string;
  /** The SQS endpoint. */
  sqsUrl: string;
  tokens: Record<TokenName, string>;
}

export const localDir = join(projectRoot, ".local");
const newestPath = (dir: string) => join(dir, "stack.json");
const ownPath = ({ apiUrl }: Stack, dir: string) => join(dir, `stack-${new URL(apiUrl).port}.json`);

export function writeStackFiles(stack: Stack, dir = localDir): void {
  mkdirSync(dir, { recursive: true });
  write(ownPath(stack, dir), stack);
  write(newestPath(dir), stack);
}

/** Written completely or not at all, and readable only by its owner: it holds tokens. */
function write(path: string, stack: Stack): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** The newest stack. `undefined`: no stack is running. */
export function readStackFile(dir = localDir): Stack | undefined {
  return existsSync(newestPath(dir)) ? read(newestPath(dir)) : undefined;
}

const read = (path: string): Stack => JSON.parse(readFileSync(path, "utf8"));

/** `stack.json` of a stopping stack goes to the newest one that still runs. */
export async function removeStackFiles(stack: Stack, dir = localDir): Promise<void> {
  rmSync(ownPath(stack, dir), { force: true });
  if (readStackFile(dir)?.apiUrl !== stack.apiUrl) return;
  const next = await newestLiving(dir);
  if (next === undefined) rmSync(newestPath(dir));
  else write(newestPath(dir), next);
}

/** The file of a killed stack stays behind, but nothing listens on its port. */
async function newestLiving(dir: string): Promise<Stack | undefined> {
  const paths = readdirSync(dir)
    .filter((name) => /^stack-\d+\.json$/.test(name))
    .map((name) => join(dir, name))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  for (const path of paths) {
    const stack = read(path);
    if (await isPortTaken(Number(new URL(stack.apiUrl).port))) return stack;
  }
  return undefined;
}

/**
 * A line to paste for each of the seven operations, valid in any folder. The line reads its token from the stack file:
 * tokens are long.
 */
export function curlLines(stack: Stack): string {
  const me = `${stack.apiUrl}/v1/extensions/me`;
  const bearer = (name: TokenName) =>
    `-H "authorization: Bearer $(node -p "require('${ownPath(stack, localDir)}').tokens.${name}")"`;
  const json = (body: object) => `-H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  const user = bearer("user");
  const cabin = `$(curl -s ${me}/forwarding-numbers ${user} | node -p "JSON.parse(require('fs').readFileSync(0)).data.at(-1).id")`;
  return [
    "# blocked numbers: list, add",
    `curl -s ${me}/blocked-numbers ${user}`,
    `curl -s ${me}/blocked-numbers ${user} ${json({ phoneNumber: "+12025550199", label: "Robocaller" })}`,
    "# blocked and allowed numbers",
    `curl -s '${me}/caller-blocking/phone-numbers?status=all' ${user}`,
    "# forwarding numbers: list, add, change the last one",
    `curl -s ${me}/forwarding-numbers ${user}`,
    `curl -s ${me}/forwarding-numbers ${user} ${json({ phoneNumber: "+12025550155", label: "Cabin", type: "Other" })}`,
    `curl -s -X PUT ${me}/forwarding-numbers/${cabin} ${user} ${json({ label: "Lake cabin" })}`,
    "# the company's phone numbers",
    `curl -s '${stack.apiUrl}/v1/account/phone-numbers?limit=3' ${bearer("service")}`,
  ].join("\n");
}
