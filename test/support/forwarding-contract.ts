import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { SEED, type TwinOptions } from "../twin/twin.ts";
import { type ForwardingLab, type Shown, startForwardingLab } from "./forwarding-lab.ts";

const NUMBER = "+12025550161";
const OTHER = "+12025550162";
/** Ben's own number, of type Work. */
const WORK = "+13125550170";

/** What a caller sees of a number on every backend. Only the platform names the apps, on each backend differently. */
export const seen = ({ phoneNumber, label, type, flipNumber, deviceId }: Shown) => ({
  phoneNumber,
  label: type === "ExtensionApps" ? undefined : label,
  type,
  flipNumber,
  deviceId,
});

/** The calls of RingCentral's that a write may consist of, on either backend. */
const writes = ["addForwardingNumber", "replaceCallFlipNumbers", "updateStateRule"] as const;

function drawn<Choice>(choices: [Choice, ...Choice[]], name: string): Choice {
  const digest = createHash("sha256")
    .update(`${process.env.FIRST_SEED ?? 1} ${name}`)
    .digest();
  return choices[digest.readUInt32BE() % choices.length] ?? choices[0];
}

/**
 * The forwarding routes as callers may count on them, whichever backend the extension is on.
 * @param backends settings of the twin: each test takes one of them, by its name and FIRST_SEED
 */
export function describeForwardingContract(name: string, ...backends: [TwinOptions, ...TwinOptions[]]): void {
  describe(`forwarding numbers, ${name}`, () => describeRoutes(backends));
}

