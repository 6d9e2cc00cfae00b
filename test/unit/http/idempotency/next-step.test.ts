import { describe, expect, test } from "vitest";
import {
  type Arrival,
  type KeyState,
  keyState,
  nextStep,
  type Outcome,
  type Step,
  stateAfter,
} from "../../../../lib/http/idempotency/next-step.ts";
import type { IdempotencyRecord } from "../../../../lib/http/idempotency/record.ts";

const NOW = 1_000_000;
const record = (fields: Partial<IdempotencyRecord>): IdempotencyRecord => ({
  fingerprint: "first",
  state: "running",
  leaseUntil: NOW + 1,
  expiresAt: NOW + 1,
  ...fields,
});

const records: Record<KeyState, (IdempotencyRecord | undefined)[]> = {
  absent: [undefined, record({ expiresAt: NOW }), record({ state: "done", expiresAt: NOW })],
  running: [record({})],
  done: [record({ state: "done", leaseUntil: NOW })],
  unknown: [record({ state: "unknown", leaseUntil: 0 }), record({ leaseUntil: NOW })],
};

const arrivals: Record<KeyState, Record<Arrival, Step>> = {
  absent: { "same request": "run", "other request": "run" },
  running: { "same request": "wait", "other request": "reject" },
  done: { "same request": "replay", "other request": "reject" },
  unknown: { "same request": "resolve", "other request": "reject" },
};

const outcomes: Record<"run" | "resolve", Record<Outcome, KeyState>> = {
  run: { response: "done", "harmless failure": "absent", "ambiguous failure": "unknown" },
  resolve: { response: "done", "harmless failure": "unknown", "ambiguous failure": "unknown" },
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
      expect(stateAfter(step, outcome)).toBe(state);
    },
  );
});
