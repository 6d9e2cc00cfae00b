import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { findFreePort, isPortTaken } from "../../infra/local/ports.ts";
import { type Checkout, copyCheckout } from "./checkout.ts";
import {
  endStack,
  type NpmStart,
  npmStart,
  processTree,
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
  const ways: [name: string, stop: (stack: NpmStart) => void][] = [
    ["SIGTERM to npm", (stack) => stack.child.kill("SIGTERM")],
    ["Ctrl-C, which signals the whole process group", (stack) => process.kill(-pidOf(stack), "SIGINT")],
    ["SIGTERM to the whole process group", (stack) => process.kill(-pidOf(stack), "SIGTERM")],
    ["SIGKILL to npm alone", (stack) => stack.child.kill("SIGKILL")],
  ];

  test.each(ways)("%s leaves no process, no busy port and no stack file", async (_name, stop) => {
    const stack = start({ port: await findFreePort() });
    const { apiUrl, issuerUrl, twinUrl, dynamodbUrl, secretsUrl } = await untilReady(stack, dir);
    const pids = processTree(pidOf(stack));
    expect(pids.length).toBeGreaterThanOrEqual(4);

    stop(stack);

    await stack.exit;
    await untilGone(pids, 5_000);
    const ports = portsOf(apiUrl, issuerUrl, twinUrl, dynamodbUrl, secretsUrl);
    expect(await Promise.all(ports.map(isPortTaken))).toEqual(ports.map(() => false));
    expect(stackFileExists(dir)).toBe(false);
  });

  test("a stopped stack ends with exit code 0, and a new one starts in its place", async () => {
    const port = await findFreePort();
    const first = start({ port });
    await untilReady(first, dir);
    process.kill(-pidOf(first), "SIGINT");
    expect(await first.exit).toBe(0);

    const second = await untilReady(start({ port }), dir);
    expect((await fetch(`${second.apiUrl}/healthz`)).status).toBe(200);
  });

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

  test("after a kill of every process, the doctor says that the stack is not running", async () => {
    const stack = start({ port: await findFreePort() });
    await untilReady(stack, dir);
    const pids = processTree(pidOf(stack));
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await untilGone(pids, 5_000);
    const doctor = spawnSync(process.execPath, ["infra/doctor/doctor.ts"], { cwd: dir, encoding: "utf8" });
    rmSync(join(dir, ".local"), { recursive: true });
    expect(doctor).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("The local stack is not running"),
    });
  });

  test("when the gateway emulator dies, everything else stops and the terminal says why", async () => {
    const port = await findFreePort();
    const stack = start({ port });
    await untilReady(stack, dir);
    const pids = processTree(pidOf(stack));
    const emulator = pids.at(-1);
    if (emulator === undefined) throw new Error("no emulator");
    process.kill(emulator, "SIGKILL");
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain("The API Gateway emulator stopped, so everything stops");
    await untilGone(pids, 5_000);
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

  const mistakes: [args: string[], env: Record<string, string>, said: string][] = [
    [["--upsteam", "http://127.0.0.1:1"], {}, "Unknown option '--upsteam'"],
    [["--upstream", "ftp://127.0.0.1"], {}, "--upstream must be an http or https URL"],
    [["--upstream", "http://127.0.0.1:9"], {}, "Nothing responds at http://127.0.0.1:9"],
    [
      ["--upstream", "https://platform.example.com"],
      {},
      "RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET, RINGCENTRAL_JWT are not set",
    ],
    [
      ["--upstream", "https://platform.example.com"],
      { RINGCENTRAL_CLIENT_ID: "a", RINGCENTRAL_JWT: "b" },
      "RINGCENTRAL_CLIENT_SECRET is not set",
    ],
    [["--extension", "me"], {}, "--extension must be a numeric id"],
    [["--numbers", "many"], {}, "--numbers must be a whole number"],
    [["--call-handling", "old"], {}, '--call-handling must be legacy, new or moving, not "old"'],
    [[], { PORT: "http" }, 'PORT must be a whole number from 1 to 65535, not "http"'],
  ];
  test.each(mistakes)("explains in words why %j with %j is rejected", async (args, env, said) => {
    const stack = start({ port: await findFreePort(), args, env });
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain(said);
    expect(stack.output()).not.toMatch(/^\s+at /m);
  });

  test("--help prints the options and starts nothing", async () => {
    const stack = start({ port: await findFreePort(), args: ["--help"] });
    expect(await stack.exit).toBe(0);
    expect(stack.output()).toContain("--upstream URL");
    expect(stack.output()).not.toContain("OIDC issuer");
  });
});

test("two stacks from two checkouts run side by side", async () => {
  const other = copyCheckout();
  const [portA, portB] = [await findFreePort(), await findFreePort()];
  const a = start({ port: portA });
  const b = npmStart({ dir: other.dir, port: portB });
  started.push(b);
  const [stackA, stackB] = await Promise.all([untilReady(a, dir), untilReady(b, other.dir)]);
  expect(stackA.twinUrl).not.toBe(stackB.twinUrl);
  expect((await fetch(`${stackA.apiUrl}/healthz`)).status).toBe(200);
  expect((await fetch(`${stackB.apiUrl}/healthz`)).status).toBe(200);
  await endStack(b);
  other.remove();
});
