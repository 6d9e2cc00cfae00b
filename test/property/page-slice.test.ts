import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSlice, type SlicePosition } from "../../lib/numbers/shared/page-slice.ts";
import type { WirePage } from "../../lib/ringcentral/api/wire.ts";

/** An upstream of `size` integers that clamps, counts clamped pages, and may leave the totals out. */
function upstream(size: number, maxPerPage: number, dialect: "navigation" | "totals") {
  const calls: { page: number; perPage: number }[] = [];
  const fetchPage = async (page: number, perPage: number): Promise<WirePage<number>> => {
    calls.push({ page, perPage });
    const applied = Math.min(perPage, maxPerPage);
    const start = (page - 1) * applied;
    const records = Array.from({ length: Math.max(0, Math.min(applied, size - start)) }, (_, i) => start + i);
    return {
      records,
      perPage: applied,
      hasNextPage: start + applied < size,
      ...(dialect === "totals" && { totalElements: size }),
    };
  };
  return { fetchPage, calls };
}

async function traverse(
  fetchPage: (page: number, perPage: number) => Promise<WirePage<number>>,
  limits: number[],
  accept?: (record: number) => boolean,
) {
  const seen: number[] = [];
  let position: SlicePosition | undefined;
  for (let step = 0; ; step += 1) {
    const limit = limits[step % limits.length] ?? 1;
    const slice = await readSlice(fetchPage, limit, position, accept);
    expect(slice.records.length).toBeLessThanOrEqual(limit);
    seen.push(...slice.records);
    if (slice.next === undefined) return { seen, steps: step + 1 };
    position = slice.next;
    expect(step).toBeLessThan(5000);
  }
}

const lists = fc.record({
  size: fc.integer({ min: 0, max: 1500 }),
  maxPerPage: fc.integer({ min: 1, max: 1000 }),
  dialect: fc.constantFrom("navigation" as const, "totals" as const),
  limits: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 4 }),
});

describe("a traversal of an upstream list", () => {
  it("yields every item exactly once, in order, whatever the clamp and however the limit varies", async () => {
    await fc.assert(
      fc.asyncProperty(lists, async ({ size, maxPerPage, dialect, limits }) => {
        fc.pre(size / Math.min(maxPerPage, ...limits) < 400);
        const { fetchPage } = upstream(size, maxPerPage, dialect);
        const { seen } = await traverse(fetchPage, limits);
        expect(seen).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
      { numRuns: 300 },
    );
  });

  it("yields every matching item exactly once when the service filters", async () => {
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 7 }), async (list, divisor) => {
        fc.pre(list.size / Math.min(list.maxPerPage, ...list.limits) < 400);
        const { fetchPage } = upstream(list.size, list.maxPerPage, list.dialect);
        const { seen } = await traverse(fetchPage, list.limits, (n) => n % divisor === 0);
        expect(seen).toEqual(Array.from({ length: list.size }, (_, i) => i).filter((n) => n % divisor === 0));
      }),
      { numRuns: 200 },
    );
  });

  it("costs one upstream call per page when nothing is clamped", async () => {
    const { fetchPage, calls } = upstream(250, 1000, "totals");
    const { steps } = await traverse(fetchPage, [100]);
    expect(steps).toBe(3);
    expect(calls).toHaveLength(3);
  });

  it("does not take a short page for the last one", async () => {
    const pages = [[0, 1], [2], [3]];
    const fetchPage = async (page: number): Promise<WirePage<number>> => ({
      records: pages[page - 1] ?? [],
      perPage: 100,
      hasNextPage: page < pages.length,
    });
    const { seen } = await traverse(fetchPage, [100]);
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it("never addresses a page beyond RingCentral's cap of 1000 for small limits", async () => {
    const { fetchPage, calls } = upstream(1500, 1000, "navigation");
    await traverse(fetchPage, [1]);
    expect(Math.max(...calls.map((call) => call.page))).toBeLessThanOrEqual(15);
  });
});

describe("the total of a list", () => {
  const page = { perPage: 100, hasNextPage: false };
  it.each([
    ["is RingCentral's", { ...page, records: [1, 2], totalElements: 2 }, 2],
    ["is not 0 beside items", { ...page, records: [1, 2], totalElements: 0 }, undefined],
    ["is not below what is shown", { ...page, records: [1, 2, 3], totalElements: 2 }, undefined],
    ["leaves out what is left out", { ...page, records: [1, 2], skippedRecords: 1, totalElements: 3 }, 2],
    [
      "is not known when only a part was seen",
      { ...page, hasNextPage: true, records: [1], skippedRecords: 1, totalElements: 200 },
      undefined,
    ],
    ["is not above a list that has ended", { ...page, records: [1, 2], totalElements: 3 }, undefined],
    ["is not 50 for an empty list", { ...page, records: [], totalElements: 50 }, undefined],
    ["is 0 for an empty list", { ...page, records: [], totalElements: 0 }, 0],
  ])("%s", async (_, list, total) => {
    expect((await readSlice(async () => list, 100)).total).toBe(total);
  });
});
