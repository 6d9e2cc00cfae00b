import { afterEach, describe, expect, test } from "vitest";
import { extensionPath, type ListResponse, logIn, type Send } from "./http-lab.ts";
import { createManualClock, SEED, startTwin, type Twin, type TwinOptions } from "./twin.ts";

let twin: Twin;
let send: Send;
const clock = createManualClock();
afterEach(() => twin.close());

async function start(options: TwinOptions = {}) {
  twin = await startTwin({ numbers: 20, limits: false, clock, ...options });
  send = await logIn(twin);
}

const forwarding = `${extensionPath()}/forwarding-number`;
const flips = `/restapi/v2/accounts/~/extensions/${SEED.extensionId}/call-flip-numbers`;
const workHours = `/restapi/v2/accounts/~/extensions/${SEED.extensionId}/comm-handling/voice/state-rules/work-hours`;
const features = (extensionId?: string) =>
  `${extensionPath(extensionId)}/features?featureId=NewCallHandlingAndForwarding`;
const flag = async (extensionId?: string) =>
  (
    await send<{ records: { available: boolean; params?: { value: string }[] }[] }>(
      "GET",
      features(extensionId),
    )
  ).body.records[0];
const moved = async (extensionId?: string) => (await flag(extensionId))?.params?.[0]?.value === "true";
const numbers = async () => (await send<ListResponse>("GET", forwarding)).body.records;
const errorOf = async (method: string, path: string, body?: unknown) => {
  const response = await send<{ errors?: { errorCode: string }[]; errorCode?: string }>(method, path, body);
  return [response.status, response.body?.errors?.[0]?.errorCode ?? response.body?.errorCode];
};
function subscribe(): void {
  twin.state.subscriptions.push({
    id: "1",
    clientId: SEED.clientId,
    accountId: SEED.accountId,
    ownerId: SEED.adminExtensionId,
    eventFilters: [`/restapi/v1.0/account/${SEED.accountId}/extension/${SEED.extensionId}`],
    address: "http://127.0.0.1:1/none",
    status: "Active",
    failures: 0,
    lifetimeMs: 3_600_000,
    createdAt: clock.now(),
    expiresAt: clock.now() + 3_600_000,
  });
}
const cabin = { phoneNumber: "+13125550101", label: "Cabin" };

describe("an extension that has not moved", () => {
  test.each([
    ["param-false", { available: true, params: [{ name: "isNewBackendAvailable", value: "false" }] }],
    ["no-param", { available: true }],
    ["no-record", undefined],
    ["unavailable", { available: false, reason: { code: "AccountLimitation" } }],
  ] as const)("is shown by the features call with %s", async (featureBeforeMove, expected) => {
    await start({ featureBeforeMove });
    if (expected === undefined) expect(await flag()).toBeUndefined();
    else expect(await flag()).toMatchObject(expected);
  });

  test.each([
    ["CMN-102", 404],
    ["CMN-403", 403],
    ["AGW-404", 404],
  ] as const)("rejects v2 calls with %s", async (v2BeforeMove, status) => {
    await start({ v2BeforeMove });
    expect(await errorOf("GET", flips)).toEqual([status, v2BeforeMove]);
    expect((await send("GET", `${extensionPath()}/answering-rule`)).status).toBe(200);
  });
});

