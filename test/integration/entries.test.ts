import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as addCallerBlockingNumber } from "../../functions/extensions/add-caller-blocking-number.ts";
import { handler as deleteBlockedNumber } from "../../functions/extensions/delete-blocked-number.ts";
import { handler as deleteCallerBlockingNumber } from "../../functions/extensions/delete-caller-blocking-number.ts";
import { handler as getBlockedNumber } from "../../functions/extensions/get-blocked-number.ts";
import { handler as getCallerBlockingNumber } from "../../functions/extensions/get-caller-blocking-number.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listCallerBlockingNumbers } from "../../functions/extensions/list-caller-blocking-numbers.ts";
import { handler as updateCallerBlockingNumber } from "../../functions/extensions/update-caller-blocking-number.ts";
import * as blocked from "../../lib/contract/blocked-numbers.ts";
import * as callerBlocking from "../../lib/contract/caller-blocking.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;

async function call(handler: Parameters<typeof invoke>[0], route: Route, request: TestRequest = {}) {
  const response = await invoke(handler, route, { token: service.tokens.user, ...request });
  expectConforms(route, response);
  return response;
}
type Entry = { id: string; status?: string };
type Read = (id: string, headers?: Record<string, string>) => ReturnType<typeof call>;
const item = (id: string, headers = {}) => ({ path: { extensionId: "me", id }, headers });
const readBlocked: Read = (id, headers) =>
  call(getBlockedNumber, blocked.getBlockedNumberRoute, item(id, headers));
const unblock: Read = (id, headers) =>
  call(deleteBlockedNumber, blocked.deleteBlockedNumberRoute, item(id, headers));
const read: Read = (id, headers) =>
  call(getCallerBlockingNumber, callerBlocking.getCallerBlockingNumberRoute, item(id, headers));
const remove: Read = (id, headers) =>
  call(deleteCallerBlockingNumber, callerBlocking.deleteCallerBlockingNumberRoute, item(id, headers));
const listBlocked = () => call(listBlockedNumbers, blocked.listBlockedNumbersRoute);
const list = () => call(listCallerBlockingNumbers, callerBlocking.listCallerBlockingNumbersRoute);
const addRoute = callerBlocking.addCallerBlockingNumberRoute;
const block = (body: object) => call(addBlockedNumber, blocked.addBlockedNumberRoute, { body });
const add = (body: object) =>
  call(addCallerBlockingNumber, callerBlocking.addCallerBlockingNumberRoute, { body });

const idIn = (location = "") => location.split("/").at(-1) ?? "";

const kinds: [
  kind: string,
  list: () => ReturnType<typeof call>,
  read: Read,
  remove: Read,
  add: typeof add,
][] = [
  ["blocked numbers", listBlocked, readBlocked, unblock, block],
  ["blocked and allowed numbers", list, read, remove, add],
];

