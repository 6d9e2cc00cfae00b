import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findFreePort, isPortTaken } from "../../infra/local/ports.ts";
import { type Checkout, copyCheckout } from "./checkout.ts";
import {
  endStack,
  type NpmStart,
  npmStart,
  processTree,
  type StackFile,
  stackFileExists,
  untilGone,
  untilReady,
} from "./npm-start.ts";

const checkout: Checkout = copyCheckout();
const { dir } = checkout;
const started: NpmStart[] = [];

function start(options: { port: number; args?: string[]; env?: Record<string, string> }): NpmStart {
  const stack = npmStart({ dir, ...options });
  started.push(stack);
  return stack;
}

function pidOf({ child }: NpmStart): number {
  if (child.pid === undefined) throw new Error("npm did not start");
  return child.pid;
}

const portsOf = (...urls: string[]) => urls.map((url) => Number(new URL(url).port));

afterEach(async () => {
  await Promise.all(started.splice(0).map(endStack));
});
afterAll(() => checkout.remove());

describe("stopping", () => {
  const signalled = expect.any(Number);
  const ways: [name: string, stop: (stack: NpmStart) => void, exitCode: number][] = [
    ["Ctrl-C, which signals the whole process group", (stack) => process.kill(-pidOf(stack), "SIGINT"), 0],
    ["SIGTERM to the whole process group", (stack) => process.kill(-pidOf(stack), "SIGTERM"), signalled],
    ["SIGTERM to npm", (stack) => stack.child.kill("SIGTERM"), signalled],
    ["SIGKILL to npm alone", (stack) => stack.child.kill("SIGKILL"), signalled],
  ];
  let portOfAll: number | undefined;

  test.each(ways)(
    "%s leaves no process, no busy port and no stack file, and a new stack starts in its place",
    async (_name, stop, exitCode) => {
      // Each stack takes the port of the one before.
      portOfAll ??= await findFreePort();
      const stack = start({ port: portOfAll });
      const { apiUrl, issuerUrl, twinUrl, dynamodbUrl, secretsUrl } = await untilReady(stack, dir);
      expect((await fetch(`${apiUrl}/healthz`)).status).toBe(200);
      const pids = processTree(pidOf(stack));
      expect(pids.length).toBeGreaterThanOrEqual(4);

      stop(stack);

      expect(await stack.exit).toEqual(exitCode);
      await untilGone(pids, 5_000);
      const ports = portsOf(apiUrl, issuerUrl, twinUrl, dynamodbUrl, secretsUrl);
      expect(await Promise.all(ports.map(isPortTaken))).toEqual(ports.map(() => false));
      expect(stackFileExists(dir)).toBe(false);
    },
  );

  test("a stop during the start leaves nothing either", async () => {
    const port = await findFreePort();
    const stack = start({ port });
    await expect.poll(() => stack.output(), { timeout: 60_000 }).toContain("OIDC issuer");
    const pids = processTree(pidOf(stack));
    stack.child.kill("SIGTERM");
    await stack.exit;
    await untilGone(pids, 5_000);
    expect(await isPortTaken(port)).toBe(false);
    expect(stackFileExists(dir)).toBe(false);
  });
});

describe("rejecting bad options", () => {
  test("reports a taken port in one clear sentence and leaves nothing running", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const stack = start({ port });
    const pid = pidOf(stack);
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain(`Port ${port} is taken by another program`);
    expect(stack.output()).not.toMatch(/^\s+at /m);
    await untilGone([pid], 2_000);
    expect(stackFileExists(dir)).toBe(false);
    blocker.close();
  });

  test("explains a mistake in words", async () => {
    const stack = start({ port: await findFreePort(), args: ["--upsteam", "http://127.0.0.1:1"] });
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain("Unknown option '--upsteam'");
    expect(stack.output()).not.toMatch(/^\s+at /m);
  });

  test("--help prints the options and starts nothing", async () => {
    const stack = start({ port: await findFreePort(), args: ["--help"] });
    expect(await stack.exit).toBe(0);
    expect(stack.output()).toContain("--upstream URL");
    expect(stack.output()).not.toContain("OIDC issuer");
  });
});

describe("two stacks from two checkouts", () => {
  const other = copyCheckout();
  let a: NpmStart;
  let b: NpmStart;
  let stackB: StackFile;
  beforeAll(async () => {
    a = npmStart({ dir, port: await findFreePort() });
    b = npmStart({ dir: other.dir, port: await findFreePort() });
  });
  afterAll(async () => {
    await Promise.all([a, b].map(endStack));
    other.remove();
  });
  const health = async ({ apiUrl }: StackFile) => (await fetch(`${apiUrl}/healthz`)).status;

  test("run side by side", async () => {
    const [stackA, inB] = await Promise.all([untilReady(a, dir), untilReady(b, other.dir)]);
    stackB = inB;
    expect(stackA.twinUrl).not.toBe(stackB.twinUrl);
    expect([await health(stackA), await health(stackB)]).toEqual([200, 200]);
  });

  test("after a kill of every process of one, the doctor says that it is not running, and the other runs", async () => {
    const pids = processTree(pidOf(a));
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await untilGone(pids, 5_000);
    const doctor = spawnSync(process.execPath, ["infra/doctor/doctor.ts"], { cwd: dir, encoding: "utf8" });
    rmSync(join(dir, ".local"), { recursive: true });
    expect(doctor).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("The local stack is not running"),
    });
    expect(await health(stackB)).toBe(200);
  });

  test("when the gateway emulator of one dies, everything else of it stops and the terminal says why", async () => {
    const pids = processTree(pidOf(b));
    const emulator = pids.at(-1);
    if (emulator === undefined) throw new Error("no emulator");
    process.kill(emulator, "SIGKILL");
    expect(await b.exit).toBe(1);
    expect(b.output()).toContain("The API Gateway emulator stopped, so everything stops");
    await untilGone(pids, 5_000);
    expect(stackFileExists(other.dir)).toBe(false);
  });
});
