import type { Hour } from "./hour.ts";

/**
 * Of the heap after a collection, in the second half of the hour. Each request that left 1 KB would add 3.6 MB. What may
 * grow: each process loads the directory's entries when it first needs them (1 MB), and caches the changed chunks of the
 * sync (0.4 MB; at most 120,000 numbers). The simulated RingCentral keeps its codes (0.3 MB).
 */
export const MOST_GROWTH_MB = 3;
/** The largest bounded map of a process has 2,000 entries; the harness's own set of callers has 2,800 at most. */
const LARGEST_MAP = 3_000;
/** What all maps and sets of a process may gain in the second half, after the caches have filled. */
const MORE_ENTRIES = 1_500;

/** What the records that no time ends are bounded by: any other is a leak. */
const LASTING: Readonly<Record<string, "people" | number>> = {
  "forwarding / backend": "people",
  "person / person": "people",
  "people / list": "people",
  "forwarding / survey": 16,
  "directory / head": 1,
  "directory / chunk": 100,
  "sync / head": 1,
  "sync / chunk": 100,
  "sync / manifest": 50,
  "sync / run": 1,
  "sync / runs": 1,
  "sync / events": 1,
  "token / token": 1,
};

/** The growth of a straight line through the second half of the heap's samples, in MB. */
export function growthOf({ samples }: Hour): number {
  const half = samples.slice(samples.length / 2);
  const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [x, y] = [mean(half.map(({ minute }) => minute)), mean(half.map(({ heapMb }) => heapMb))];
  const above = half.reduce((sum, { minute, heapMb }) => sum + (minute - x) * (heapMb - y), 0);
  const below = half.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
  return (above / below) * half.length;
}

/** What the hour has left behind that it should not have. */
export function leaksOf(hour: Hour): string[] {
  const { left, afterYear, entries, tally, kinds, processes } = hour;
  const leaks: string[] = [];
  const expect = (isKept: boolean, text: string) => void (isKept || leaks.push(text));
  const growth = growthOf(hour);
  expect(growth <= MOST_GROWTH_MB, `the heap grew by ${growth.toFixed(1)} MB in the second half`);
  expect(left.timers === 0, `${left.timers} timers were neither fired nor cleared`);
  expect(left.inFlight === 0, `${left.inFlight} requests have no response`);
  expect(left.handles === 0, `${left.handles} more handles are open than before`);
  const [first, last] = [entries[entries.length / 2 - 1], entries.at(-1)];
  const more = (last?.all ?? 0) - (first?.all ?? 0);
  expect(more <= MORE_ENTRIES * processes, `maps and sets gained ${more} entries in the second half`);
  expect((last?.largest ?? 0) <= LARGEST_MAP, `a map has ${last?.largest} entries`);
  for (const { kind, lasting } of kinds) {
    const bound = LASTING[kind] ?? 0;
    const most = bound === "people" ? tally.callers : bound;
    expect(lasting <= most, `${lasting} records "${kind}" have no end; at most ${most} may`);
  }
  const { records, lasting, status } = afterYear;
  expect(
    records <= lasting,
    `a year later ${records - lasting} records are still there that should have ended`,
  );
  expect(status === 200, `a request of a year later got ${status}`);
  const internal = tally.byStatus[500] ?? 0;
  expect(internal === 0, `${internal} requests got 500`);
  return leaks;
}
