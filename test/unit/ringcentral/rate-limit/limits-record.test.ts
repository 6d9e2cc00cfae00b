import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { omitUndefined } from "../../../../lib/platform/omit-undefined.ts";
import { decodeLimits, encodeLimits } from "../../../../lib/ringcentral/rate-limit/encode-limits.ts";
import {
  ACCOUNT,
  type AccountLimits,
  type GroupLimit,
  NOTHING_KNOWN,
} from "../../../../lib/ringcentral/rate-limit/limits-record.ts";
import { settings } from "../../../../lib/ringcentral/rate-limit/settings.ts";

const instant = fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 });
const count = fc.integer({ min: 0, max: 100 });
const peak = fc.record({ count, at: instant });
const pause = fc.record(
  { until: instant, penaltyMs: count, failures: count, probe: fc.record({ id: fc.string(), by: instant }) },
  { requiredKeys: ["until", "penaltyMs"] },
);
const groups: fc.Arbitrary<GroupLimit> = fc.record(
  {
    limit: fc.integer({ min: 1, max: 1_000 }),
    windowMs: fc.constant(60_000),
    confirmed: fc.boolean(),
    log: fc
      .array(
        fc.record({
          by: instant,
          count: fc.integer({ min: 1, max: 9 }),
          priority: fc.constantFrom("interactive", "sync"),
          route: fc.constantFrom("GET /v1/a", "GET /v1/b", "other"),
          spender: fc.constantFrom(undefined, "abc..", "-_9xy"),
          isOwing: fc.constantFrom(undefined, true),
        }),
        { maxLength: 60 },
      )
      .map((log) =>
        log
          .toSorted((a, b) => a.by - b.by)
          .map(({ isOwing, ...one }) =>
            omitUndefined({ ...one, isOwing: one.priority === "sync" ? undefined : isOwing }),
          ),
      ),
    external: fc.record({ count, at: instant, peak }),
    interactivePeak: peak,
    crowdedAt: instant,
  },
  { requiredKeys: ["limit", "windowMs", "confirmed", "log"] },
);
const accounts: fc.Arbitrary<AccountLimits> = fc.record(
  {
    groups: fc.dictionary(fc.constantFrom("light", "medium", "heavy", "lite"), groups, {
      noNullPrototype: true,
    }),
    pauses: fc.dictionary(fc.constantFrom("light", "heavy", ACCOUNT), pause, { noNullPrototype: true }),
    owed: fc.dictionary(
      fc.constantFrom("abc", "-_9", "___"),
      fc.integer({ min: 29_000_000, max: 29_004_000 }).map((minutes) => minutes * 60_000),
      { minKeys: 1, noNullPrototype: true },
    ),
    countedIn: fc.constant({ listBlockedNumbers: "lite" }),
  },
  { requiredKeys: ["groups", "pauses"] },
);

const throughTable = (limits: AccountLimits) =>
  decodeLimits(JSON.parse(JSON.stringify(encodeLimits(limits))));
const NOW = 1_767_225_600_000;
const light = { limit: 50, windowMs: 60_000, confirmed: true };

describe("an account's record", () => {
  it("gives back what was put in", () => {
    fc.assert(
      fc.property(accounts, (limits) => {
        expect(throughTable(limits)).toEqual(limits);
      }),
    );
  });

  it("tells a limited number of routes apart", () => {
    const entry = { by: 1, count: 1, priority: "interactive" } as const;
    const log = Array.from({ length: 40 }, (_, n) => ({ ...entry, route: `route ${n}` }));
    const decoded =
      throughTable({ groups: { light: { ...light, log } }, pauses: {} }).groups.light?.log ?? [];
    const routes = new Set(decoded.map(({ route }) => route));
    expect(routes.size).toBe(25);
    expect(routes).toContain("other");
  });

  it("fits into three write units when many callers have spent every default budget, and into two without callers", () => {
    const log = (count: number, isTagged: boolean) =>
      Array.from({ length: count }, (_, n) => ({
        by: NOW + n * 1_200,
        count: 1,
        priority: "interactive" as const,
        route: `GET /v1/extensions/{extensionId}/overview ${n % 5}`,
        ...(isTagged && { spender: `c${String(n).padStart(2, "0")}ex` }),
      }));
    const owed = Array.from({ length: settings.maxOwing }, (_, n) => [
      `o${n + 10}`.slice(-3),
      NOW + n * 60_000,
    ]);
    const size = (isTagged: boolean) => {
      const spent = (limit: number): GroupLimit => ({ ...light, limit, log: log(limit, isTagged) });
      const groups = { light: spent(50), medium: spent(40), heavy: spent(10) };
      return JSON.stringify(
        encodeLimits({ groups, pauses: {}, ...(isTagged && { owed: Object.fromEntries(owed) }) }),
      ).length;
    };
    expect(size(false)).toBeLessThan(1_700);
    expect(size(true)).toBeLessThan(2_900);
  });

  it.each([undefined, null, "", 7, {}, { groups: 1 }, { limit: 50, uses: [], labels: [], base: 0 }])(
    "is empty when it has another shape: %j",
    (junk) => {
      expect(decodeLimits(junk)).toEqual(NOTHING_KNOWN);
    },
  );
});
