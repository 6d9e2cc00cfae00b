import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { extensionPath, type ListResponse, logIn, type Send } from "./http-lab.ts";
import { SEED, startTwin } from "./twin.ts";

interface Target {
  type: string;
  name?: string;
  destination?: { phoneNumber: string };
  [member: string]: unknown;
}
interface Action {
  type: string;
  targets?: Target[];
  [member: string]: unknown;
}
interface Rule {
  id: string;
  dispatching: { type: string; actions: Action[] };
  dispatchingRef?: { ruleId: string };
}
interface Flips {
  records: { id?: string; phoneNumber: string; type?: string; label?: string; flipNumber?: string }[];
}

const twin = await startTwin({ numbers: 20, limits: false, callHandling: "new" });
afterAll(() => twin.close());
let send: Send;
beforeEach(async () => {
  twin.reset();
  send = await logIn(twin);
});

const v2 = `/restapi/v2/accounts/~/extensions/${SEED.extensionId}`;
const rules = `${v2}/comm-handling/voice/state-rules`;
const interaction = `${v2}/comm-handling/voice/interaction-rules`;
const targets = `${v2}/comm-handling/voice/forwarding-targets`;
const flipPath = `${v2}/call-flip-numbers`;
const rule = async (id: string) => (await send<Rule>("GET", `${rules}/${id}`)).body;
const patch = (id: string, dispatching: object) => send<Rule>("PATCH", `${rules}/${id}`, { dispatching });
const flips = async () => (await send<Flips>("GET", flipPath)).body.records;
const putFlips = (records: unknown) => send<Flips>("PUT", flipPath, { records });
const ringing = ({ dispatching }: Rule) =>
  dispatching.actions.flatMap((action) =>
    (action.targets ?? []).map((target) => target.destination?.phoneNumber),
  );
const cabin = {
  type: "RingGroupAction",
  enabled: true,
  duration: 25,
  targets: [{ type: "PhoneNumberRingTarget", name: "Cabin", destination: { phoneNumber: "+13125550101" } }],
};
const without = (actions: Action[], type: string) =>
  actions.filter((action) => !(action.targets ?? []).some((target) => target.type === type));

describe("call flip on a moved extension", () => {
  test("lists lines and outside numbers, without pages, addresses or tags", async () => {
    const { body, headers } = await send<Flips>("GET", flipPath);
    expect(Object.keys(body)).toEqual(["records"]);
    expect(
      body.records.map(({ phoneNumber, type, label, flipNumber }) => [phoneNumber, type, label, flipNumber]),
    ).toEqual([
      ["+13125550187", "External", "Home", "1"],
      ["+13125550188", "External", "Mobile", "2"],
      [SEED.directNumber, "PhoneLine", "Desk phone", undefined],
    ]);
    expect(headers.get("etag")).toBeNull();
  });

  test("is replaced as a whole: an omitted row is removed, and a row without an id is new", async () => {
    const [home, mobile, line] = await flips();
    const { status, body } = await putFlips([line, home, { phoneNumber: "+13125550101", label: "Cabin" }]);
    expect(status).toBe(200);
    expect(body.records.map(({ phoneNumber }) => phoneNumber)).toEqual([
      SEED.directNumber,
      "+13125550187",
      "+13125550101",
    ]);
    expect(await flips()).toEqual(body.records);
    expect(await flips()).not.toContainEqual(mobile);
  });

  test.each([
    ["removed", 200, false],
    ["kept", 200, true],
    ["CMN-101", 400, true],
  ] as const)("handles an omitted line's row as configured: %s", async (omittedSystemFlip, status, stays) => {
    twin.configure({ omittedSystemFlip });
    expect((await putFlips([])).status).toBe(status);
    expect((await flips()).some(({ type }) => type === "PhoneLine")).toBe(stays);
  });

  test.each([
    [
      "more than ten rows",
      Array.from({ length: 11 }, (_, index) => ({ phoneNumber: `+131255501${10 + index}` })),
    ],
    ["a national number", [{ phoneNumber: "(312) 555-0101" }]],
    ["an id that is not in the list", [{ id: "1", phoneNumber: "+13125550101" }]],
    ["a line added by the client", [{ phoneNumber: "+13125550101", type: "PhoneLine" }]],
    ["a flip number that is a number", [{ phoneNumber: "+13125550101", flipNumber: 3 }]],
    ["a number twice", [{ phoneNumber: "+13125550101" }, { phoneNumber: "+13125550101" }]],
    ["a number of the account", [{ phoneNumber: SEED.mainNumber }]],
  ])("rejects %s and changes nothing", async (_what, records) => {
    const before = await flips();
    expect((await putFlips(records)).status).toBe(400);
    expect(await flips()).toEqual(before);
  });
});