describe("the move", () => {
  test("is that of one extension, or of the account", async () => {
    await start();
    twin.callHandling.move({ extensionId: SEED.extensionId });
    expect([await moved(), await moved(SEED.otherExtensionId)]).toEqual([true, false]);
    twin.callHandling.move({});
    expect(await moved(SEED.otherExtensionId)).toBe(true);
    twin.callHandling.move({ extensionId: SEED.extensionId, to: "legacy" });
    expect([await moved(), await moved(SEED.otherExtensionId)]).toEqual([false, true]);
  });

  test("happens before the nth call, before an operation, or after a time", async () => {
    await start();
    twin.callHandling.move({ extensionId: SEED.extensionId }, { beforeCall: 3 });
    expect([await moved(), await moved(), await moved()]).toEqual([false, false, true]);
    const other = { extensionId: SEED.otherExtensionId };
    twin.callHandling.move(other, { operation: "addForwardingNumber" });
    expect(await moved(SEED.otherExtensionId)).toBe(false);
    await send("POST", `${extensionPath(SEED.otherExtensionId)}/forwarding-number`, cabin);
    expect(await moved(SEED.otherExtensionId)).toBe(true);
    twin.callHandling.move({ extensionId: SEED.fullExtensionId }, { afterMs: 5_000 });
    expect(await moved(SEED.fullExtensionId)).toBe(false);
    clock.advance(5_000);
    expect(await moved(SEED.fullExtensionId)).toBe(true);
  });

  test("is an option of a start, and survives a reset as such", async () => {
    await start({ callHandling: "moving", moveAfterMs: 60_000, moveBeforeCall: 2 });
    expect([await moved(), await moved()]).toEqual([false, true]);
    twin.reset();
    send = await logIn(twin);
    expect(await moved()).toBe(false);
    clock.advance(60_000);
    expect(await moved()).toBe(true);
  });

  test("raises a hint, and appears late in the features call, when both are set", async () => {
    await start({ featureLagMs: 30_000, moveHint: true });
    subscribe();
    twin.callHandling.move({ extensionId: SEED.extensionId });
    expect(twin.deliveries.map(({ body }) => body)).toMatchObject([{ hints: ["Features"] }]);
    expect(await moved()).toBe(false);
    expect(await errorOf("GET", `${extensionPath()}/answering-rule`)).toEqual([403, "CMN-468"]);
    clock.advance(30_000);
    expect(await moved()).toBe(true);
  });

  test("can be commanded over HTTP", async () => {
    await start();
    const command = (name: string, body: object) =>
      fetch(`${twin.url}/__twin/${name}`, { method: "POST", body: JSON.stringify(body) });
    expect((await command("move", { extensionId: SEED.extensionId, when: { beforeCall: 2 } })).status).toBe(
      204,
    );
    expect([await moved(), await moved()]).toEqual([false, true]);
    expect((await command("move", { extensionId: "1" })).status).toBe(400);
    expect((await command("move", { when: { beforeCall: -1 } })).status).toBe(400);
    const edit = {
      extensionId: SEED.extensionId,
      kind: "add-flip",
      when: { operation: "readCallFlipNumbers" },
    };
    expect((await command("outside-edits", edit)).status).toBe(204);
    expect((await send<ListResponse>("GET", flips)).body.records).toHaveLength(4);
    const lost = await fetch(`${twin.url}/__twin/lost-edits/${SEED.extensionId}`);
    expect(await lost.json()).toEqual({ data: [] });
  });
});

describe("v1 forwarding numbers after the move", () => {
  const startMoved = (options: TwinOptions) => start({ callHandling: "new", ...options });

  test.each(["no-effect", "frozen-list"] as const)("accept writes with %s", async (movedForwardingWrites) => {
    await startMoved({ movedForwardingWrites });
    const before = await numbers();
    expect(before).toHaveLength(4);
    expect((await send("POST", forwarding, cabin)).status).toBe(200);
    expect((await send("DELETE", `${forwarding}/${SEED.homeForwardingId}`)).status).toBe(204);
    const after = await numbers();
    if (movedForwardingWrites === "no-effect") expect(after).toEqual(before);
    else expect(after.map(({ label }) => label)).toContain("Cabin");
    const rule = (await send("GET", workHours)).text;
    expect([rule.includes("+13125550187"), rule.includes(cabin.phoneNumber)]).toEqual([true, false]);
  });

  test.each(["CMN-468", "CMN-109"] as const)("reject reads and writes with %s", async (code) => {
    await startMoved({ movedForwardingReads: code, movedForwardingWrites: code });
    expect(await errorOf("GET", forwarding)).toEqual([403, code]);
    expect(await errorOf("POST", forwarding, cabin)).toEqual([403, code]);
    expect(await errorOf("DELETE", `${forwarding}/${SEED.homeForwardingId}`)).toEqual([403, code]);
  });

  test.each(["frozen", "mirror"] as const)("are read %s", async (movedForwardingReads) => {
    await startMoved({ movedForwardingReads });
    expect((await send("PUT", flips, { records: [cabin] })).status).toBe(200);
    const shown = (await numbers()).map(({ label }) => label);
    expect(shown.includes("Cabin")).toBe(movedForwardingReads === "mirror");
    expect(shown).toContain("Home");
  });
});

