import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as deleteForwardingNumber } from "../../functions/extensions/delete-forwarding-number.ts";
import { handler as getForwardingNumber } from "../../functions/extensions/get-forwarding-number.ts";
import { handler as getOverview } from "../../functions/extensions/get-overview.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { handler as receiveRingCentralEvent } from "../../functions/webhooks/receive-ringcentral-event.ts";
import {
  deleteForwardingNumberRoute,
  getForwardingNumberRoute,
  updateForwardingNumberRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import { receiveRingCentralEventRoute } from "../../lib/contract/sync.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { resetRuntime, runtime } from "../../lib/runtime/runtime.ts";
import { verificationToken } from "../../lib/runtime/webhook-token.ts";
import { invoke } from "../support/api-gateway.ts";
import { type ForwardingLab, type Shown, startForwardingLab } from "../support/forwarding-lab.ts";
import { SEED } from "../twin/twin.ts";

const NUMBER = "+12025550161";
const MOBILE = "+13125550188";
const HOME = "+13125550187";

let lab: ForwardingLab;
const start = async (callHandling: "legacy" | "new", options = {}) => {
  lab = await startForwardingLab({ callHandling, ...options }, SEED.extensionId);
};
afterEach(() => lab.stop());

const questions = () => lab.service.sent().filter(({ path }) => path.endsWith("/features")).length;
const move = () => lab.twin.callHandling.move({ extensionId: SEED.extensionId });

describe("the question for the backend", () => {
  it("costs one Medium call an hour, shared by all instances", async () => {
    await start("legacy");
    for (let n = 0; n < 4; n += 1) {
      await lab.list();
      resetRuntime();
    }
    expect(questions()).toBe(1);
    lab.nextHour();
    await Promise.all([lab.list(), lab.list()]);
    expect(questions()).toBe(2);
  });

  it("is looked for by a Light call after 10 minutes, so that reads notice a silent move", async () => {
    await start("legacy");
    await lab.list();
    lab.later(11);
    expect((await lab.list()).body.meta.callHandling).toBe("legacy");
    expect(questions()).toBe(1);
    move();
    lab.later(11);
    expect((await lab.list()).body.meta.callHandling).toBe("new");
    await lab.numbers();
  });

  it("costs one a day once the extension has moved", async () => {
    await start("new");
    await lab.list();
    lab.nextHour();
    await lab.list();
    expect(questions()).toBe(1);
    const token = await lab.service.mint({ scope: "ops:read" });
    const limits = await invoke(getLimits, getLimitsRoute, { token });
    expect(limits.body.data.callHandling).toMatchObject({ legacy: 0, new: 1, unknown: 0 });
  });

  it("is asked after a notification of RingCentral's", async () => {
    await start("legacy");
    process.env.SYNC_ACCOUNTS = SEED.accountId;
    process.env.SYNC_QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/000000000000/unused";
    resetRuntime();
    await lab.list();
    move();
    const { accountId, extensionId } = SEED;
    const token = await verificationToken(runtime(), accountId, deadlineIn(5_000, systemClock));
    const received = await invoke(receiveRingCentralEvent, receiveRingCentralEventRoute, {
      headers: { "verification-token": token },
      body: {
        uuid: "00000000-0000-4000-8000-000000000001",
        event: `/restapi/v1.0/account/${accountId}/extension/${extensionId}`,
        body: { extensionId, eventType: "Update", hints: ["Features"] },
      },
    });
    expect(received.status).toBe(200);
    expect((await lab.list()).body.meta.callHandling).toBe("new");
  });
});

describe("the overview of a moved extension", () => {
  it("has the numbers of the new backend", async () => {
    await start("new");
    const { body } = await lab.call(getOverview, getOverviewRoute);
    expect(body.data).toMatchObject({ complete: true, forwarding: { status: "ok", callHandling: "new" } });
    const listed = await lab.list();
    expect(body.data.forwarding.data).toEqual(listed.body.data);
  });
});

describe("one number of the caller's own extension", () => {
  it.each(["legacy", "new"] as const)(
    "is read, changed and removed as `me` on the %s backend",
    async (backend) => {
      await start(backend);
      const token = lab.service.tokens.user;
      const path = { extensionId: "me", forwardingNumberId: SEED.homeForwardingId };
      const read = await lab.call(getForwardingNumber, getForwardingNumberRoute, { token, path });
      expect(read).toMatchObject({ status: 200, body: { data: { phoneNumber: HOME } } });
      const listed = (await lab.list()).body.data.find(({ id }: Shown) => id === read.body.data.id);
      expect(listed.etag).toBe(read.headers.etag);
      const body = { phoneNumber: NUMBER };
      const changed = await lab.call(updateForwardingNumber, updateForwardingNumberRoute, {
        token,
        path,
        body,
      });
      expect(changed).toMatchObject({ status: 200, body: { data: { phoneNumber: NUMBER } } });
      const removed = await lab.call(deleteForwardingNumber, deleteForwardingNumberRoute, { token, path });
      expect(removed.status).toBe(204);
    },
  );
});

describe("two callers that change one number at the same time", () => {
  it.each(["legacy", "new"] as const)("lose nothing on the %s backend", async (backend) => {
    await start(backend);
    const id = await lab.idOf(HOME);
    const bodies = [{ type: "Other", label: "Attic" }, { flipNumber: 7 }];
    const changes = await Promise.all(bodies.map((body) => lab.change(id, body)));
    expect(changes.map(({ status }) => status)).toEqual([200, 200]);
    expect(await lab.shown(HOME)).toMatchObject({ id, label: "Attic", flipNumber: 7 });
  });
});

describe("the ids of a moved extension", () => {
  it("are those of before, and serve in every process", async () => {
    await start("legacy");
    const before = await lab.numbers();
    move();
    lab.nextHour();
    resetRuntime();
    const after = await lab.numbers();
    const pairs = (numbers: Shown[]) => numbers.map(({ id, phoneNumber }) => [phoneNumber, id]).sort();
    expect(pairs(after)).toEqual(pairs(before));
  });

  it("from before ids were remembered are looked up where they came from", async () => {
    await start("new");
    const { body } = await lab.read(SEED.mobileForwardingId);
    expect(body.data).toMatchObject({ phoneNumber: MOBILE });
    expect((await lab.remove(SEED.homeForwardingId)).status).toBe(204);
    expect(await lab.shown(HOME)).toBeUndefined();
  });

  it("stay with a number that is changed, also when the former number is added again", async () => {
    await start("new");
    const id = await lab.idOf(HOME);
    const changed = await lab.change(id, { phoneNumber: NUMBER });
    expect(changed.body.data).toMatchObject({ id, phoneNumber: NUMBER });
    const again = await lab.add({ phoneNumber: HOME, label: "Cabin" });
    expect(again.body.data.id).not.toBe(id);
    expect((await lab.read(again.body.data.id)).body.data).toMatchObject({ phoneNumber: HOME });
    expect((await lab.read(id)).body.data).toMatchObject({ phoneNumber: NUMBER });
  });

  it("are the last given out, when a number was removed and added again before the move", async () => {
    await start("legacy");
    const former = await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
    expect((await lab.remove(former.body.data.id)).status).toBe(204);
    const { body } = await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
    expect(body.data.id).not.toBe(former.body.data.id);
    move();
    lab.nextHour();
    expect(await lab.idOf(NUMBER)).toBe(body.data.id);
    const changed = await lab.change(former.body.data.id, { phoneNumber: "+12025550169" });
    expect(changed.body.data).toMatchObject({ id: body.data.id });
    expect(await lab.idOf("+12025550169")).toBe(body.data.id);
  });

  it.each(["legacy", "new"] as const)(
    "stay with a number whose change was rejected, also when the other number is added: %s",
    async (callHandling) => {
      await start(callHandling);
      const id = await lab.idOf(HOME);
      lab.twin.faults.add({ method: "PUT", kind: "status", status: 400, errorCode: "FPN-108", times: 1 });
      expect((await lab.change(id, { phoneNumber: NUMBER })).status).toBe(403);
      if (callHandling === "legacy") move();
      lab.nextHour();
      const { body } = await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
      expect(body.data.id).not.toBe(id);
      expect((await lab.read(id)).body.data).toMatchObject({ id, phoneNumber: HOME });
      expect(await lab.idOf(HOME)).toBe(id);
    },
  );
});

describe("what the new backend does not hold twice or at all", () => {
  beforeEach(() => start("new"));

  it("is said: a number that is there with another label", async () => {
    const added = await lab.add({ phoneNumber: MOBILE, label: "Boat" });
    expect(added).toMatchObject({ status: 409, body: { code: "number_already_listed" } });
    const { id, phoneNumber, label, type, etag }: Record<string, unknown> = { ...(await lab.shown(MOBILE)) };
    expect(added.body.entry).toEqual({ id, phoneNumber, label, type, etag });
    const same = await lab.add({ phoneNumber: MOBILE, type: "Mobile" });
    expect(same).toMatchObject({ status: 201, body: { data: { id: await lab.idOf(MOBILE) } } });
  });

  it("is said: a line's number is its device's", async () => {
    const line = (await lab.numbers()).find(({ type }) => type === "PhoneLine");
    const digit = await lab.change(line?.id ?? "", { flipNumber: 6 });
    expect(digit).toMatchObject({ status: 200, body: { data: { flipNumber: 6, deviceId: "880001" } } });
    expect(await lab.change(line?.id ?? "", { phoneNumber: NUMBER })).toMatchObject({
      status: 400,
      body: { code: "parameter_invalid", errors: [{ field: "phoneNumber" }] },
    });
  });

  it("is not needed: a second line rings in rules only, and can be removed", async () => {
    const added = await lab.add({ type: "PhoneLine", deviceId: SEED.freeDeviceId, rules: ["after-hours"] });
    expect(added).toMatchObject({
      status: 201,
      body: { data: { type: "PhoneLine", deviceId: SEED.freeDeviceId } },
    });
    expect(added.body.data.rings).toMatchObject([{ rule: "after-hours", enabled: true }]);
    expect((await lab.remove(added.body.data.id)).status).toBe(204);
    expect((await lab.numbers()).some(({ deviceId }) => deviceId === SEED.freeDeviceId)).toBe(false);
  });
});

describe("an extension that has moved while the features are refused", () => {
  const refuse = (operation: string, status = 403) =>
    lab.twin.faults.add({ operation, kind: "status", status, errorCode: "CMN-408", times: 9 });

  it("is on the backend that serves it: what is listed rings", async () => {
    await start("new");
    refuse("readFeatures");
    expect((await lab.list()).body.meta.callHandling).toBe("new");
    expect((await lab.add({ phoneNumber: NUMBER })).status).toBe(201);
    await lab.numbers();
  });

  it("has no write acknowledged when the new backend does not tell either", async () => {
    await start("legacy");
    await lab.list();
    move();
    refuse("readFeatures");
    refuse("readCallFlipNumbers");
    const added = await lab.add({ phoneNumber: NUMBER });
    expect(added).toMatchObject({ status: 503, body: { code: "outcome_unknown" } });
  });
});

describe("when something is away", () => {
  beforeEach(() => start("new"));

  it("RingCentral's new backend in limited mode: the last list is shown with its age, writes are rejected", async () => {
    const first = await lab.list();
    lab.twin.configure({ limitedMode: true });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    const stale = await lab.list();
    expect(stale).toMatchObject({ status: 200, body: { data: first.body.data, meta: { source: "cache" } } });
    const added = await lab.add({ phoneNumber: NUMBER });
    expect(added).toMatchObject({ status: 503, body: { code: "upstream_limited_mode", retryable: true } });
    expect(Number(added.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("one process: the next writer completes what it left", async () => {
    lab.twin.faults.add({ operation: "updateStateRule", kind: "status", status: 503, times: 9 });
    const body = { phoneNumber: NUMBER, label: "Cabin" };
    expect(await lab.add(body)).toMatchObject({ status: 502, body: { code: "write_incomplete" } });
    lab.twin.faults.clear();
    const rings = () => lab.shown(NUMBER).then((number) => number?.rings?.map(({ rule }) => rule).sort());
    expect(await rings()).toEqual([]);
    resetRuntime();
    await lab.change(await lab.idOf(MOBILE), { flipNumber: 7 });
    expect(await rings()).toEqual(["agent", "work-hours"]);
  });

  it("the other client's change: a half-done addition that it removes stays removed", async () => {
    lab.twin.faults.add({ operation: "updateStateRule", kind: "status", status: 503, times: 9 });
    await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
    lab.twin.faults.clear();
    const data = lab.twin.extension(SEED.extensionId).callHandling;
    if (data === undefined) throw new Error("not moved");
    data.flips = data.flips.filter(({ phoneNumber }) => phoneNumber !== NUMBER);
    await lab.change(await lab.idOf(MOBILE), { flipNumber: 7 });
    expect(await lab.shown(NUMBER)).toBeUndefined();
  });

  it("the other client's change: what it removes between the two readings of a writer stays removed", async () => {
    const id = await lab.idOf(MOBILE);
    lab.twin.faults.add({ operation: "updateStateRule", kind: "status", status: 503, times: 9 });
    await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
    lab.twin.faults.clear();
    const data = lab.twin.extension(SEED.extensionId).callHandling;
    if (data === undefined) throw new Error("not moved");
    lab.twin.clearRequests();
    lab.twin.faults.add({ operation: "listStateRules", kind: "delay", ms: 400 });
    const write = lab.change(id, { flipNumber: 7 });
    const isFirstRead = () => lab.service.sent().some(({ path }) => path.endsWith("/call-flip-numbers"));
    await expect.poll(isFirstRead).toBe(true);
    data.flips = data.flips.filter(({ phoneNumber }) => phoneNumber !== NUMBER);
    await write;
    expect(await lab.shown(NUMBER)).toBeUndefined();
  });

  it("the second place, for good: the first one is as before, and the rejection is told", async () => {
    lab.twin.faults.add({
      operation: "updateStateRule",
      kind: "status",
      status: 400,
      errorCode: "CMN-101",
      times: 9,
    });
    const before = structuredClone(lab.twin.extension(SEED.extensionId).callHandling);
    const added = await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
    expect(added).toMatchObject({ status: 400, body: { code: "parameter_invalid" } });
    expect(lab.twin.extension(SEED.extensionId).callHandling).toEqual(before);
  });

  it("the deletion of one target, inside a 200: nothing is reported as removed", async () => {
    lab.twin.configure({ targetDeletion: "item-fails" });
    const removed = await lab.remove(await lab.idOf(MOBILE));
    expect(removed).toMatchObject({ status: 502, body: { code: "upstream_error", retryable: true } });
    expect(await lab.shown(MOBILE)).toBeDefined();
  });
});
