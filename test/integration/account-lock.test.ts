import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sentWrites, write, writeNames } from "../support/extension-writes.ts";
import { startForwardingLab } from "../support/forwarding-lab.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

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
    // The last one: what it adds is there from then on.
    if (lock === "400") expect((await write(service, name, undefined, { headers })).status).toBeLessThan(300);
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

describe.each(["409", "423", "400"] as const)("on the new call handling, a lock (%s)", (accountLock) => {
  it("rejects every write of forwarding numbers, and leaves nothing half done", async () => {
    const lab = await startForwardingLab({ callHandling: "new" }, SEED.extensionId);
    const id = await lab.idOf("+13125550188");
    const before = structuredClone(lab.twin.extension(SEED.extensionId).callHandling);
    lab.twin.configure({ accountLock });
    const writes = {
      add: () => lab.add({ phoneNumber: "+12025550161" }),
      change: () => lab.change(id, { flipNumber: 7 }),
      remove: () => lab.remove(id),
    };
    for (const [name, write] of Object.entries(writes)) {
      const { status, headers, body } = await write();
      expect([name, status, headers["retry-after"], body.code]).toEqual([name, 503, "30", "upstream_locked"]);
    }
    lab.twin.configure({ accountLock: "off" });
    expect(lab.twin.extension(SEED.extensionId).callHandling).toEqual(before);
    expect((await writes.change()).status).toBe(200);
    await lab.stop();
  });
});
