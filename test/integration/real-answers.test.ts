import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as addCallerBlockingNumber } from "../../functions/extensions/add-caller-blocking-number.ts";
import { handler as deleteCallerBlockingNumber } from "../../functions/extensions/delete-caller-blocking-number.ts";
import { handler as updateCallerBlockingNumber } from "../../functions/extensions/update-caller-blocking-number.ts";
import {
  addCallerBlockingNumberRoute,
  deleteCallerBlockingNumberRoute,
  updateCallerBlockingNumberRoute,
} from "../../lib/contract/caller-blocking.ts";
import type { Route } from "../../lib/contract/route.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";

// Responses that RingCentral gives in public records, and that its API description does not suggest.

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());
beforeEach(() => service.forget());

/** One call as the user, checked against the contract. */
async function send(handler: Parameters<typeof invoke>[0], route: Route, request: TestRequest = {}) {
  const response = await invoke(handler, route, { token: service.tokens.user, ...request });
  expectConforms(route, response);
  return response;
}

/** The next call of an operation gets this body. */
function answer(operation: string, body: unknown, status = 200): void {
  service.twin.faults.add({ operation, kind: "status", status, body });
}

describe("an id that is the number in base64url", () => {
  const id = "MTIwMjU1NTAxNDM";
  const entry = { id, phoneNumber: "+12025550143", label: "x", status: "Blocked" };

  it("is usable wherever it appears, and is not logged", async () => {
    const write = vi.spyOn(process.stdout, "write");
    answer("addCallerBlockingNumber", entry);
    const added = await send(addCallerBlockingNumber, addCallerBlockingNumberRoute, {
      body: { phoneNumber: "+12025550143" },
    });
    expect(added).toMatchObject({ status: 201, body: { data: { id } } });
    expect(added.headers.location).toMatch(new RegExp(`/${id}$`));

    const moved = { ...entry, id: "MTIwMjU1NTAxNDQ", phoneNumber: "+12025550144" };
    answer("getCallerBlockingNumber", entry);
    answer("updateCallerBlockingNumber", moved);
    const changed = await send(updateCallerBlockingNumber, updateCallerBlockingNumberRoute, {
      path: { id },
      body: { phoneNumber: "+12025550144" },
    });
    expect(changed).toMatchObject({ status: 200, body: { data: { id: moved.id } } });

    answer("deleteCallerBlockingNumber", "", 204);
    const deleted = await send(deleteCallerBlockingNumber, deleteCallerBlockingNumberRoute, { path: { id } });
    expect(deleted.status).toBe(204);
    expect(service.sent().at(-1)?.path).toMatch(new RegExp(`/caller-blocking/phone-numbers/${id}$`));
    const logged = write.mock.calls.map(([chunk]) => String(chunk)).join("");
    expect(logged).toContain('"request"');
    expect(logged).not.toContain("MTIwMjU1NTAxND");
    write.mockRestore();
  });

  it("may have changed when the response to a change of the number is lost", async () => {
    const moved = { ...entry, id: "MTIwMjU1NTAxNDQ", phoneNumber: "+12025550144" };
    answer("getCallerBlockingNumber", entry);
    service.twin.faults.add({ operation: "updateCallerBlockingNumber", kind: "reset" });
    answer("listCallerBlockingNumbers", {
      records: [moved],
      paging: { page: 1, perPage: 100, totalPages: 1 },
    });
    const changed = await send(updateCallerBlockingNumber, updateCallerBlockingNumberRoute, {
      path: { id },
      body: { phoneNumber: "+12025550144" },
    });
    expect(changed).toMatchObject({ status: 200, body: { data: { id: moved.id } } });
  });

  it.each(["7\n12", "número", "a/b", "\ud800"])("is encoded in Location when it is %j", async (odd) => {
    answer("addCallerBlockingNumber", { ...entry, id: odd });
    const added = await send(addCallerBlockingNumber, addCallerBlockingNumberRoute, {
      body: { phoneNumber: "+12025550143" },
    });
    expect(added.status).toBe(201);
    expect(added.headers.location).toMatch(
      new RegExp(`/phone-numbers/${encodeURIComponent(odd.toWellFormed())}$`),
    );
  });
});
