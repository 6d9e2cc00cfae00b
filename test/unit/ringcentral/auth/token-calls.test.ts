import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { readTokenCallOutcome, SharedTokenCalls } from "../../../../lib/ringcentral/auth/token-calls.ts";
import { lineSettings } from "../../../../lib/ringcentral/auth/token-line.ts";
import { leapingClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";

function setUp() {
  const clock = leapingClock();
  const records = createMemoryRecordStore();
  const process = () =>
    new SharedTokenCalls({
      records,
      clock,
      random: Math.random,
      appOf: async () => ({ server: "https://rc.test", clientId: "app" }),
    });
  const soon = () => deadlineIn(20_000, clock, 0);
  const stored = () => JSON.parse(records.dump()[0]?.json ?? "{}");
  return { clock, records, process, soon, stored };
}

describe("the token calls of an app", () => {
  it("count for as long as any process's clock may need", async () => {
    const { clock, process, soon, stored } = setUp();
    await process().take("request", soon());
    expect(stored().calls).toMatchObject([{ by: clock.now() + 5_000 + lineSettings.callMs }]);
  });

  it("lose no call of another process that comes between the reading and the write", async () => {
    const { records, process, soon, stored } = setUp();
    let isFirst = true;
    records.faults.before = async ({ operation }) => {
      if (operation !== "compareAndSet" || !isFirst) return;
      isFirst = false;
      await process().take("request", soon());
    };
    await process().take("request", soon());
    expect(stored().calls).toHaveLength(2);
  });

  it("keep a place for who waits without naming them", async () => {
    const { clock, records, process, soon } = setUp();
    for (let n = 0; n < 5; n += 1) await process().take("request", soon());
    await process()
      .take("sign_in", deadlineIn(1_000, clock, 0), "session#37#101")
      .catch(() => {});
    expect(records.dump()[0]?.json).toContain('"who":');
    expect(records.dump()[0]?.json).not.toContain("session#37#101");
  });

  it("learn nothing from headers of another group", () => {
    const headers = { "x-rate-limit-group": "light", "x-rate-limit-limit": "50" };
    expect(readTokenCallOutcome({ status: 200, headers }, 0)).toEqual({ status: 200 });
  });
});
