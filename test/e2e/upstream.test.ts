import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/mini";
import { findFreePort } from "../../infra/local/ports.ts";
import { copyCheckout } from "./checkout.ts";
import { answers, curlLines, numbersAfter, numbersIn, runLine } from "./curl-lines.ts";
import {
  endStack,
  isAlive,
  type NpmStart,
  npmStart,
  patientFetch,
  type StackFile,
  untilReady,
} from "./npm-start.ts";

const checkout = copyCheckout();
let twin: ChildProcess;
let twinUrl: string;
let started: NpmStart;
let stack: StackFile;

beforeAll(async () => {
  const port = await findFreePort();
  twinUrl = `http://127.0.0.1:${port}`;
  const main = join(checkout.dir, "test/twin/main.ts");
  twin = spawn(process.execPath, [main, "--port", String(port), "--call-handling", "new"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (twin.stdout) await once(twin.stdout, "data");
  started = npmStart({ dir: checkout.dir, port: await findFreePort(), args: ["--upstream", twinUrl] });
  stack = await untilReady(started, checkout.dir);
});
afterAll(async () => {
  await endStack(started);
  twin.kill();
  checkout.remove();
});

const list = (path: string, token: string) =>
  patientFetch(`${stack.apiUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });

test("the stack names the separate server as its RingCentral", () => {
  expect(stack.twinUrl).toBe(twinUrl);
});

test("serves from a server that was started separately", async () => {
  const response = await list("/v1/extensions/me/forwarding-numbers", stack.tokens.user);
  expect(response.status).toBe(200);
  const { data } = z.object({ data: z.array(z.unknown()) }).parse(await response.json());
  expect(data.length).toBeGreaterThan(0);
});

test("the printed curl lines answer on the new call-handling backend as on the legacy one", () => {
  const lines = curlLines(started);
  expect(lines.map((line) => runLine(line).status)).toEqual(answers);
  expect(numbersIn(lines)).toEqual(numbersAfter);
});

test("returns a documented problem when that server is gone, and stays up", async () => {
  const gone = once(twin, "exit");
  twin.kill();
  await gone;
  // No test has read it before, so neither the cache nor the snapshot has it.
  const response = await list("/v1/extensions/me/caller-blocking", stack.tokens.user);
  expect([502, 503]).toContain(response.status);
  expect(await response.json()).toMatchObject({ code: expect.stringMatching(/^upstream_/), retryable: true });
  expect(isAlive(started.child.pid ?? 0)).toBe(true);
  expect((await fetch(`${stack.apiUrl}/healthz`)).status).toBe(200);
});