test.each([
  [true, 400],
  [false, 200],
] as const)("new numbers meet the checks of v1 by a setting: %s", async (newNumberChecks, status) => {
  twin.configure({ newNumberChecks });
  expect((await putFlips([{ phoneNumber: SEED.mainNumber }])).status).toBe(status);
  expect((await putFlips([{ phoneNumber: "+442079460018" }])).status).toBe(status);
});

describe("a state rule", () => {
  test("lists the ringing targets, in order, with names that only responses have", async () => {
    const { body } = await send<ListResponse>("GET", rules);
    expect(body.records.map(({ id }) => id)).toEqual([
      "forward-all-calls",
      "dnd",
      "agent",
      "work-hours",
      "after-hours",
    ]);
    expect(body.paging).toMatchObject({ page: 1, perPage: 100, totalElements: 5 });
    expect(body).not.toHaveProperty("navigation");
    const { dispatching } = await rule("work-hours");
    const device = dispatching.actions.flatMap((action) => action.targets ?? []).find(({ device }) => device);
    expect(device).toMatchObject({
      type: "DeviceRingTarget",
      name: "Desk phone",
      device: { id: "880001", name: "Desk phone", phoneNumber: SEED.directNumber },
    });
    expect(ringing(await rule("after-hours"))).toContain("+13125550188");
  });

  test("keeps the parts that a request sends back, and drops the others", async () => {
    const before = await rule("work-hours");
    const { actions } = before.dispatching;
    expect((await patch("work-hours", before.dispatching)).body).toEqual(before);
    const added = await patch("work-hours", {
      type: "RingInOrder",
      actions: [...actions.slice(0, -1), cabin, ...actions.slice(-1)],
    });
    expect(added.status).toBe(200);
    expect(ringing(added.body)).toContain("+13125550101");
    const announcement = actions.filter(({ type }) => type !== "PlayConnectingMessageAction");
    const less = await patch("work-hours", { type: "RingInOrder", actions: announcement });
    expect(less.body.dispatching.actions.map(({ type }) => type)).not.toContain(
      "PlayConnectingMessageAction",
    );
    expect(ringing(less.body)).not.toContain("+13125550101");
  });

  test.each(["AllMobileRingTarget", "AllDesktopRingTarget", "VoiceMailTerminatingTarget"])(
    "rejects a rule without %s",
    async (type) => {
      const before = await rule("work-hours");
      const actions = without(before.dispatching.actions, type);
      expect((await patch("work-hours", { type: "RingInOrder", actions })).status).toBe(400);
      expect(await rule("work-hours")).toEqual(before);
    },
  );

  test("lets apps ring always only in place of their group", async () => {
    const { actions } = (await rule("work-hours")).dispatching;
    const always = {
      type: "RingAlwaysGroupAction",
      enabled: true,
      targets: [{ type: "AllMobileRingTarget" }],
    };
    expect((await patch("work-hours", { type: "RingInOrder", actions: [always, ...actions] })).status).toBe(
      400,
    );
    const replaced = [always, ...without(actions, "AllMobileRingTarget")];
    expect((await patch("work-hours", { type: "RingInOrder", actions: replaced })).status).toBe(200);
  });

  test.each([
    ["a type the rule may not have", { type: "Terminate", actions: [cabin] }],
    ["no actions", { type: "RingInOrder", actions: [] }],
    ["a member missing", { type: "RingInOrder", actions: [{ ...cabin, duration: undefined }] }],
    ["an unknown type", { type: "RingInOrder", actions: [{ type: "DanceAction" }] }],
    ["an unknown member", { type: "RingInOrder", actions: [{ ...cabin, colour: "red" }] }],
  ])("rejects %s", async (_what, { type, actions }) => {
    const before = await rule("work-hours");
    const all = [...before.dispatching.actions, ...actions];
    expect((await patch("work-hours", { type, actions: actions.length === 0 ? [] : all })).status).toBe(400);
    expect(await rule("work-hours")).toEqual(before);
  });

  test("may be set to reject members that only responses have", async () => {
    twin.configure({ readOnlyMembers: "CMN-101" });
    const { dispatching } = await rule("work-hours");
    expect((await patch("work-hours", dispatching)).status).toBe(400);
  });

  test.each([
    ["detaches", undefined],
    ["stays", "work-hours"],
  ] as const)("with inherited dispatching %s when it is changed", async (inheritedRulePatch, ruleId) => {
    twin.configure({ inheritedRulePatch });
    const before = await rule("agent");
    expect(before).toMatchObject({
      dispatching: (await rule("work-hours")).dispatching,
      dispatchingRef: { ruleId: "work-hours" },
    });
    const { actions } = before.dispatching;
    const { body } = await patch("agent", { type: "RingAtOnce", actions });
    expect(body.dispatchingRef?.ruleId).toBe(ruleId);
    expect(body.dispatching.type).toBe(ruleId === undefined ? "RingAtOnce" : "RingInOrder");
    expect((await rule("work-hours")).dispatching.type).toBe("RingInOrder");
  });
});

