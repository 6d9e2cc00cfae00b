import { describe, expect, test } from "vitest";
import type { WriteStep } from "../../../../lib/contract/write-outcome.ts";
import {
  type Arrival,
  type IdempotencyRecord,
  type KeyState,
  keyState,
  nextLookInMs,
  nextStep,
  type Outcome,
  recordAfter,
  recordKey,
  runningRecord,
  type Step,
} from "../../../../lib/http/idempotency/record.ts";
import { UNSETTLED_MS } from "../../../../lib/ringcentral/api/late-effect.ts";

const NOW = 1_000_000;
const record = (fields: Partial<IdempotencyRecord>): IdempotencyRecord => ({
  fingerprint: "first",
  state: "running",
  leaseUntil: NOW + 1,
  settledAt: NOW + 1,
  expiresAt: NOW + 1,
  ...fields,
});

const records: Record<KeyState, (IdempotencyRecord | undefined)[]> = {
  absent: [
    undefined,
    record({ state: "absent" }),
    record({ expiresAt: NOW }),
    record({ state: "done", expiresAt: NOW }),
  ],
  running: [record({})],
  done: [record({ state: "done", leaseUntil: NOW })],
  unknown: [record({ state: "unknown", leaseUntil: 0 }), record({ leaseUntil: NOW })],
  settled: [record({ state: "unknown", settledAt: NOW }), record({ leaseUntil: NOW, settledAt: NOW })],
};

const arrivals: Record<KeyState, Record<Arrival, Step>> = {
  absent: { "same request": "run", "other request": "run" },
  running: { "same request": "wait", "other request": "reject" },
  done: { "same request": "replay", "other request": "reject" },
  unknown: { "same request": "look", "other request": "reject" },
  settled: { "same request": "resolve", "other request": "reject" },
};

const outcomes: Record<WriteStep, Record<Outcome, KeyState>> = {
  run: {
    response: "done",
    "partial response": "settled",
    "harmless failure": "absent",
    "ambiguous failure": "unknown",
  },
  look: {
    response: "done",
    "partial response": "settled",
    "harmless failure": "unknown",
    "ambiguous failure": "unknown",
  },
  resolve: {
    response: "done",
    "partial response": "settled",
    "harmless failure": "settled",
    "ambiguous failure": "unknown",
  },
};

const rows = <Row extends string, Column extends string, Cell>(table: Record<Row, Record<Column, Cell>>) =>
  Object.entries<Record<Column, Cell>>(table).flatMap(([row, cells]) =>
    Object.entries<Cell>(cells).map(([column, cell]) => [row as Row, column as Column, cell] as const),
  );

describe("an arriving request", () => {
  test.each(rows(arrivals).map(([state, arrival, step]) => ({ state, arrival, step })))(
    "$state, $arrival: $step",
    ({ state, arrival, step }) => {
      const fingerprint = arrival === "same request" ? "first" : "second";
      for (const stored of records[state]) {
        expect(keyState(stored, NOW)).toBe(state);
        expect(nextStep(stored, fingerprint, NOW)).toBe(step);
      }
    },
  );
});

describe("a run", () => {
  test.each(rows(outcomes).map(([step, outcome, state]) => ({ step, outcome, state })))(
    "a $step that ends in a $outcome leaves the key $state",
    ({ step, outcome, state }) => {
      const after = recordAfter(record({ settledAt: NOW + 2 }), step, outcome, NOW);
      expect(keyState(after, NOW)).toBe(state);
      if (state === "unknown") expect(after.settledAt).toBe(step === "look" ? NOW + 2 : NOW + UNSETTLED_MS);
    },
  );
});

describe("the record of a key", () => {
  test("is one caller's, of one operation", () => {
    const scope = { accountId: "1", callerId: "ana", operationId: "add", key: "k" };
    const others = [{ accountId: "2" }, { callerId: "ben" }, { operationId: "change" }, { key: "l" }];
    const keys = [scope, ...others.map((other) => ({ ...scope, ...other }))].map(recordKey);
    expect(new Set(keys.map(({ partition }) => partition)).size).toBe(5);
  });

  test("is kept for a day, and settled when no attempt can take effect, however often it is looked for", () => {
    const taken = runningRecord("f", NOW + 15_000, undefined, NOW);
    const settledAt = NOW + 15_000 + UNSETTLED_MS;
    expect(taken).toMatchObject({ settledAt, leaseUntil: NOW + 21_000, expiresAt: NOW + 86_400_000 });
    expect(runningRecord("f", NOW + 60_000, taken, NOW + 45_000).settledAt).toBe(settledAt);
    expect(recordAfter(taken, "run", "response", NOW).expiresAt).toBe(NOW + 86_400_000);
  });
});

describe("the wait before another look", () => {
  test.each([
    ["2 s at least", 0, 2],
    ["as long as the write has been out", 7, 7],
    ["half a minute at most", 60, 30],
    ["not beyond the moment at which the write may be sent again", 120, 6],
    ["half a minute when RingCentral cannot be read then", 130, 30],
  ])("is %s", (_, sinceSentSeconds, waitSeconds) => {
    const settledAt = NOW + UNSETTLED_MS - sinceSentSeconds * 1_000;
    expect(nextLookInMs(settledAt, NOW)).toBe(waitSeconds * 1_000);
  });
});
