import { afterEach, describe, expect, it } from "vitest";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { describeForwardingContract, seen } from "../support/forwarding-contract.ts";
import { type ForwardingLab, type Shown, startForwardingLab } from "../support/forwarding-lab.ts";
import { SEED, type TwinOptions } from "../twin/twin.ts";

// The extension moves before the nth call to RingCentral: between two requests, or within one.
const moments: [TwinOptions, ...TwinOptions[]] = [
  { callHandling: "moving", moveBeforeCall: 2 },
  {
    callHandling: "moving",
    moveBeforeCall: 3,
    movedForwardingReads: "CMN-468",
    movedForwardingWrites: "CMN-468",
    v2BeforeMove: "AGW-404",
  },
  {
    callHandling: "moving",
    moveBeforeCall: 4,
    movedForwardingReads: "mirror",
    movedForwardingWrites: "frozen-list",
    featureBeforeMove: "no-record",
    v2BeforeMove: "CMN-403",
  },
];
// All moments for each test take long: here each test has one, on DynamoDB Local and with DEEP_RUNS each has all.
if (process.env.DYNAMODB_LOCAL_URL === undefined && process.env.DEEP_RUNS === undefined) {
  describeForwardingContract("moving before call 2, 3 or 4", ...moments);
} else {
  for (const moment of moments) {
    describeForwardingContract(`moving before call ${moment.moveBeforeCall}`, moment);
  }
}

const NUMBER = "+12025550161";
const HOME = "+13125550187";
const MOBILE = "+13125550188";

let lab: ForwardingLab;
const start = async (options: TwinOptions = {}) => {
  lab = await startForwardingLab({ callHandling: "legacy", ...options }, SEED.extensionId);
};
const move = (operation?: string) =>
  lab.twin.callHandling.move({ extensionId: SEED.extensionId }, operation === undefined ? {} : { operation });

