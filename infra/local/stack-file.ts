import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../build/bundle.ts";
import type { Identities, TokenName } from "./oidc-issuer.ts";
import { isPortTaken } from "./ports.ts";

/**
 * The content of `.local/stack.json`, which tells tests and tools about the running stack. Several stacks may run from one
 * folder: each has its own file, named by its port, and `stack.json` is a copy of the first one's.
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
  /** The API as an issuer for people who sign in with RingCentral, and an app that is registered there. */
  signIn: { issuer: string; clientId: string };
  /** Empty texts when a real provider issues the tokens. */
  tokens: Record<TokenName, string>;
}

export const localDir = join(projectRoot, ".local");
const sharedPath = (dir: string) => join(dir, "stack.json");
export const ownPath = ({ apiUrl }: Stack, dir = localDir) => join(dir, `stack-${new URL(apiUrl).port}.json`);

/** @returns the stack whose copy `stack.json` is: another one that runs already, or this one */
export async function writeStackFiles(stack: Stack, dir = localDir): Promise<Stack> {
  mkdirSync(dir, { recursive: true });
  write(ownPath(stack, dir), stack);
  const first = (await readStackFile(dir)) ?? stack;
  if (first === stack) write(sharedPath(dir), stack);
  return first;
}

/** Written completely or not at all, and readable only by its owner: it holds tokens. */
function write(path: string, stack: Stack): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** The stack of `stack.json`. `undefined`: it is not running. */
export async function readStackFile(dir = localDir): Promise<Stack | undefined> {
  return readLiving(sharedPath(dir));
}

/** A killed stack leaves its files behind, but nothing listens on its ports. (Another program may take the API's.) */
async function readLiving(path: string): Promise<Stack | undefined> {
  if (!existsSync(path)) return undefined;
  const stack: Stack = JSON.parse(readFileSync(path, "utf8"));
  return (await isPortTaken(Number(new URL(stack.secretsUrl).port))) ? stack : undefined;
}

/** `stack.json` of a stopping stack goes to the next one that runs. */
export async function removeStackFiles(stack: Stack, dir = localDir): Promise<void> {
  rmSync(ownPath(stack, dir), { force: true });
  const first = await readStackFile(dir);
  if (first !== undefined && first.apiUrl !== stack.apiUrl) return;
  rmSync(sharedPath(dir), { force: true });
  for (const name of readdirSync(dir).filter((name) => /^stack-\d+\.json$/.test(name))) {
    const other = await readLiving(join(dir, name));
    if (other !== undefined) return write(sharedPath(dir), other);
  }
}

/**
 * A line to paste for each of the seven operations, valid in any folder. The line reads its token from the stack file, as
 * tokens are long, or from the variable TOKEN when a real provider issues it.
 */
export function curlLines(stack: Stack): string {
  const me = `${stack.apiUrl}/v1/extensions/me`;
  const bearer = (name: TokenName) => bearerOf(stack, name);
  const json = (body: object) => `-H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  const user = bearer("user");
  const cabin = `$(curl -s ${me}/forwarding-numbers ${user} | node -p "JSON.parse(require('fs').readFileSync(0)).data.find((number) => number.label === 'Cabin').id")`;
  return [
    "# blocked numbers: list, add",
    `curl -s ${me}/blocked-numbers ${user}`,
    `curl -s ${me}/blocked-numbers ${user} ${json({ phoneNumber: "+12025550199", label: "Robocaller" })}`,
    "# blocked and allowed numbers",
    `curl -s '${me}/caller-blocking/phone-numbers?status=all' ${user}`,
    "# forwarding numbers: list, add, change the added one",
    `curl -s ${me}/forwarding-numbers ${user}`,
    `curl -s ${me}/forwarding-numbers ${user} ${json({ phoneNumber: "+12025550155", label: "Cabin", type: "Other" })}`,
    `curl -s -X PUT ${me}/forwarding-numbers/${cabin} ${user} ${json({ label: "Lake cabin" })}`,
    "# the company's phone numbers",
    `curl -s '${stack.apiUrl}/v1/account/phone-numbers?limit=3' ${bearer("service")}`,
  ].join("\n");
}

function bearerOf(stack: Stack, name: TokenName): string {
  const fromFile = `$(node -p "require('${ownPath(stack)}').tokens.${name}")`;
  return `-H "authorization: Bearer ${stack.tokens[name] === "" ? "$TOKEN" : fromFile}"`;
}

/** A line for a person without RingCentral claims, once the directory has been read. */
export const personLine = (stack: Stack) =>
  `# who am I, with a token that has nothing but a verified e-mail\n  curl -s ${stack.apiUrl}/v1/me ${bearerOf(stack, "person")}\n`;
