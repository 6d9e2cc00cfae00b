import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "../build/bundle.ts";
import type { TokenName } from "./oidc-issuer.ts";

/** What `.local/stack.json` tells tests and tools about the running stack. */
export interface Stack {
  apiUrl: string;
  issuerUrl: string;
  /** The RingCentral twin, or the server given with `--upstream`. */
  twinUrl: string;
  dynamodbUrl: string;
  secretsUrl: string;
  /** The SQS endpoint. */
  sqsUrl: string;
  tokens: Record<TokenName, string>;
  extensionId: string;
  otherExtensionId: string;
  accountId: string;
}

export const localDir = join(projectRoot, ".local");
export const stackPath = join(localDir, "stack.json");

/** Written whole or not at all, readable by its owner alone: it holds tokens. */
export function writeStackFile(stack: Stack): void {
  mkdirSync(dirname(stackPath), { recursive: true });
  const draft = `${stackPath}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, stackPath);
}

/** Removes the file unless another stack, started later from the same folder, has written its own. */
export function removeStackFile(stack: Stack): void {
  try {
    if (JSON.parse(readFileSync(stackPath, "utf8")).apiUrl === stack.apiUrl) rmSync(stackPath);
  } catch {
    // Gone already, or not ours to judge.
  }
}

/**
 * A line to paste for each of the seven operations, good in any folder. Tokens are read from the stack file: in full
 * they would bury the rest of the line.
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
