import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFreePort } from "../../infra/local/ports.ts";
import { routes } from "../../lib/contract/routes.ts";
import { copyCheckout } from "./checkout.ts";
import { endStack, type NpmStart, npmStart, patientFetch, type StackFile, untilReady } from "./npm-start.ts";

const checkout = copyCheckout();
let started: NpmStart;
let stack: StackFile;

beforeAll(async () => {
  started = npmStart({ dir: checkout.dir, port: await findFreePort() });
  stack = await untilReady(started, checkout.dir);
  // These tests sync more often than RingCentral's ten Heavy calls a minute allow.
  const body = JSON.stringify({ limits: { Heavy: 200 } });
  const changed = await fetch(`${stack.twinUrl}/__twin/options`, { method: "PATCH", body });
  if (!changed.ok) throw new Error(`the twin keeps its limits: ${changed.status}`);
});
afterAll(async () => {
  await endStack(started);
  checkout.remove();
});

async function call(path: string, { method = "GET", token = stack.tokens.service } = {}) {
  const response = await patientFetch(`${stack.apiUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** Edits the twin's numbers without the service's knowledge. */
async function edit(method: string, path: string, body?: object): Promise<{ id: number }> {
  const response = await fetch(`${stack.twinUrl}/__twin/numbers${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  const text = await response.text();
  return text === "" ? { id: 0 } : JSON.parse(text);
}

// biome-ignore lint/suspicious/noExplicitAny: tests read responses of every shape
async function json(url: string): Promise<any> {
  return (await fetch(url)).json();
}

/** Asks until the result is as wanted: a sync takes its time. @throws with the last result */
async function until<Result>(
  ask: () => Promise<Result>,
  isWanted: (result: Result) => boolean,
): Promise<Result> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const result = await ask();
    if (isWanted(result)) return result;
    if (Date.now() > deadline) throw new Error(`still not: ${JSON.stringify(result)}`);
    await pause(200);
  }
}

const status = async () => (await call("/v1/sync")).body.data[0];
const snapshot = () =>
  until(
    () => call("/v1/account/phone-numbers"),
    ({ body }) => body.meta.source === "snapshot",
  );

/** Starts a sync and waits until it ends. */
async function sync() {
  const known = new Set((await status()).history.map(({ id }: { id: string }) => id));
  expect((await call("/v1/sync", { method: "POST" })).status).toBe(202);
  return until(
    status,
    ({ state, history }) => state !== "running" && state !== "queued" && !known.has(history[0]?.id),
  );
}

describe("RingCentral's notifications", () => {
  test("are subscribed to, and start a sync", async () => {
    await snapshot();
    await edit("POST", "", { phoneNumber: "+12025550121", extensionId: stack.extensionId });
    const delivered = await until(
      async () => (await json(`${stack.twinUrl}/__twin/deliveries`)).data.at(-1),
      (delivery) => delivery?.status !== undefined,
    );
    expect(delivered).toMatchObject({ status: 200, body: { extensionId: stack.extensionId } });
    const { messages } = await json(`${stack.sqsUrl}/_fauxqs/queues/ringfront-local-sync`);
    const delayed: { kind?: string }[] = messages.delayed.map(({ body }: { body: string }) =>
      JSON.parse(body),
    );
    // The schedule also has the directory read later.
    expect(delayed.filter(({ kind }) => kind !== "directory")).toMatchObject([
      { accountId: stack.accountId, trigger: "hint" },
    ]);
  });
});

describe("the synced snapshot", () => {
  test("exists soon after the start, and serves the list", async () => {
    const { body } = await snapshot();
    expect(body.page.total).toBeGreaterThanOrEqual(250);
    expect(await status()).toMatchObject({ state: "idle", lastSuccessAt: expect.any(String) });
  });

  test("has a feed: every edit arrives, in order, and the list matches RingCentral's", async () => {
    await snapshot();
    await sync();
    const begun = await call("/v1/account/phone-numbers/changes");
    expect(begun).toMatchObject({ status: 200, body: { data: [], page: { hasMore: false } } });
    const linked = await call(begun.body.meta.snapshot);
    expect(linked).toMatchObject({ status: 200, body: { meta: { source: "snapshot" } } });

    const { id } = await edit("POST", "", { phoneNumber: "+12025550120", label: "Lighthouse" });
    await edit("PATCH", "/900001", { label: "Switchboard" });
    await edit("DELETE", "/900005");
    expect((await sync()).history).toContainEqual(
      expect.objectContaining({ state: "committed", added: 1, updated: 1, removed: 1 }),
    );

    const cursor = encodeURIComponent(begun.body.page.nextCursor);
    const { body } = await call(`/v1/account/phone-numbers/changes?cursor=${cursor}`);
    const changes = new Map(body.data.map((change: { id: string }) => [change.id, change]));
    expect(changes.get(String(id))).toMatchObject({ type: "added", phoneNumber: { label: "Lighthouse" } });
    expect(changes.get("900001")).toMatchObject({ type: "updated", changedFields: ["label"] });
    expect(changes.get("900005")).toMatchObject({ type: "removed" });
    const found = await call("/v1/account/phone-numbers?q=lighth");
    expect(found.body.data).toMatchObject([{ id: String(id), phoneNumber: "+12025550120" }]);
  });

  test("keeps every number after a sudden shrink: the shrink is quarantined until an operator confirms it", async () => {
    await snapshot();
    const { body } = await call("/v1/account/phone-numbers?limit=1");
    for (let id = 900_030; id < 900_110; id += 1) await edit("DELETE", `/${id}`);
    expect(await sync()).toMatchObject({ state: "quarantined", quarantine: { removed: 80 } });
    expect((await call("/v1/account/phone-numbers?limit=1")).body.page.total).toBe(body.page.total);

    expect((await call("/v1/sync/quarantine/confirm", { method: "POST" })).status).toBe(202);
    await until(status, ({ state }) => state === "idle");
    const after = await call("/v1/account/phone-numbers?limit=1");
    expect(after.body.page.total).toBe(body.page.total - 80);
  });

  test("is brought up to date from a terminal", async () => {
    const run = promisify(execFile);
    const { stdout } = await run("npm", ["run", "--silent", "sync", "--", "--account", "~"], {
      cwd: checkout.dir,
    });
    expect(stdout).toMatch(/(committed|unchanged): \d+ numbers/);
  });
});

describe("npm run smoke", () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ["infra/deploy/smoke.ts", ...args], { cwd: checkout.dir }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    );

  test("finds every route, the refusals and the sync of a running stack in order", async () => {
    const { code, stdout } = await run("--url", stack.apiUrl, "--token", stack.tokens.admin);
    expect([code, stdout.match(/^failed.*$/gm)], stdout).toEqual([0, null]);
    expect(stdout).toMatch(/^ok {6}a sync: (committed|unchanged)$/m);
    expect(stdout).toMatch(/^ok {6}sign-in with RingCentral: .* has \d keys$/m);
    for (const { method, path } of routes) expect(stdout).toContain(`${method} ${path}`);
  });

  test("fails for a stage that serves nothing behind its authorizer", async () => {
    const { code, stdout } = await run("--url", stack.issuerUrl, "--token", stack.tokens.admin);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^failed {2}GET \/v1\/account/m)]);
  });
});
