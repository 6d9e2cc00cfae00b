import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sentWrites, write, writeNames } from "../support/extension-writes.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService({ limits: { Light: 1000, Medium: 1000 } });
});
afterEach(() => service.twin.configure({ accountLock: "off" }));
afterAll(() => service.stop());

describe.each(["409", "423", "400"] as const)("while RingCentral holds the account's lock (%s)", (lock) => {
  it.each(writeNames)("%s says when to repeat it, after one call, and works afterwards", async (name) => {
    service.forget();
    service.twin.configure({ accountLock: lock });
    const headers = { "idempotency-key": `${lock}-${name}` };
    const locked = await write(service, name, undefined, { headers });
    expect(locked).toMatchObject({
      status: 503,
      headers: { "retry-after": "30" },
      body: { code: "upstream_locked", retryable: true, retryAfter: 30, upstream: { status: Number(lock) } },
    });
    expect(sentWrites(service)).toHaveLength(1);
    service.twin.configure({ accountLock: "off" });
    if (lock === "409") expect((await write(service, name, undefined, { headers })).status).toBeLessThan(300);
  });

  it("states the time that RingCentral states", async () => {
    service.twin.faults.add({
      operation: "addBlockedNumber",
      kind: "status",
      status: 423,
      headers: { "Retry-After": "7" },
    });
    const locked = await write(service, "addBlockedNumber");
    expect(locked).toMatchObject({ status: 503, headers: { "retry-after": "7" } });
  });
});
