import { describe, expect, it } from "vitest";
import {
  CacheScopes,
  changeScope,
  currentEpoch,
  type ScopeChange,
  type ScopeRecord,
} from "../../../../lib/ringcentral/cache/cache-scope.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import type { RecordStore } from "../../../../lib/storage/record-store.ts";
import { createTableWait } from "../../../../lib/storage/table-wait.ts";
import { manualClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";

const NOW = 1_000_000;
const LONGEST_KEPT_MS = 24 * 3_600_000;
/** Maximum difference of two clocks in `cache-scope.ts`. */
const SKEW_MS = 5_000;
const SOON = NOW + 20_000;

type State =
  | "untouched"
  | "quiet"
  | "being written"
  | "being written since another write"
  | "written by two"
  | "lapsed here"
  | "lapsed everywhere";
type Event =
  | "a read"
  | "a write begins"
  | "it ends"
  | "it ends without effect"
  | "a write without a mark ends";

const states: Record<State, ScopeRecord | undefined> = {
  untouched: undefined,
  quiet: { epoch: "e1", writing: {} },
  "being written": { epoch: "e1", writing: { m1: SOON } },
  "being written since another write": { epoch: "e5", writing: { m1: SOON } },
  "written by two": { epoch: "e1", writing: { m1: SOON, m2: SOON + 1 } },
  "lapsed here": { epoch: "e1", writing: { m1: NOW - SKEW_MS } },
  "lapsed everywhere": { epoch: "e1", writing: { m1: NOW - 2 * SKEW_MS } },
};

const changes: Record<Exclude<Event, "a read">, ScopeChange> = {
  "a write begins": { type: "begin", mark: "m9", until: SOON },
  "it ends": { type: "end", mark: "m1" },
  "it ends without effect": { type: "end_without_effect", mark: "m1", epoch: "e1", former: "e0" },
  "a write without a mark ends": { type: "end", mark: undefined },
};

/** What a read gets: the epoch, or "live". What a change leaves: the marks, and after a slash the epoch ("e2" is new). */
const table: Record<State, Record<Event, string>> = {
  untouched: {
    "a read": "untouched",
    "a write begins": "m9 / e2",
    "it ends": " / e2",
    "it ends without effect": " / e2",
    "a write without a mark ends": " / e2",
  },
  quiet: {
    "a read": "e1",
    "a write begins": "m9 / e2",
    "it ends": " / e2",
    "it ends without effect": " / e0",
    "a write without a mark ends": " / e2",
  },
  "being written": {
    "a read": "live",
    "a write begins": "m1 m9 / e2",
    "it ends": " / e2",
    "it ends without effect": " / e0",
    "a write without a mark ends": "m1 / e2",
  },
  "being written since another write": {
    "a read": "live",
    "a write begins": "m1 m9 / e2",
    "it ends": " / e2",
    "it ends without effect": " / e2",
    "a write without a mark ends": "m1 / e2",
  },
  "written by two": {
    "a read": "live",
    "a write begins": "m1 m2 m9 / e2",
    "it ends": "m2 / e2",
    "it ends without effect": "m2 / e0",
    "a write without a mark ends": "m1 m2 / e2",
  },
  "lapsed here": {
    "a read": "e1",
    "a write begins": "m1 m9 / e2",
    "it ends": " / e2",
    "it ends without effect": " / e0",
    "a write without a mark ends": "m1 / e2",
  },
  "lapsed everywhere": {
    "a read": "e1",
    "a write begins": "m9 / e2",
    "it ends": " / e2",
    "it ends without effect": " / e0",
    "a write without a mark ends": " / e2",
  },
};

const cells = Object.entries(table).flatMap(([state, row]) =>
  Object.entries(row).map(([event, expected]) => ({ state, event, expected })),
);

describe("a cache scope", () => {
  it.each(cells)("$state, $event: $expected", ({ state, event, expected }) => {
    const record = Object.entries(states).find(([name]) => name === state)?.[1];
    const change = Object.entries(changes).find(([name]) => name === event)?.[1];
    if (change === undefined) {
      expect(currentEpoch(record, NOW) ?? "live").toBe(expected);
      return;
    }
    const next = changeScope(record, change, "e2", NOW);
    expect(`${Object.keys(next.value.writing).join(" ")} / ${next.value.epoch}`).toBe(expected);
    const lastEnd = Math.max(NOW, ...Object.values(next.value.writing));
    expect(next.expiresAt).toBe(lastEnd + 2 * LONGEST_KEPT_MS);
  });

  it("is live until its mark has lapsed by every clock, and keeps the mark until then", () => {
    const record = { epoch: "e1", writing: { m1: NOW } };
    expect(currentEpoch(record, NOW + 4_999)).toBeUndefined();
    expect(currentEpoch(record, NOW + 5_000)).toBe("e1");
    const another = { type: "begin", mark: "m2", until: NOW + 20_000 } as const;
    const marksAt = (now: number) => Object.keys(changeScope(record, another, "e2", now).value.writing);
    expect(marksAt(NOW + 9_999)).toEqual(["m1", "m2"]);
    expect(marksAt(NOW + 10_000)).toEqual(["m2"]);
  });

  it("is live for 5 s after the table failed, without another read, and still hears of every write", async () => {
    const clock = manualClock(NOW);
    const table = createMemoryRecordStore();
    let calls = 0;
    let isAway = true;
    const away = async () => {
      calls += 1;
      throw new StorageUnavailable("away");
    };
    const records: RecordStore = {
      read: (key) => (isAway ? away() : table.read(key)),
      compareAndSet: (...write) => (isAway ? away() : table.compareAndSet(...write)),
      remove: (key, expected) => table.remove(key, expected),
    };
    let names = 0;
    const scopes = new CacheScopes({
      records,
      clock,
      random: () => 0.5,
      nonce: () => `n${names++}`,
    });
    const wait = () => createTableWait(clock);
    const scope = { partition: "cache#1#2", sort: "scope#forwarding" };
    expect(await scopes.epoch(scope, wait())).toBeUndefined();
    expect(await scopes.epoch(scope, wait())).toBeUndefined();
    expect(calls).toBe(1);
    expect(await scopes.beginWrite(scope, SOON, wait())).toBeUndefined();
    expect(await scopes.endWrite(scope, undefined, wait(), 0)).toBe(false);
    expect(calls).toBe(3);
    isAway = false;
    expect(await scopes.endWrite(scope, undefined, wait(), 0)).toBe(true);
    expect(await scopes.epoch(scope, wait())).toBeUndefined();
    await clock.advance(5_000);
    expect(await scopes.epoch(scope, wait())).toMatch(/^n\d$/);
  });

  it("has a new epoch at the first read after the table is back, when a write could not give it one", async () => {
    const clock = manualClock(NOW);
    let isAway = false;
    const fail = () => {
      if (isAway) throw new StorageUnavailable("away");
    };
    const records = createMemoryRecordStore({ before: fail });
    let names = 0;
    const scopes = new CacheScopes({ records, clock, random: () => 0.5, nonce: () => `n${names++}` });
    const wait = () => createTableWait(clock);
    const scope = { partition: "cache#1#2", sort: "scope#forwarding" };
    const before = await scopes.epoch(scope, wait());
    isAway = true;
    expect(await scopes.beginWrite(scope, SOON, wait())).toBeUndefined();
    expect(await scopes.endWrite(scope, undefined, wait(), 0)).toBe(false);
    isAway = false;
    const after = await scopes.epoch(scope, wait());
    expect(after).toMatch(/^n\d$/);
    expect(after).not.toBe(before);
    expect(await scopes.epoch(scope, wait())).toBe(after);
  });
});
