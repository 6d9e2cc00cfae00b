import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { runtime } from "../../lib/runtime/runtime.ts";
import { lookUpNumbers } from "../../lib/sync/run/confirm-removals.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

function lookUp(ids: readonly string[]) {
  const { ringcentral, clock } = runtime().for({ accountId: SEED.accountId });
  const context = () => ({
    accountId: SEED.accountId,
    requestId: "test",
    deadline: deadlineIn(10_000, clock),
    log: createLogger({}, { write: () => {} }),
    priority: "sync" as const,
  });
  return lookUpNumbers(
    (operation, phoneNumberId) => ringcentral.call(operation, { path: { phoneNumberId } }, context()),
    ids,
  );
}

describe("a lookup of numbers by id", () => {
  it("tells existing numbers from removed ones, with one call for thirty", async () => {
    const ids = Array.from({ length: 30 }, (_, index) => String(index === 7 ? 999_999 : 900_001 + index));
    service.forget();
    const lookups = await lookUp(ids);
    const found = lookups.map((lookup) => (typeof lookup === "object" ? lookup.id : lookup));
    expect(found).toEqual(ids.with(7, "gone"));
    expect(service.sent().filter(({ path }) => path.includes("/phone-number/"))).toHaveLength(1);
  });

  it("does the same for a single number", async () => {
    expect(await lookUp(["900001"])).toMatchObject([{ id: "900001" }]);
    expect(await lookUp(["999999"])).toEqual(["gone"]);
  });
});