describe("another app", () => {
  test("edits before every nth call, and its lost edits are told", async () => {
    await start({ callHandling: "new", outsideWriterEvery: 1 });
    for (let round = 0; round < 40; round += 1) await send("GET", flips);
    expect(twin.callHandling.lostEdits(SEED.extensionId)).toEqual([]);
    twin.configure({ outsideWriterEvery: 0 });
    twin.callHandling.editOutside(SEED.extensionId, "add-flip");
    const { records } = (await send<ListResponse>("GET", flips)).body;
    const stale = records.slice(0, 3);
    expect((await send("PUT", flips, { records: stale })).status).toBe(200);
    expect(twin.callHandling.lostEdits(SEED.extensionId).join()).toContain("flip row");
  });

  test("loses what an old copy of a rule overwrites", async () => {
    await start({ callHandling: "new" });
    const { body } = await send<{ dispatching: object }>("GET", workHours);
    twin.extension(SEED.extensionId).callHandling?.interactionRules.splice(0);
    const rules = twin.extension(SEED.extensionId).callHandling?.rules ?? [];
    for (const rule of rules) if (rule.id === "after-hours") rule.dispatching.type = "Terminate";
    twin.callHandling.editOutside(SEED.extensionId, "add-target");
    expect(twin.callHandling.lostEdits(SEED.extensionId)).toEqual([]);
    expect((await send("PATCH", workHours, { dispatching: body.dispatching })).status).toBe(200);
    expect(twin.callHandling.lostEdits(SEED.extensionId)).toEqual([
      expect.stringContaining("of work-hours is gone"),
    ]);
  });

  test("edits before every second call, and no other", async () => {
    await start({ callHandling: "new", outsideWriterEvery: 2 });
    const data = () => JSON.stringify(twin.extension(SEED.extensionId).callHandling);
    const edited = [];
    for (let call = 0; call < 6; call += 1) {
      const before = data();
      await send("GET", flips);
      edited.push(data() !== before);
    }
    expect(edited).toEqual([false, true, false, true, false, true]);
  });

  test("sees its changes undone and its removals come back", async () => {
    await start({ callHandling: "new" });
    const { extensionId } = SEED;
    const edit = (kind: string) => twin.callHandling.editOutside(extensionId, kind);
    const callHandling = () => twin.extension(extensionId).callHandling;
    for (const each of callHandling()?.rules ?? []) {
      if (each.id === "after-hours") each.dispatching.type = "Terminate";
    }
    callHandling()?.interactionRules.splice(0);
    edit("add-target");
    edit("add-flip");
    const { body } = await send<{ dispatching: object }>("GET", workHours);
    const { records } = (await send<ListResponse>("GET", flips)).body;
    edit("change-target");
    edit("change-flip");
    await send("PATCH", workHours, { dispatching: body.dispatching });
    await send("PUT", flips, { records });
    expect(twin.callHandling.lostEdits(extensionId)).toEqual([
      expect.stringContaining("former label"),
      expect.stringContaining("before its change"),
    ]);
    edit("remove-target");
    expect(twin.callHandling.lostEdits(extensionId)).toHaveLength(1);
    await send("PATCH", workHours, { dispatching: body.dispatching });
    expect(twin.callHandling.lostEdits(extensionId)).toEqual([
      expect.stringContaining("former label"),
      expect.stringContaining("is back"),
    ]);
  });

  test("raises the hint AnsweringRules with its edits of rules, as the caller's edits do, when that is set", async () => {
    await start({ callHandling: "new" });
    subscribe();
    const { body } = await send<{ dispatching: object }>("GET", workHours);
    const edit = async () => {
      twin.callHandling.editOutside(SEED.extensionId, "add-line");
      twin.callHandling.editOutside(SEED.extensionId, "add-target");
      expect((await send("PATCH", workHours, { dispatching: body.dispatching })).status).toBe(200);
      return twin.deliveries.map((delivery) => delivery.body);
    };
    expect(await edit()).toEqual([]);
    twin.configure({ ruleEditHint: true });
    expect(await edit()).toMatchObject([{ hints: ["AnsweringRules"] }, { hints: ["AnsweringRules"] }]);
  });
});