test("call types can be written and are not shown, and 24/7 has no after-hours", async () => {
  const { dispatching } = await rule("work-hours");
  const { body } = await patch("work-hours", { ...dispatching, callTypes: { queueCallsIncluded: true } });
  expect(body.dispatching).not.toHaveProperty("callTypes");
  const always = rules.replace(SEED.extensionId, SEED.otherExtensionId);
  expect((await send<ListResponse>("GET", always)).body.records.map(({ id }) => id)).toEqual([
    "forward-all-calls",
    "dnd",
    "work-hours",
  ]);
  expect((await send("GET", `${always}/after-hours`)).status).toBe(404);
});

describe("types that no documentation names", () => {
  beforeEach(() => twin.configure({ unknownRuleTypes: true }));
  const stored = () => JSON.stringify(twin.extension(SEED.extensionId).callHandling?.rules);

  test("survive when they are sent back unchanged, and are deleted when omitted", async () => {
    const { dispatching } = await rule("work-hours");
    expect(dispatching.actions[0]?.type).toBe("PlayRingbackAction");
    const before = stored();
    expect((await patch("work-hours", dispatching)).status).toBe(200);
    expect(stored()).toBe(before);
    const known = dispatching.actions.filter(({ type }) => type !== "PlayRingbackAction");
    expect((await patch("work-hours", { ...dispatching, actions: known })).status).toBe(200);
    expect(JSON.stringify(await rule("work-hours"))).not.toContain("PlayRingbackAction");
  });

  test("are rejected when they are changed, even in their order only", async () => {
    const { dispatching } = await rule("work-hours");
    const [unknown, ...others] = dispatching.actions;
    const reversed = Object.fromEntries(Object.entries(unknown ?? {}).reverse());
    expect((await patch("work-hours", { ...dispatching, actions: [reversed, ...others] })).status).toBe(400);
  });
});

