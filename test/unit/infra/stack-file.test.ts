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

/** A stack whose API listens, with its files written. */
async function startStack(): Promise<{ stack: Stack; close: () => Promise<void> }> {
  const { url: apiUrl, close } = await listenOnLoopback(createServer());
  const tokens = { user: `u ${apiUrl}`, otherUser: "o", readOnly: "r", admin: "a", service: "s" };
  const urls = { apiUrl, issuerUrl: "i", twinUrl: "t", dynamodbUrl: "d", secretsUrl: "s", sqsUrl: "q" };
  const stack = { ...urls, tokens, accountId: "37", extensionId: "1", otherExtensionId: "2" };
  let isOpen = true;
  const closeOnce = async () => {
    if (isOpen) await close();
    isOpen = false;
  };
  running.push(closeOnce);
  writeStackFiles(stack, dir);
  return { stack, close: closeOnce };
}

test("stack.json is of the newest stack, and of the one before it when that stops", async () => {
  const first = await startStack();
  const second = await startStack();
  expect(readStackFile(dir)).toEqual(second.stack);
  await removeStackFiles(second.stack, dir);
  expect(readStackFile(dir)).toEqual(first.stack);
  await removeStackFiles(first.stack, dir);
  expect(readdirSync(dir)).toEqual([]);
});

test("an older stack that stops leaves the newest one's stack.json", async () => {
  const first = await startStack();
  const second = await startStack();
  await removeStackFiles(first.stack, dir);
  expect(readStackFile(dir)).toEqual(second.stack);
});

test("a killed stack, whose file is still there, does not get stack.json", async () => {
  const killed = await startStack();
  const last = await startStack();
  await killed.close();
  await removeStackFiles(last.stack, dir);
  expect(readStackFile(dir)).toBeUndefined();
});
