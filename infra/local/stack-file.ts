import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../build/bundle.ts";
import type { Identities, TokenName } from "./oidc-issuer.ts";

/** The content of `.local/stack.json`, which tells tests and tools about the running stack. */
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
const stackPath = join(localDir, "stack.json");

/** Written completely or not at all, and readable only by its owner: it holds tokens. */
export function writeStackFile(stack: Stack): void {
  mkdirSync(localDir, { recursive: true });
  const draft = `${stackPath}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, stackPath);
}

/** `undefined`: no stack is running. */
export function readStackFile(): Stack | undefined {
  return existsSync(stackPath) ? JSON.parse(readFileSync(stackPath, "utf8")) : undefined;
}

/** Removes the file unless another stack, started later from the same folder, has written its own. */
export function removeStackFile({ apiUrl }: Stack): void {
  if (readStackFile()?.apiUrl === apiUrl) rmSync(stackPath);
}

/**
 * A line to paste for each of the seven operations, valid in any folder. The line reads its token from the stack file:
 * tokens are long.
 */
export function curlLines(stack: Stack): string {
  const me = `${stack.apiUrl}/v1/extensions/me`;
  const bearer = (name: TokenName) =>
    `-H "authorization: Bearer $(node -p "require('${stackPath}').tokens.${name}")"`;
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
