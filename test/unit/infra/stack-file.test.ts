import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listenOnLoopback } from "../../../infra/local/ports.ts";
import {
  readStackFile,
  removeStackFiles,
  type Stack,
  writeStackFiles,
} from "../../../infra/local/stack-file.ts";

let dir: string;
const running: (() => unknown)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ringfront-stack-"));
});
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A stack that listens, with its files written. */
async function startStack() {
  const { url: apiUrl, close } = await listenOnLoopback(createServer());
  const tokens = {
    user: `u ${apiUrl}`,
    otherUser: "o",
    readOnly: "r",
    admin: "a",
    service: "s",
    person: "p",
  };
  const urls = { apiUrl, issuerUrl: "i", twinUrl: "t", dynamodbUrl: "d", secretsUrl: apiUrl, sqsUrl: "q" };
  const signIn = { issuer: apiUrl, clientId: "example-app" };
  const stack: Stack = { ...urls, signIn, tokens, accountId: "37", extensionId: "1", otherExtensionId: "2" };
  let isOpen = true;
  const closeOnce = async () => {
    if (isOpen) await close();
    isOpen = false;
  };
  running.push(closeOnce);
  const first = await writeStackFiles(stack, dir);
  return { stack, first, close: closeOnce };
}

test("stack.json stays the first stack's while another one starts and stops", async () => {
  const first = await startStack();
  const second = await startStack();
  expect(second.first).toEqual(first.stack);
  expect(await readStackFile(dir)).toEqual(first.stack);
  await removeStackFiles(second.stack, dir);
  expect(await readStackFile(dir)).toEqual(first.stack);
  await removeStackFiles(first.stack, dir);
  expect(readdirSync(dir)).toEqual([]);
});

test("stack.json of a stopped stack goes to another one that runs", async () => {
  const first = await startStack();
  const killed = await startStack();
  const third = await startStack();
  await killed.close();
  await removeStackFiles(first.stack, dir);
  expect(await readStackFile(dir)).toEqual(third.stack);
});

test("a killed stack, whose files are still there, is not running, and the next one gets stack.json", async () => {
  const killed = await startStack();
  await killed.close();
  expect(await readStackFile(dir)).toBeUndefined();
  const next = await startStack();
  expect(next.first).toBe(next.stack);
  expect(await readStackFile(dir)).toEqual(next.stack);
});