describe("an extension that moves", () => {
  afterEach(() => lab.stop());

  describe("ids from before the move", () => {
    it("read, change and remove after it", async () => {
      await start();
      const before = await lab.numbers();
      const added = await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
      move();
      lab.nextHour();
      resetRuntime();
      for (const number of before) {
        const { status, body } = await lab.read(number.id);
        expect(status, number.type).toBe(200);
        expect(seen(body.data)).toEqual(seen(number));
      }
      const idOf = (phoneNumber: string) =>
        before.find((number) => number.phoneNumber === phoneNumber)?.id ?? "none";
      expect(await lab.change(idOf(HOME), { flipNumber: 7 })).toMatchObject({ status: 200 });
      expect(await lab.shown(HOME)).toMatchObject({ flipNumber: 7, label: "Home", type: "Home" });
      expect((await lab.remove(idOf(MOBILE))).status).toBe(204);
      expect(await lab.change(added.body.data.id, { label: "Boat" })).toMatchObject({
        status: 200,
        body: { data: { phoneNumber: NUMBER, label: "Boat" } },
      });
      expect((await lab.remove(added.body.data.id)).status).toBe(204);
      expect(await lab.shown(NUMBER)).toBeUndefined();
      expect(await lab.shown(MOBILE)).toBeUndefined();
      for (const id of [idOf(MOBILE), added.body.data.id]) {
        expect(await lab.remove(id)).toMatchObject({ status: 404, body: { code: "not_found" } });
      }
    });

    it("serve a second change of the number itself", async () => {
      await start();
      const { id } = (await lab.shown(HOME)) ?? { id: "none" };
      move();
      expect((await lab.change(id, { phoneNumber: NUMBER })).status).toBe(200);
      expect((await lab.change(id, { flipNumber: 8 })).status).toBe(200);
      expect(await lab.shown(NUMBER)).toMatchObject({ flipNumber: 8, type: "Home" });
      expect(await lab.shown(HOME)).toBeUndefined();
    });
  });

  describe("a move in the middle of a write", () => {
    const modes = ["no-effect", "frozen-list", "CMN-468", "CMN-109"] as const;

    it.each(modes)(
      "of an addition is not noticed, and the number rings: %s",
      async (movedForwardingWrites) => {
        await start({ movedForwardingWrites });
        await lab.list();
        move("addForwardingNumber");
        const body = { phoneNumber: NUMBER, label: "Cabin", flipNumber: 4 };
        const added = await lab.add(body, "key-1");
        expect(added, JSON.stringify(added.body)).toMatchObject({ status: 201, body: { data: body } });
        expect(await lab.shown(NUMBER)).toMatchObject({ ...body, id: added.body.data.id });
        expect((await lab.add(body, "key-1")).body).toEqual(added.body);
      },
    );

    it.each(modes)("of a change: %s", async (movedForwardingWrites) => {
      await start({ movedForwardingWrites });
      const id = await lab.idOf(MOBILE);
      move("updateForwardingNumber");
      const change = { type: "Other", label: "Boat", flipNumber: 6 };
      expect(await lab.change(id, change)).toMatchObject({ status: 200, body: { data: change } });
      expect(await lab.shown(MOBILE)).toMatchObject(change);
    });

    it.each(modes)("of a removal: %s", async (movedForwardingWrites) => {
      await start({ movedForwardingWrites });
      const id = await lab.idOf(MOBILE);
      move("deleteForwardingNumber");
      expect((await lab.remove(id)).status).toBe(204);
      expect(await lab.shown(MOBILE)).toBeUndefined();
    });

    it("that the features call does not tell yet is told by CMN-468", async () => {
      await start({
        movedForwardingWrites: "CMN-468",
        movedForwardingReads: "CMN-468",
        featureLagMs: 60_000,
      });
      await lab.list();
      move("addForwardingNumber");
      expect(await lab.add({ phoneNumber: NUMBER, label: "Cabin" })).toMatchObject({ status: 201 });
      expect(await lab.shown(NUMBER)).toMatchObject({ label: "Cabin" });
    });
  });

  describe("a rejection that rests on the former list", () => {
    const start10 = async () => {
      lab = await startForwardingLab({ callHandling: "legacy" }, SEED.fullExtensionId);
      await lab.list();
      lab.twin.callHandling.move({ extensionId: SEED.fullExtensionId });
      // RingCentral's own app removes one of the ten numbers, with the label `Line 1`.
      const { callHandling } = lab.twin.extension(SEED.fullExtensionId);
      if (callHandling === undefined) throw new Error("not moved");
      callHandling.flips.shift();
      for (const { dispatching } of callHandling.rules) {
        dispatching.actions = dispatching.actions.filter(
          (action) => !JSON.stringify(action).includes("+13125550120"),
        );
      }
    };

    it("is no rejection: of an addition", async () => {
      await start10();
      const added = await lab.add({ phoneNumber: NUMBER, type: "Other", label: "Line 1" });
      expect(added, JSON.stringify(added.body)).toMatchObject({ status: 201 });
      expect(await lab.shown(NUMBER)).toMatchObject({ label: "Line 1" });
    });

    it("is no rejection: of a change", async () => {
      await start10();
      const number = lab.twin.extension(SEED.fullExtensionId).forwarding[1];
      const changed = await lab.change(number?.id ?? "none", { label: "Line 1" });
      expect(changed, JSON.stringify(changed.body)).toMatchObject({ status: 200 });
      expect(await lab.shown(number?.phoneNumber ?? "")).toMatchObject({ label: "Line 1" });
    });
  });

  describe("a move between two readings", () => {
    it("is told by CMN-468, and the list is the same", async () => {
      await start({ movedForwardingReads: "CMN-468" });
      const before = await lab.numbers();
      move();
      const { status, body } = await lab.list({ headers: { "cache-control": "no-cache" } });
      expect(status).toBe(200);
      expect(body.meta.callHandling).toBe("new");
      const sorted = (data: Shown[]) => data.map((number) => JSON.stringify(seen(number))).sort();
      expect(sorted(body.data)).toEqual(sorted(before));
    });

    it("is found within an hour", async () => {
      await start();
      await lab.list();
      move();
      lab.nextHour();
      const { body } = await lab.list();
      expect(body.meta.callHandling).toBe("new");
    });

    it("does not repeat or leave out numbers of a list that is paged through, or ends the paging", async () => {
      await start();
      const first = await lab.list({ query: "limit=1" });
      move();
      await lab.change(await lab.idOf(HOME), { flipNumber: 7 });
      const seen: Shown[] = [...first.body.data];
      let cursor: string | undefined = first.body.page.nextCursor;
      while (cursor !== undefined) {
        const { status, body } = await lab.list({ query: `limit=1&cursor=${cursor}` });
        if (status !== 200) {
          expect(body.code).toMatch(/^cursor_(?:expired|invalid)$/);
          return;
        }
        seen.push(...body.data);
        cursor = body.page.nextCursor;
      }
      const keys = seen.map(({ phoneNumber, type }) => phoneNumber ?? type);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.sort()).toEqual(
        (await lab.numbers()).map(({ phoneNumber, type }) => phoneNumber ?? type).sort(),
      );
    });

    it("a cached list is not shown any more after a write", async () => {
      await start();
      await lab.list();
      move();
      expect((await lab.add({ phoneNumber: NUMBER, label: "Cabin" })).status).toBe(201);
      const { body } = await lab.list();
      expect(body.meta.callHandling).toBe("new");
      expect(body.data).toContainEqual(expect.objectContaining({ phoneNumber: NUMBER }));
    });
  });

  describe("a promise from before the move", () => {
    it("an idempotent replay is the same, and its id serves", async () => {
      await start();
      const body = { phoneNumber: NUMBER, label: "Cabin" };
      const first = await lab.add(body, "key-1");
      move();
      const again = await lab.add(body, "key-1");
      expect(again.body).toEqual(first.body);
      expect(again.headers["idempotency-replayed"]).toBe("true");
      expect((await lab.read(again.body.data.id)).body.data).toMatchObject(body);
      expect((await lab.numbers()).filter(({ phoneNumber }) => phoneNumber === NUMBER)).toHaveLength(1);
    });

    it("If-Match lets nothing through that it does not name", async () => {
      await start();
      const id = await lab.idOf(HOME);
      const before = await lab.read(id);
      move();
      expect((await lab.change(id, { flipNumber: 7 }, { headers: { "if-match": '"other"' } })).status).toBe(
        412,
      );
      const named = await lab.change(
        id,
        { flipNumber: 7 },
        { headers: { "if-match": before.headers.etag ?? "" } },
      );
      expect([200, 412]).toContain(named.status);
      const current = await lab.read(id, { headers: { "cache-control": "no-cache" } });
      const right = { headers: { "if-match": current.headers.etag ?? "" } };
      expect(await lab.change(id, { flipNumber: 8 }, right)).toMatchObject({ status: 200 });
      expect((await lab.remove(id, right)).status).toBe(412);
    });
  });
});