describe("forwarding targets", () => {
  const phoneTarget = (phoneNumber: string) => ({
    type: "PhoneNumberRingTarget",
    destination: { phoneNumber },
  });
  const remove = (...records: object[]) =>
    send<{ records: { bulkItemSuccessful: boolean; bulkItemErrors?: object[] }[] }>("DELETE", targets, {
      records,
    });

  test("are listed without ids, rules or labels, and without own apps", async () => {
    const { body } = await send<ListResponse>("GET", targets);
    expect(body.records).toEqual([
      expect.objectContaining({ type: "DeviceRingTarget", name: "Desk phone" }),
      phoneTarget("+13125550187"),
      phoneTarget("+13125550188"),
    ]);
    expect(body).not.toHaveProperty("navigation");
    const others = await send<ListResponse>("GET", `${targets}?excludeOwnTargets=true`);
    expect(others.body.records).toHaveLength(2);
    expect((await send("GET", `${targets}?excludeOwnTargets=yes`)).status).toBe(400);
  });

  test("are removed from every rule, each with its own outcome inside a 200", async () => {
    const device = { type: "DeviceRingTarget", device: { id: "880001" } };
    const { status, body } = await remove(phoneTarget("+13125550188"), phoneTarget("+13125550101"), device);
    expect(status).toBe(200);
    expect(body.records.map(({ bulkItemSuccessful }) => bulkItemSuccessful)).toEqual([true, false, false]);
    expect(body.records[1]?.bulkItemErrors).toMatchObject([{ errorCode: "CMN-102" }]);
    for (const id of ["work-hours", "after-hours"])
      expect(ringing(await rule(id))).not.toContain("+13125550188");
    expect(await flips()).toContainEqual(expect.objectContaining({ phoneNumber: "+13125550188" }));
  });

  test("can be set to fail, and are kept when the deletion does not list their type", async () => {
    twin.configure({ targetDeletion: "item-fails" });
    const { status, body } = await remove(phoneTarget("+13125550188"));
    expect([status, body.records[0]?.bulkItemSuccessful]).toEqual([200, false]);
    expect(ringing(await rule("work-hours"))).toContain("+13125550188");
    const fmc = { ...phoneTarget("+13125550188"), type: "FmcPhoneNumberRingTarget" };
    expect((await remove(fmc)).status).toBe(400);
  });

  test("name the users of a device", async () => {
    expect((await send("GET", `${targets}/devices/880001/extensions`)).body).toMatchObject({
      referencedExtensions: [{ id: SEED.extensionId }],
    });
  });
});

describe("interaction rules and states", () => {
  test("a rule is made with 201, changed, filtered and removed with 204", async () => {
    const [family] = (await send<ListResponse>("GET", interaction)).body.records;
    expect(family).toMatchObject({ displayName: "Family", enabled: true });
    const added = await send<Rule>("POST", interaction, { ...family, displayName: "Work", enabled: false });
    expect(added.status).toBe(201);
    const one = `${interaction}/${added.body.id}`;
    expect((await send<ListResponse>("GET", `${interaction}?enabled=true`)).body.records).toHaveLength(1);
    expect((await send("PATCH", one, { enabled: true })).body).toMatchObject({
      displayName: "Work",
      enabled: true,
    });
    expect((await send("DELETE", one)).status).toBe(204);
    expect((await send("GET", one)).status).toBe(404);
  });

  test("a state is changed with exactly one condition, and work hours stay enabled", async () => {
    const path = `${v2}/comm-handling/states`;
    const { body } = await send<ListResponse>("GET", path);
    expect(body.records.map(({ id }) => id)).toContain("busy");
    const state = `${path}/forward-all-calls`;
    const schedule = {
      triggers: [{ triggerType: "Range", ranges: [{ endDateTime: "2026-02-01T00:00:00" }] }],
    };
    const on = { enabled: true, conditions: [{ type: "Schedule", schedule }] };
    expect((await send("PATCH", state, on)).body).toMatchObject(on);
    expect((await send("PATCH", state, { conditions: [] })).status).toBe(400);
    expect((await send("PATCH", `${path}/work-hours`, { enabled: false })).status).toBe(400);
    expect((await send("PATCH", `${path}/busy`, { enabled: false })).status).toBe(400);
  });
});

test("v1 answering rules reject a moved extension; its v1 blocked numbers do not", async () => {
  const { status, body } = await send("GET", `${extensionPath()}/answering-rule`);
  expect([status, body]).toMatchObject([403, { errors: [{ errorCode: "CMN-468" }] }]);
  expect((await send("PUT", `${extensionPath()}/answering-rule/business-hours-rule`, {})).status).toBe(403);
  expect((await send("GET", `${extensionPath()}/caller-blocking/phone-numbers`)).status).toBe(200);
});