describe.each([true, false])("while RingCentral routes blocked-number: %s,", (legacyBlockedNumbers) => {
  beforeAll(async () => {
    service = await startService({ legacyBlockedNumbers, limits: { Light: 1_000, Medium: 1_000 } });
  });
  afterAll(() => service.stop());
  beforeEach(() => {
    service.forget();
    service.twin.configure({ duplicateBlockedNumber: "CMN-406" });
  });

  describe.each(kinds)("%s", (_, list, read, remove, add) => {
    it("can each be read by the id in the list, with the tag that the list gave", async () => {
      const { body } = await list();
      expect(body.data.length).toBeGreaterThan(0);
      for (const { etag, ...entry } of body.data) {
        const response = await read(entry.id);
        expect(response).toMatchObject({ status: 200, headers: { etag } });
        expect(response.body.data).toEqual(entry);
        expect((await read(entry.id, { "if-none-match": etag })).status).toBe(304);
      }
    });

    it("can each be read at the Location of a new one, and removed if unchanged straight after a list", async () => {
      const added = await add({ phoneNumber: "+12025550171" });
      const response = await read(idIn(added.headers.location));
      expect(response.body.data).toEqual(added.body.data);
      expect(response.headers.etag).toBe(added.headers.etag);
      const [{ id, etag }] = (await list()).body.data.filter(({ id }: Entry) => id === added.body.data.id);
      expect((await remove(id, { "if-match": '"another"' })).status).toBe(412);
      expect((await remove(id, { "if-match": etag })).status).toBe(204);
      for (const gone of [await read(id), await remove(id)]) {
        expect(gone).toMatchObject({ status: 404, body: { code: "not_found" } });
      }
    });
  });

  describe("the id of a caller-blocking entry", () => {
    it("serves for the blocked number too", async () => {
      const { id } = (await add({ phoneNumber: "+12025550172" })).body.data;
      expect((await readBlocked(id)).body.data.id).toBe(id);
      expect((await unblock(id)).status).toBe(204);
      expect((await read(id)).status).toBe(404);
    });

    it("does not unblock an allowed number", async () => {
      for (const response of [await readBlocked(SEED.allowedNumberId), await unblock(SEED.allowedNumberId)]) {
        expect(response).toMatchObject({ status: 404, body: { code: "not_found" } });
      }
      expect((await read(SEED.allowedNumberId)).status).toBe(200);
    });
  });

  describe.each([
    ["CMN-406", "blocked numbers", block, readBlocked],
    ["CMN-101", "blocked numbers", block, readBlocked],
    ["CMN-406", "blocked and allowed numbers", add, read],
  ] as const)("a number that RingCentral rejects as listed, with %s, among the %s", (code, _, add, read) => {
    const asked = { phoneNumber: "+12025550143", label: "Robocaller" };
    beforeEach(() => service.twin.configure({ duplicateBlockedNumber: code }));

    it("is the entry itself if it has the label and the list that were asked for", async () => {
      for (const body of [asked, { phoneNumber: asked.phoneNumber }]) {
        const found = await add(body);
        expect(found).toMatchObject({ status: 200, body: { data: asked } });
        const stored = await read(idIn(found.headers.location));
        expect(stored.body).toEqual(found.body);
        expect(found.headers.etag).toBe(stored.headers.etag);
      }
    });

    it("is 409 with the entry, its id and its tag otherwise", async () => {
      const { status, body } = await add({ ...asked, label: "Other" });
      expect([status, body.code]).toEqual([409, "number_already_listed"]);
      expect(body.entry).toMatchObject({ ...asked, status: "blocked" });
      expect((await read(body.entry.id)).headers.etag).toBe(body.entry.etag);
    });
  });

  it("a number of the allowed list is 409 with that entry, and not moved", async () => {
    for (const add of [block, (body: object) => call(addCallerBlockingNumber, addRoute, { body })]) {
      const { status, body } = await add({ phoneNumber: "+12025550151", label: "School" });
      expect([status, body.code, body.entry.id]).toEqual([
        409,
        "number_already_listed",
        SEED.allowedNumberId,
      ]);
      expect(body.entry.etag).toBe((await read(SEED.allowedNumberId)).headers.etag);
    }
  });

  it("a number that is blocked twice at once is the same entry, whoever comes first, with and without a key", async () => {
    const body = { phoneNumber: "+12025550173", label: "Twice" };
    const results = await Promise.all(
      ["", "", "key-1", "key-1", "key-2"].map((key) =>
        call(addBlockedNumber, blocked.addBlockedNumberRoute, {
          body,
          headers: key === "" ? {} : { "idempotency-key": key },
        }),
      ),
    );
    const served = results.filter(({ status }) => status !== 409);
    expect(
      served.filter(({ headers, status }) => status === 201 && !headers["idempotency-replayed"]),
    ).toHaveLength(1);
    for (const { status, body } of results) {
      if (status === 409) expect(body.code).toBe("idempotency_in_progress");
      else expect(body.data).toEqual(served[0]?.body.data);
    }
    const copies = service.twin.extension(SEED.extensionId).callerBlocking;
    expect(copies.filter(({ phoneNumber }) => phoneNumber === body.phoneNumber)).toHaveLength(1);
  });

  it("a change to a number that another entry has is 409 with that entry, and one to its own number is not", async () => {
    const { id } = (await add({ phoneNumber: "+12025550175", label: "Mine" })).body.data;
    const change = (body: object) =>
      call(updateCallerBlockingNumber, callerBlocking.updateCallerBlockingNumberRoute, { ...item(id), body });
    const { status, body } = await change({ phoneNumber: "+12025550151" });
    expect([status, body.code, body.entry.id]).toEqual([409, "number_already_listed", SEED.allowedNumberId]);
    expect((await read(id)).body.data).toMatchObject({ phoneNumber: "+12025550175", label: "Mine" });
    service.twin.faults.add({
      operation: "updateCallerBlockingNumber",
      kind: "status",
      status: 400,
      errorCode: "CMN-101",
    });
    const own = await change({ phoneNumber: "+12025550175" });
    expect(own).toMatchObject({ status: 400, body: { code: "parameter_invalid" } });
  });

  it("a rejection for another reason is passed on without reading the lists, and so is one that cannot be explained", async () => {
    const operation = "addCallerBlockingNumber";
    service.twin.faults.add({ operation, kind: "status", status: 403, errorCode: "CMN-408" });
    expect(await add({ phoneNumber: "+12025550143" })).toMatchObject({ status: 403 });
    expect(service.sent().map(({ method }) => method)).toEqual(["POST"]);
    service.twin.faults.add({ operation, kind: "status", status: 400, errorCode: "CMN-406" });
    expect(await add({ phoneNumber: "+12025550174" })).toMatchObject({
      status: 400,
      body: { code: "parameter_invalid" },
    });
    const list = "listCallerBlockingNumbers";
    service.twin.faults.add({ operation: list, times: 9, kind: "status", status: 500, errorCode: "CMN-203" });
    expect(await add({ phoneNumber: "+12025550143" })).toMatchObject({
      status: 400,
      body: { code: "parameter_invalid" },
    });
  });
});
