import { describe, expect, it } from "vitest";
import { tagOf } from "../../../../lib/ringcentral/rate-limit/fair-share.ts";
import {
  type AccountLimits,
  type GroupLimit,
  NOTHING_KNOWN,
} from "../../../../lib/ringcentral/rate-limit/limits-record.ts";
import { type Decision, reserve } from "../../../../lib/ringcentral/rate-limit/reserve.ts";

const START = 1_767_225_600_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const light: GroupLimit = { limit: 50, windowMs: MINUTE, confirmed: true, log: [] };

/** One process with a current copy, and a clock. */
function account(groups: AccountLimits["groups"] = { light }) {
  let limits: AccountLimits = { ...NOTHING_KNOWN, groups };
  let now = START;
  const ask = (caller: string, { extension = "", isDue = false } = {}): Decision | undefined => {
    const spender = tagOf({ caller, ...(extension !== "" && { extension }) });
    const call = { group: "light", priority: "interactive" as const, route: "r", spender, isDue };
    const bounds = { earliest: now, latest: now };
    const plan = reserve({ limits, bounds, probeId: "p" }, [{ call, maxWaitMs: 0 }], new Map());
    const [[, decision] = []] = plan.decisions;
    if (decision?.kind === "granted") limits = plan.limits;
    return decision;
  };
  return {
    ask,
    limits: () => limits,
    pass: (ms: number) => {
      now += ms;
    },
    /** How many permits `calls` calls get, one every `everyMs`. */
    poll(calls: number, everyMs: number, caller: (n: number) => string = () => "greedy", extension = "") {
      let granted = 0;
      for (let n = 0; n < calls; n++) {
        if (ask(caller(n), { extension })?.kind === "granted") granted++;
        now += everyMs;
      }
      return granted;
    },
  };
}

describe("a caller's share", () => {
  it("gives one caller that polls at most two thirds of the budget, and tells it whose share is used", () => {
    const { poll, ask } = account();
    const granted = poll(120, SECOND / 4);
    expect(granted).toBeGreaterThan(25);
    expect(granted).toBeLessThanOrEqual(34);
    expect(ask("greedy")).toMatchObject({
      kind: "rejected",
      share: { of: "caller", group: "light", limit: 29, windowSeconds: 60 },
    });
  });

  it("lets a caller that owes nothing have every free slot of its visit", () => {
    const { poll, ask } = account();
    poll(240, SECOND / 4);
    for (let n = 0; n < 7; n++) expect(ask("visitor")?.kind).toBe("granted");
  });

  it("keeps room for an overview beside ten callers that poll", () => {
    const { poll, ask } = account();
    poll(4_000, SECOND / 2, (n) => `g${n % 10}x`);
    for (let n = 0; n < 5; n++) expect(ask("visitor")?.kind).toBe("granted");
  });

  it("is regained, so that a caller is new again after two hours", () => {
    const { poll, ask, pass } = account();
    poll(240, SECOND / 4);
    pass(2 * 60 * MINUTE);
    poll(100, SECOND / 4, () => "other");
    for (let n = 0; n < 5; n++) expect(ask("greedy")?.kind).toBe("granted");
  });

  it("says when it is free again at the latest", () => {
    const { poll, ask, pass } = account();
    poll(200, SECOND / 4);
    const rejected = ask("greedy");
    expect(rejected?.kind).toBe("rejected");
    if (rejected?.kind !== "rejected") return;
    expect(rejected.waitMs).toBeLessThanOrEqual(MINUTE + SECOND);
    pass(rejected.waitMs);
    expect(ask("greedy")?.kind).toBe("granted");
  });

  it("never stops the end of a write", () => {
    const { poll, ask } = account();
    poll(120, SECOND / 4);
    expect(ask("greedy", { isDue: true })?.kind).toBe("granted");
  });

  it("is that of the extension when many callers use one", () => {
    const { poll, ask } = account();
    const granted = poll(100, SECOND / 4, (n) => `c${n + 10}`, "101");
    expect(granted).toBeLessThanOrEqual(36);
    expect(ask("new", { extension: "101" })).toMatchObject({ kind: "rejected", share: { of: "extension" } });
    expect(ask("new", { extension: "102" })?.kind).toBe("granted");
  });

  it("is nothing that the service's own calls have", () => {
    const { poll, limits } = account();
    poll(5, SECOND);
    const call = { group: "light", priority: "interactive" as const, route: "r" };
    const bounds = { earliest: START + MINUTE / 2, latest: START + MINUTE / 2 };
    const wanted = Array.from({ length: 45 }, () => ({ call, maxWaitMs: 0 }));
    const { decisions } = reserve({ limits: limits(), bounds, probeId: "p" }, wanted, new Map());
    expect(decisions.every(([, { kind }]) => kind === "granted")).toBe(true);
  });

  it("keeps the record small in a large budget, where a tag stands for several permits", () => {
    const { poll, limits } = account({ light: { ...light, limit: 1_000 } });
    poll(3_000, 17, (n) => `${n}`.padStart(3, "0"));
    const log = limits().groups.light?.log ?? [];
    expect(log.filter(({ spender }) => spender !== undefined).length).toBeLessThan(200);
    expect(Object.keys(limits().owed ?? {}).length).toBeLessThanOrEqual(128);
  });
});