test("every call of v2 has its group, and is absent in limited mode", async () => {
  twin.clearRequests();
  twin.configure({ limitedMode: true });
  await send("GET", flipPath);
  await send("PUT", flipPath, { records: [] });
  await send("GET", rules);
  await send("PATCH", `${rules}/work-hours`, {});
  await send("POST", interaction, {});
  await send("DELETE", targets, { records: [] });
  await send("GET", `${extensionPath()}/features`);
  expect(twin.requests.map(({ operation, group, status }) => [operation, group, status])).toEqual([
    ["readCallFlipNumbers", "Light", 503],
    ["replaceCallFlipNumbers", "Medium", 503],
    ["listStateRules", "Medium", 503],
    ["updateStateRule", "Medium", 503],
    ["addInteractionRule", "Medium", 503],
    ["deleteForwardingTargets", "Medium", 503],
    ["readFeatures", "Medium", 200],
  ]);
});

test("v2 needs permissions of the app and of the user, and an extension that handles calls", async () => {
  const asReader = await logIn(twin, SEED.jwt, SEED.apps.readOnly);
  const edit = await asReader("PUT", flipPath, { records: [] });
  expect([edit.status, edit.body]).toMatchObject([403, { permissionName: "EditExtensions" }]);
  const own = (await logIn(twin, SEED.jwts.limited))("GET", flipPath.replace(SEED.extensionId, "~"));
  expect((await own).body).toMatchObject({ permissionName: "ReadUserForwardingFlipNumbers" });
  const queue = await send("GET", flipPath.replace(SEED.extensionId, SEED.queueExtensionId));
  expect([queue.status, queue.body]).toMatchObject([403, { errors: [{ errorCode: "CMN-403" }] }]);
});

describe("the move", () => {
  const { extensionId, otherExtensionId } = SEED;

  test("makes flip rows and targets of every sort of forwarding number, and loses what does neither", async () => {
    twin.callHandling.move({ extensionId, to: "legacy" });
    const features = ["CallForwarding", "CallFlip"];
    twin.extension(extensionId).forwarding.push(
      { id: "1", type: "BusinessMobilePhone", features, phoneNumber: "+13125550103" },
      {
        id: "2",
        type: "ExtensionApps",
        features,
        extension: { id: otherExtensionId, name: "", extensionNumber: "" },
      },
      { id: "3", type: "Other", features: [], phoneNumber: "+13125550104" },
    );
    twin.callHandling.move({ extensionId });
    expect(await flips()).toContainEqual(
      expect.objectContaining({ phoneNumber: "+13125550103", type: "BusinessMobile" }),
    );
    const { records } = (await send<ListResponse>("GET", targets)).body;
    expect(records).toContainEqual({
      type: "FmcPhoneNumberRingTarget",
      destination: { phoneNumber: "+13125550103" },
    });
    expect(records).toContainEqual({ type: "CoworkerAppsRingTarget", extension: { id: otherExtensionId } });
    expect(JSON.stringify([await flips(), records])).not.toContain("+13125550104");
    const apps = { type: "CoworkerAppsRingTarget", extension: { id: otherExtensionId } };
    const removed = await send("DELETE", targets, { records: [apps] });
    expect(removed.body).toMatchObject({ records: [{ bulkItemSuccessful: true }] });
    const { body } = await send<ListResponse>("GET", targets);
    expect(body.records.map(({ type }) => type)).not.toContain("CoworkerAppsRingTarget");
  });

  test("puts one number into a group with a line and into the end of forwarded calls, which its removal keeps", async () => {
    const record = { type: "PhoneNumberRingTarget", destination: { phoneNumber: "+13125550188" } };
    expect((await send("DELETE", targets, { records: [record] })).status).toBe(200);
    const group = (await rule("after-hours")).dispatching.actions.at(-2);
    expect(group?.targets?.map(({ type }) => type)).toEqual(["DeviceRingTarget"]);
    const end = (await rule("forward-all-calls")).dispatching.actions.at(-1);
    expect(end).toMatchObject({ terminatingTargetType: "PhoneNumberTerminatingTarget" });
    expect(ringing(await rule("forward-all-calls"))).toContain("+13125550188");
  });
});