function describeRoutes(backends: [TwinOptions, ...TwinOptions[]]): void {
  let lab: ForwardingLab;
  const start = async (extensionId?: string) => {
    const { currentTestName = "" } = expect.getState();
    // As the extension's own user, or as the administrator.
    const as = drawn(["me", "administrator"] as const, `${currentTestName}, caller`);
    lab = await startForwardingLab(drawn(backends, currentTestName), extensionId, as);
  };
  afterEach(() => lab.stop());

  describe("reading forwarding numbers", () => {
    beforeEach(() => start(SEED.extensionId));

    it("lists the outside numbers, the line and the apps, with their types, labels and flip numbers", async () => {
      const numbers = await lab.numbers();
      const sorted = numbers.map(seen).sort((a, b) => (a.type < b.type ? -1 : 1));
      expect(sorted).toMatchObject([
        { type: "ExtensionApps" },
        { type: "Home", phoneNumber: "+13125550187", label: "Home", flipNumber: 1 },
        { type: "Mobile", phoneNumber: "+13125550188", label: "Mobile", flipNumber: 2 },
        { type: "PhoneLine", phoneNumber: SEED.directNumber, label: "Desk phone", deviceId: "880001" },
      ]);
      for (const { features } of numbers) expect(features).toContain("CallForwarding");
    });

    it("pages through them, each once", async () => {
      const ids: string[] = [];
      let cursor = "";
      do {
        const { status, body } = await lab.list({ query: `limit=1${cursor}` });
        expect(status).toBe(200);
        expect(body.data.length).toBeLessThanOrEqual(1);
        expect(body.page).toMatchObject({ limit: 1, total: 4 });
        ids.push(...body.data.map(({ id }: Shown) => id));
        cursor = body.page.hasMore ? `&cursor=${body.page.nextCursor}` : "";
      } while (cursor !== "" && ids.length < 9);
      expect(new Set(ids).size).toBe(4);
      expect(ids).toHaveLength(4);
    });

    it("reads each of them by its id", async () => {
      for (const number of await lab.numbers()) {
        const { status, body, headers } = await lab.read(number.id);
        expect(status).toBe(200);
        expect(seen(body.data)).toEqual(seen(number));
        expect(number.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        const again = await lab.read(number.id, { headers: { "if-none-match": headers.etag ?? "" } });
        expect(again.status).toBe(304);
      }
    });

    it("lists nothing twice in one reading after the other", async () => {
      const [first, second] = [await lab.list(), await lab.list()];
      expect(second.body.data).toEqual(first.body.data);
      expect(second.headers.etag).toBe(first.headers.etag);
      const unchanged = await lab.list({ headers: { "if-none-match": first.headers.etag ?? "" } });
      expect(unchanged.status).toBe(304);
    });
  });

  describe("adding a forwarding number", () => {
    beforeEach(() => start());

    it.each([
      ["Other with a label", { label: "Cabin" }, { type: "Other", label: "Cabin" }],
      ["Other without a label", {}, { type: "Other" }],
      ["Home", { type: "Home" }, { type: "Home", label: "Home" }],
      ["Mobile", { type: "Mobile" }, { type: "Mobile", label: "Mobile" }],
      ["Other by name", { type: "Other", label: "Boat" }, { type: "Other", label: "Boat" }],
    ])("of type %s", async (_, more, shown) => {
      const added = await lab.add({ phoneNumber: NUMBER, flipNumber: 4, ...more });
      expect(added, JSON.stringify(added.body)).toMatchObject({ status: 201 });
      const { data } = added.body;
      expect(data).toMatchObject({ phoneNumber: NUMBER, flipNumber: 4, ...shown });
      expect(data.label).toBe("label" in shown ? shown.label : undefined);
      expect([...data.features].sort()).toEqual(["CallFlip", "CallForwarding"]);
      expect(added.headers.location).toMatch(new RegExp(`/forwarding-numbers/${data.id}$`));
      expect((await lab.read(data.id)).body.data).toEqual(data);
      expect(await lab.shown(NUMBER)).toMatchObject(data);
    });

    it("of type Work, once its place is free", async () => {
      await lab.remove(await lab.idOf(WORK));
      const added = await lab.add({ phoneNumber: NUMBER, type: "Work" });
      expect(added).toMatchObject({ status: 201, body: { data: { type: "Work", label: "Work" } } });
      expect(await lab.numbers()).toHaveLength(1);
    });

    it("reads it in the spelling of its country", async () => {
      const added = await lab.add({ phoneNumber: "(202) 555-0161", country: "US" });
      expect(added).toMatchObject({ status: 201, body: { data: { phoneNumber: NUMBER } } });
    });

    it.each([
      ["a type that is there already", { type: "Work" }, 409, "forwarding_label_duplicate"],
      ["a label that is there already", { label: "Cabin" }, 409, "forwarding_label_duplicate"],
      ["a flip number in use", { flipNumber: 3 }, 409, "flip_number_in_use"],
      ["a number of the account", { phoneNumber: SEED.mainNumber }, 409, "number_belongs_to_account"],
      ["a foreign number", { phoneNumber: "+442079460018" }, 403, "international_calling_disabled"],
    ])("rejects %s, and changes nothing", async (_, body, status, code) => {
      expect((await lab.add({ phoneNumber: OTHER, label: "Cabin", flipNumber: 3 })).status).toBe(201);
      const before = await lab.numbers();
      expect(await lab.add({ phoneNumber: NUMBER, ...body })).toMatchObject({ status, body: { code } });
      expect((await lab.numbers()).map(seen)).toEqual(before.map(seen));
    });

    it.each([{}, { phoneNumber: "12" }, { phoneNumber: NUMBER, deviceId: "880001" }, { type: "PhoneLine" }])(
      "rejects %j before anything is sent",
      async (body) => {
        expect(await lab.add(body)).toMatchObject({ status: 400, body: { code: "request_invalid" } });
        expect(lab.service.sent().filter(({ method }) => method !== "GET")).toEqual([]);
      },
    );
  });

  it("an extension with 10 forwarding numbers takes no other", async () => {
    await start(SEED.fullExtensionId);
    const full = await lab.add({ phoneNumber: NUMBER });
    expect(full).toMatchObject({ status: 409, body: { code: "forwarding_limit_reached" } });
    expect(await lab.numbers()).toHaveLength(10);
  });

  describe("changing a forwarding number", () => {
    beforeEach(() => start());

    it.each([
      ["its flip number", { flipNumber: 5 }, { flipNumber: 5, type: "Work", label: "Work" }],
      ["its type", { type: "Home" }, { type: "Home", label: "Home" }],
      ["its type and label", { type: "Other", label: "Cabin" }, { type: "Other", label: "Cabin" }],
      ["its number", { phoneNumber: OTHER }, { phoneNumber: OTHER, type: "Work", label: "Work" }],
    ])("%s", async (_, change, shown) => {
      const changed = await lab.change(await lab.idOf(WORK), change);
      expect(changed, JSON.stringify(changed.body)).toMatchObject({ status: 200, body: { data: shown } });
      const numbers = await lab.numbers();
      expect(numbers).toHaveLength(1);
      expect(numbers).toMatchObject([{ phoneNumber: WORK, ...shown, id: changed.body.data.id }]);
    });

    it("the label alone", async () => {
      const { body } = await lab.add({ phoneNumber: NUMBER, label: "Cabin", flipNumber: 2 });
      const changed = await lab.change(body.data.id, { label: "Boat" });
      expect(changed).toMatchObject({ status: 200, body: { data: { label: "Boat", flipNumber: 2 } } });
      expect(await lab.shown(NUMBER)).toMatchObject({ label: "Boat", flipNumber: 2, type: "Other" });
      expect(await lab.shown(WORK)).toMatchObject({ label: "Work", type: "Work" });
    });

    it("removes the label and the flip number for null, and keeps the name of a type", async () => {
      const { body } = await lab.add({ phoneNumber: NUMBER, label: "Cabin", flipNumber: 2, deviceId: null });
      const changed = await lab.change(body.data.id, { label: null, flipNumber: null });
      expect(changed.status, JSON.stringify(changed.body)).toBe(200);
      expect(changed.body.data).not.toHaveProperty("label");
      const shown = await lab.shown(NUMBER);
      expect(shown && seen(shown)).toMatchObject({ type: "Other", label: undefined, flipNumber: undefined });
      const named = await lab.change(await lab.idOf(WORK), { label: null });
      expect(named).toMatchObject({ status: 200, body: { data: { label: "Work" } } });
    });

    it("takes an item back as it was listed, and changes nothing", async () => {
      await lab.add({ phoneNumber: NUMBER, label: "Cabin", flipNumber: 2 });
      const before = await lab.numbers();
      for (const number of before) {
        const sent = await lab.change(number.id, number);
        expect(sent, JSON.stringify(sent.body)).toMatchObject({ status: 200 });
      }
      expect((await lab.numbers()).map(seen)).toEqual(before.map(seen));
    });

    it("rejects a label and a flip number of another, and changes nothing", async () => {
      const { body } = await lab.add({ phoneNumber: NUMBER, label: "Cabin", flipNumber: 2 });
      const before = await lab.numbers();
      const id = await lab.idOf(WORK);
      expect(await lab.change(id, { type: "Other", label: "Cabin" })).toMatchObject({
        status: 409,
        body: { code: "forwarding_label_duplicate" },
      });
      expect(await lab.change(id, { flipNumber: 2 })).toMatchObject({
        status: 409,
        body: { code: "flip_number_in_use" },
      });
      expect(await lab.change(body.data.id, {})).toMatchObject({
        status: 400,
        body: { code: "request_invalid" },
      });
      expect((await lab.numbers()).map(seen)).toEqual(before.map(seen));
    });

    it("only in the version that If-Match names", async () => {
      const id = await lab.idOf(WORK);
      const first = await lab.change(id, { flipNumber: 5 }, { headers: { "if-match": "*" } });
      const etag = first.headers.etag ?? "";
      expect(etag).toMatch(/^".+"$/);
      const second = await lab.change(id, { flipNumber: 6 }, { headers: { "if-match": etag } });
      expect(second).toMatchObject({ status: 200, body: { data: { flipNumber: 6 } } });
      const stale = { headers: { "if-match": etag } };
      expect(await lab.change(id, { flipNumber: 7 }, stale)).toMatchObject({
        status: 412,
        body: { code: "precondition_failed" },
      });
      expect((await lab.remove(id, stale)).status).toBe(412);
      expect(await lab.shown(WORK)).toMatchObject({ flipNumber: 6 });
      expect((await lab.remove(id, { headers: { "if-match": second.headers.etag ?? "" } })).status).toBe(204);
      expect(await lab.numbers()).toEqual([]);
    });
  });

  describe("removing a forwarding number", () => {
    beforeEach(() => start());

    it("stops it from ringing and flipping, and leaves the others", async () => {
      const { body } = await lab.add({ phoneNumber: NUMBER, label: "Cabin" });
      expect((await lab.remove(body.data.id)).status).toBe(204);
      const left = await lab.numbers();
      expect(left).toMatchObject([{ phoneNumber: WORK }]);
      expect(await lab.remove(body.data.id)).toMatchObject({ status: 404, body: { code: "not_found" } });
      expect((await lab.add({ phoneNumber: NUMBER, label: "Cabin" })).status).toBe(201);
    });

    it.each(["999999", "nothing-of-the-kind_", "a"])("an unknown id is 404: %s", async (id) => {
      const problem = { status: 404, body: { code: "not_found" } };
      expect(await lab.change(id, { flipNumber: 4 })).toMatchObject(problem);
      expect(await lab.remove(id)).toMatchObject(problem);
      expect(await lab.read(id)).toMatchObject(problem);
      expect(await lab.numbers()).toHaveLength(1);
    });
  });

  describe("Idempotency-Key", () => {
    beforeEach(() => start());
    const body = { phoneNumber: NUMBER, label: "Cabin" };

    it("repeats the response, and adds one number, from any instance", async () => {
      const first = await lab.add(body, "key-1");
      resetRuntime();
      const second = await lab.add(body, "key-1");
      expect(second.body).toEqual(first.body);
      expect(second.headers.location).toBe(first.headers.location);
      expect(second.headers["idempotency-replayed"]).toBe("true");
      expect(await lab.numbers()).toHaveLength(2);
    });

    it("for another request is 422", async () => {
      await lab.add(body, "key-1");
      const other = await lab.add({ ...body, label: "Boat" }, "key-1");
      expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
      expect(await lab.numbers()).toHaveLength(2);
    });

    it("is free again after a rejection", async () => {
      expect((await lab.add({ phoneNumber: SEED.mainNumber }, "key-1")).status).toBe(409);
      expect((await lab.add(body, "key-1")).status).toBe(201);
    });

    it("lets one of many requests at once add the number", async () => {
      const responses = await Promise.all(Array.from({ length: 4 }, () => lab.add(body, "key-1")));
      expect(responses.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(1);
      expect(await lab.shown(NUMBER)).toMatchObject({ label: "Cabin" });
      expect(await lab.numbers()).toHaveLength(2);
    });
  });

  describe("a lost response", () => {
    beforeEach(() => start());
    const body = { phoneNumber: NUMBER, label: "Cabin" };
    const faults = [
      { kind: "reset-after-processing" },
      { kind: "status", status: 500, afterProcessing: true },
      { kind: "truncated-body" },
      { kind: "empty-body" },
    ] as const;

    it.each(writes.flatMap((operation) => faults.map((fault) => ({ operation, ...fault }))))(
      "of an addition adds one number: $operation $kind",
      async (fault) => {
        lab.twin.faults.add(fault);
        let response = await lab.add(body, "key-1");
        for (let n = 0; response.status !== 201 && n < 5; n++) {
          expect(response.body.retryable, JSON.stringify(response.body)).toBe(true);
          // By then a write whose outcome is unknown has taken effect, or never will.
          if (response.body.code === "outcome_unknown") lab.later(3);
          response = await lab.add(body, "key-1");
        }
        expect(response).toMatchObject({ status: 201, body: { data: body } });
        expect(await lab.shown(NUMBER)).toMatchObject({ ...body, id: response.body.data.id });
      },
    );

    it.each(["updateForwardingNumber", "replaceCallFlipNumbers", "updateStateRule"])(
      "of a change leaves it made: %s",
      async (operation) => {
        const id = await lab.idOf(WORK);
        lab.twin.faults.add({ operation, kind: "reset-after-processing" });
        const change = { type: "Other", label: "Cabin", flipNumber: 7 };
        let changed = await lab.change(id, change);
        for (let n = 0; changed.status !== 200 && n < 5; n++) changed = await lab.change(id, change);
        expect(changed).toMatchObject({ status: 200, body: { data: change } });
        expect(await lab.shown(WORK)).toMatchObject(change);
      },
    );

    it.each([
      "deleteForwardingNumber",
      "replaceCallFlipNumbers",
      "updateStateRule",
      "deleteForwardingTargets",
    ])("of a removal leaves it made: %s", async (operation) => {
      const id = await lab.idOf(WORK);
      lab.twin.faults.add({ operation, kind: "reset-after-processing" });
      let removed = await lab.remove(id);
      for (let n = 0; removed.status >= 500 && n < 5; n++) removed = await lab.remove(id);
      expect([204, 404]).toContain(removed.status);
      expect(await lab.numbers()).toEqual([]);
    });
  });
}
