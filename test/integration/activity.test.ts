import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { type Service, startService } from "../support/service.ts";

const MINUTE_MS = 60_000;

let service: Service;
/** Made anew when the time has moved. */
let token: string;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  // The middle of a minute and of a step of five minutes.
  vi.setSystemTime(Math.ceil(Date.now() / (5 * MINUTE_MS)) * 5 * MINUTE_MS + 30_000);
  service = await startService();
});
afterEach(async () => {
  vi.useRealTimers();
  await service.stop();
});

async function pass(minutes: number): Promise<void> {
  vi.setSystemTime(Date.now() + minutes * MINUTE_MS);
  token = await service.mint({ scope: "numbers:read numbers:write ops:read" });
}

const list = () =>
  invoke(listBlockedNumbers, listBlockedNumbersRoute, { token, headers: { "cache-control": "no-cache" } });
const add = (body: object, by = token) =>
  invoke(addBlockedNumber, addBlockedNumberRoute, { token: by, body });

async function limits() {
  const response = await invoke(getLimits, getLimitsRoute, { token });
  expectConforms(getLimitsRoute, response);
  return response.body.data;
}

it("an hour of mixed traffic leaves the history right, for an instance that has just started", async () => {
  await pass(0);
  const startedAt = Date.now();
  for (let step = 0; step < 12; step += 1) {
    expect((await list()).status).toBe(200);
    if (step % 2 === 0) expect((await add({ phoneNumber: "no number" })).status).toBe(400);
    if (step === 3) {
      const reader = await service.mint({ scope: "numbers:read" });
      expect((await add({ phoneNumber: "+12025550198" }, reader)).status).toBe(403);
      // It belongs to no account.
      expect((await add({}, "no token")).status).toBe(401);
    }
    if (step < 11) await pass(5);
  }
  await pass(1);
  // The pause after it lasts in the table's time, which a test cannot move: so it comes last.
  service.twin.faults.add({
    kind: "status",
    status: 429,
    errorCode: "CMN-301",
    operation: "listBlockedNumbers",
    headers: { "X-Rate-Limit-Group": "light", "Retry-After": "60" },
  });
  expect((await list()).status).toBe(503);
  resetRuntime();
  const { problems, budgets } = await limits();
  const byName = Object.fromEntries(
    problems.lastHour.series.map(({ route, code, counts }: Record<string, unknown>) => [
      `${route} ${code}`,
      counts,
    ]),
  );
  expect(Date.parse(problems.lastHour.from)).toBe(startedAt - 30_000);
  expect(byName).toEqual({
    "addBlockedNumber request_invalid": [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0],
    "addBlockedNumber scope_missing": [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    "listBlockedNumbers upstream_rate_limited": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  });
  const day = problems.lastDay.series.map(({ code, counts }: { code: string; counts: number[] }) => [
    code,
    counts.reduce((sum, count) => sum + count, 0),
  ]);
  expect(Object.fromEntries(day)).toEqual({ request_invalid: 6, scope_missing: 1, upstream_rate_limited: 1 });
  const { lastHour } = budgets.find(({ group }: { group: string }) => group === "light");
  const minutesOfCalls = [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 56];
  expect(lastHour).toEqual(
    minutesOfCalls.map((minute) => ({
      at: new Date(startedAt - 30_000 + minute * MINUTE_MS).toISOString(),
      calls: 1,
      rejected: minute === 56 ? 1 : 0,
      ...(minute !== 56 && { leastRemaining: 49 }),
    })),
  );
});
