import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Position } from "../../../lib/contract/paging.ts";
import { getCallerBlocking, listCallerBlockingNumbers } from "../../../lib/numbers/caller-blocking.ts";
import { updateCallerBlocking } from "../../../lib/numbers/write-caller-blocking.ts";
import { clock, type FakeCall, fakeRingCentral, numbersRequest } from "./fake-ringcentral.ts";

/** Two lists, paged and clamped as in RingCentral; `totals` off = "omitted for cost reasons". */
function twoLists(sizes: { Blocked: number; Allowed: number }, maxPerPage: number, totals: boolean) {
  return fakeRingCentral((call: FakeCall) => {
    const { page = 1, perPage = 100, status } = call.query ?? {};
    if (status !== "Blocked" && status !== "Allowed") throw new Error("status must always be sent");
    const applied = Math.min(Number(perPage), maxPerPage);
    const start = (Number(page) - 1) * applied;
    const count = Math.max(0, Math.min(applied, sizes[status] - start));
    return {
      records: Array.from({ length: count }, (_, i) => ({
        id: `${status}-${start + i}`,
        phoneNumber: "+12025550143",
        status,
      })),
      paging: { page: Number(page), perPage: applied, ...(totals && { totalElements: sizes[status] }) },
      navigation: start + applied < sizes[status] ? { nextPage: { uri: "https://upstream.invalid/" } } : {},
    };
  });
}

describe("listing blocked and allowed numbers", () => {
  it("reads the blocked list and then the allowed one, every entry exactly once, with the total of both", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          sizes: fc.record({ Blocked: fc.nat(230), Allowed: fc.nat(230) }),
          maxPerPage: fc.integer({ min: 7, max: 1000 }),
          limit: fc.integer({ min: 3, max: 300 }),
          totals: fc.boolean(),
        }),
        async ({ sizes, maxPerPage, limit, totals }) => {
          const ringcentral = twoLists(sizes, maxPerPage, totals);
          const seen: string[] = [];
          let position: Position | undefined;
          for (let steps = 0; steps < 500; steps += 1) {
            const page = await listCallerBlockingNumbers(
              { ringcentral, clock },
              {
                ...numbersRequest(),
                page: { limit, ...(position && { position }) },
                query: { status: "all" },
              },
            );
            expect(page.items.length).toBeLessThanOrEqual(limit);
            expect(page.total).toBe(totals ? sizes.Blocked + sizes.Allowed : undefined);
            seen.push(...page.items.map((item) => item.id));
            position = page.next;
            if (position === undefined) break;
          }
          expect(seen).toEqual([
            ...Array.from({ length: sizes.Blocked }, (_, i) => `Blocked-${i}`),
            ...Array.from({ length: sizes.Allowed }, (_, i) => `Allowed-${i}`),
          ]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reads one list only when asked for one", async () => {
    const ringcentral = twoLists({ Blocked: 2, Allowed: 3 }, 1000, true);
    const page = await listCallerBlockingNumbers(
      { ringcentral, clock },
      { ...numbersRequest(), query: { status: "allowed" } },
    );
    expect(page.items.map((item) => item.status)).toEqual(["allowed", "allowed", "allowed"]);
    expect(ringcentral.calls).toHaveLength(1);
  });

  it("passes on a status that RingCentral adds later, unchanged", async () => {
    const ringcentral = fakeRingCentral(() => ({
      records: [{ id: "1", phoneNumber: "+12025550143", status: "Quarantined" }],
      paging: { page: 1, perPage: 100, totalElements: 1 },
    }));
    const page = await listCallerBlockingNumbers(
      { ringcentral, clock },
      { ...numbersRequest(), query: { status: "blocked" } },
    );
    expect(page.items[0]?.status).toBe("Quarantined");
  });
});

describe("caller-blocking settings", () => {
  const wire = {
    mode: "Specific",
    noCallerId: "BlockFaxes",
    payPhones: "Allow",
    greetings: [
      { type: "Announcement", preset: { uri: "https://platform.ringcentral.com/7", id: 7, name: "Sorry" } },
      { type: "Unknown", custom: { id: "9", uri: "https://platform.ringcentral.com/9" }, note: null },
    ],
    spam: { level: 3 },
  };

  it("are returned in the API's words", async () => {
    const settings = await getCallerBlocking({ ringcentral: fakeRingCentral(() => wire) }, numbersRequest());
    expect(settings).toEqual({ mode: "specific", noCallerId: "blockFaxes", payPhones: "allow" });
  });

  it("are changed by sending all of them, since RingCentral may reset the missing ones", async () => {
    const uri = "https://platform.ringcentral.com/caller-blocking";
    const ringcentral = fakeRingCentral(() => ({ ...wire, uri }));
    await updateCallerBlocking({ ringcentral, clock }, { ...numbersRequest(), body: { mode: "all" } });
    expect(ringcentral.calls.map((call) => call.operation)).toEqual([
      "getCallerBlocking",
      "updateCallerBlocking",
    ]);
    expect(ringcentral.calls[1]?.body).toEqual({ ...wire, mode: "All" });
  });

  it("are not sent for an empty change", async () => {
    const ringcentral = fakeRingCentral(() => wire);
    await expect(
      updateCallerBlocking({ ringcentral, clock }, { ...numbersRequest(), body: {} }),
    ).rejects.toMatchObject({
      code: "request_invalid",
    });
    expect(ringcentral.calls).toHaveLength(0);
  });
});
