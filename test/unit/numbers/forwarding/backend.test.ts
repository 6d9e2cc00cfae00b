import { describe, expect, it } from "vitest";
import { Backend } from "../../../../lib/numbers/forwarding/backend.ts";
import {
  type BackendRecord,
  changedRecord,
  forgetBackend,
} from "../../../../lib/numbers/forwarding/backend-record.ts";
import { hasMoved } from "../../../../lib/ringcentral/api/wire-call-handling.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";
import { clock, failure, fakeRingCentral, NOW, numbersRequest } from "../fake-ringcentral.ts";

const HOUR = 3_600_000;
const key = { partition: "forwarding#3700111#3800222", sort: "backend" };

const features = (value: string) => ({
  records: [
    {
      id: "NewCallHandlingAndForwarding",
      available: true,
      params: [{ name: "isNewBackendAvailable", value }],
    },
  ],
});

type State = "unknown" | "legacy" | "legacy, due" | "new" | "new, due";
type Event =
  | "a request, features say legacy"
  | "a request, features say new"
  | "a request, features are rejected"
  | "a request, features are rejected, the new backend denies"
  | "a request, features are rejected, so is the new backend"
  | "a request, features do not respond"
  | "CMN-468"
  | "another denial, features say legacy"
  | "another denial, features say new"
  | "an entry is not found"
  | "a write, features say new"
  | "a write, the new backend denies"
  | "a notification";

const record = (callHandling: "legacy" | "new", until: number): BackendRecord => ({
  callHandling,
  until,
  aliases: [],
});
const states: Record<State, BackendRecord | undefined> = {
  unknown: undefined,
  legacy: record("legacy", NOW + 1),
  "legacy, due": record("legacy", NOW),
  new: record("new", NOW + 1),
  "new, due": record("new", NOW),
};

const [L1, N24] = ["legacy for 1 h", "new for 24 h"];
/** What holds afterwards, and `?` for each question that it cost. */
const table: Record<State, Record<Event, string>> = {
  unknown: {
    "a request, features say legacy": `${L1} ?`,
    "a request, features say new": `${N24} ?`,
    "a request, features are rejected": `${N24} ?`,
    "a request, features are rejected, the new backend denies": `${L1} ?`,
    "a request, features are rejected, so is the new backend": "unknown ?",
    "a request, features do not respond": "unknown ?",
    "CMN-468": `${N24} ?`,
    "another denial, features say legacy": `${L1} ?`,
    "another denial, features say new": `${N24} ?`,
    "an entry is not found": `${L1} ?`,
    "a write, features say new": `${N24} ??`,
    "a write, the new backend denies": `${L1} ?`,
    "a notification": "unknown",
  },
  legacy: {
    "a request, features say legacy": "legacy",
    "a request, features say new": "legacy",
    "a request, features are rejected": "legacy",
    "a request, features are rejected, the new backend denies": "legacy",
    "a request, features are rejected, so is the new backend": "legacy",
    "a request, features do not respond": "legacy",
    "CMN-468": N24,
    "another denial, features say legacy": `${L1} ?`,
    "another denial, features say new": `${N24} ?`,
    "an entry is not found": "legacy",
    "a write, features say new": `${N24} ?`,
    "a write, the new backend denies": "legacy",
    "a notification": "legacy, due",
  },
  "legacy, due": {
    "a request, features say legacy": `${L1} ?`,
    "a request, features say new": `${N24} ?`,
    "a request, features are rejected": `${N24} ?`,
    "a request, features are rejected, the new backend denies": `${L1} ?`,
    "a request, features are rejected, so is the new backend": "legacy, due ?",
    "a request, features do not respond": "legacy, due ?",
    "CMN-468": `${N24} ?`,
    "another denial, features say legacy": `${L1} ?`,
    "another denial, features say new": `${N24} ?`,
    "an entry is not found": `${L1} ?`,
    "a write, features say new": `${N24} ??`,
    "a write, the new backend denies": `${L1} ?`,
    "a notification": "legacy, due",
  },
  new: {
    "a request, features say legacy": "new",
    "a request, features say new": "new",
    "a request, features are rejected": "new",
    "a request, features are rejected, the new backend denies": "new",
    "a request, features are rejected, so is the new backend": "new",
    "a request, features do not respond": "new",
    "CMN-468": "new",
    "another denial, features say legacy": `${L1} ?`,
    "another denial, features say new": `${N24} ?`,
    "an entry is not found": "new",
    "a write, features say new": `${N24} ?`,
    "a write, the new backend denies": "new",
    "a notification": "new, due",
  },
  "new, due": {
    "a request, features say legacy": `${L1} ?`,
    "a request, features say new": `${N24} ?`,
    "a request, features are rejected": `${N24} ?`,
    "a request, features are rejected, the new backend denies": `${L1} ?`,
    "a request, features are rejected, so is the new backend": "new, due ?",
    "a request, features do not respond": "new, due ?",
    "CMN-468": `${N24} ?`,
    "another denial, features say legacy": `${L1} ?`,
    "another denial, features say new": `${N24} ?`,
    "an entry is not found": `${L1} ?`,
    "a write, features say new": `${N24} ??`,
    "a write, the new backend denies": `${L1} ?`,
    "a notification": "new, due",
  },
};

const denials: Partial<Record<Event, Error>> = {
  "CMN-468": failure({ status: 403, errorCode: "CMN-468" }),
  "another denial, features say legacy": failure({ status: 403, errorCode: "CMN-109" }),
  "another denial, features say new": failure({ status: 404, errorCode: "AGW-404" }),
  "an entry is not found": failure({
    status: 404,
    errorCode: "CMN-102",
    parameterName: "forwardingNumberId",
  }),
};

async function play(state: State, event: Event): Promise<string> {
  const records = createMemoryRecordStore();
  const before = states[state];
  if (before !== undefined) await records.compareAndSet(key, null, before);
  const ringcentral = fakeRingCentral(({ operation }) => {
    if (operation === "readCallFlipNumbers") {
      if (event.endsWith("so is the new backend")) return failure({ status: 403, errorCode: "CMN-408" });
      return event.endsWith("denies") ? failure({ status: 404, errorCode: "AGW-404" }) : { records: [] };
    }
    if (event.includes("rejected")) return failure({ status: 403, errorCode: "CMN-408" });
    if (event.endsWith("respond")) return failure({ kind: "timeout" });
    return features(String(event.endsWith("say new")));
  });
  const deps = { ringcentral, records, clock, random: () => 0 };
  if (event === "a notification") await forgetBackend(deps, "3700111", "3800222");
  else {
    const backend = await Backend.of(deps, numbersRequest());
    if (event.startsWith("a write")) await backend.afterWrite();
    if (denials[event] !== undefined) await backend.recheckAfter(denials[event]);
  }
  const after = (await records.read<BackendRecord>(key))?.value;
  const asked = ringcentral.calls.filter(({ operation }) => operation === "readFeatures");
  const questions = "?".repeat(asked.length);
  return `${describeRecord(after, before)} ${questions}`.trim();
}

function describeRecord(after: BackendRecord | undefined, before: BackendRecord | undefined): string {
  if (after === undefined) return before === undefined ? "unknown" : "gone";
  const { callHandling, until } = after;
  if (until > NOW + 1) return `${callHandling} for ${(until - NOW) / HOUR} h`;
  return until > NOW ? callHandling : `${callHandling}, due`;
}

describe("the call-handling backend of an extension", () => {
  const cells = Object.entries(table).flatMap(([state, row]) =>
    Object.entries(row).map(([event, expected]) => ({ state, event, expected })),
  );

  it.each(cells)("$state, $event: $expected", async ({ state, event, expected }) => {
    expect(await play(state as State, event as Event)).toBe(expected);
  });

  it.each([
    ["when the new backend denies the extension", { status: 403, errorCode: "CMN-403" }, {}, "legacy"],
    [
      "but not when the user may not ask it",
      { status: 403, errorCode: "CMN-408" },
      { kind: "timeout" },
      undefined,
    ],
    ["but not when neither responds", { kind: "timeout" }, { kind: "bad_response", status: 502 }, undefined],
    [
      "where there is no permit for the question",
      { kind: "rate_limited" },
      { kind: "rate_limited" },
      "legacy",
    ],
  ] as const)("is the legacy one after a write %s", async (_, flips, features, expected) => {
    const records = createMemoryRecordStore();
    await records.compareAndSet(key, null, record("legacy", NOW + HOUR));
    const ringcentral = fakeRingCentral(({ operation }) =>
      failure(operation === "readFeatures" ? features : flips),
    );
    const backend = await Backend.of({ ringcentral, records, clock, random: () => 0 }, numbersRequest());
    expect(await backend.afterWrite()).toBe(expected);
  });

  it("is the new one only when the feature's parameter says so", () => {
    const said = [features("true"), features("TRUE"), features("false"), features("yes"), { records: [] }];
    expect(said.map(hasMoved)).toEqual([true, true, false, false, false]);
    const only = { records: [{ id: "NewCallHandlingAndForwarding", available: true }] };
    expect(hasMoved(only)).toBe(false);
  });

  it("is asked for once a minute at most because of rejections", async () => {
    const records = createMemoryRecordStore();
    const ringcentral = fakeRingCentral(() => features("false"));
    const deps = { ringcentral, records, clock, random: () => 0 };
    for (let n = 0; n < 5; n += 1) {
      const backend = await Backend.of(deps, numbersRequest());
      expect(await backend.recheckAfter(failure({ status: 403, errorCode: "CMN-403" }))).toBe(false);
    }
    expect(ringcentral.calls).toHaveLength(2);
  });

  it("stays the new one when a process that asked before the move writes after another has found it", () => {
    const found = { callHandling: "legacy", until: NOW + HOUR } as const;
    const late = { before: "legacy", found, aliases: [] } as const;
    expect(changedRecord(record("new", NOW + 9), late)).toEqual(record("new", NOW + 9));
    expect(changedRecord(record("legacy", NOW), late)).toEqual({ ...found, aliases: [] });
    expect(changedRecord(record("new", NOW), { ...late, before: "new" })).toMatchObject(found);
  });

  describe("that is a legacy one for 10 minutes", () => {
    const look = async (isServed: boolean, moved: string) => {
      const records = createMemoryRecordStore();
      await records.compareAndSet(key, null, { ...record("legacy", NOW + HOUR), lookAt: NOW });
      const ringcentral = fakeRingCentral(({ operation }) => {
        if (operation === "readFeatures") return features(moved);
        return isServed ? { records: [] } : failure({ status: 404, errorCode: "AGW-404" });
      });
      const deps = { ringcentral, records, clock, random: () => 0 };
      const backends = [await Backend.of(deps, numbersRequest()), await Backend.of(deps, numbersRequest())];
      const { lookAt, until } = (await records.read<BackendRecord>(key))?.value ?? {};
      const calls = ringcentral.calls.map(({ operation }) => operation);
      return { found: backends.map(({ callHandling }) => callHandling), calls, lookAt, until };
    };

    it("is looked for by one Light call, and not asked for while the new one denies it", async () => {
      expect(await look(false, "false")).toEqual({
        found: ["legacy", "legacy"],
        calls: ["readCallFlipNumbers"],
        lookAt: NOW + HOUR / 6,
        until: NOW + HOUR,
      });
    });

    it("is asked for when the new one serves it", async () => {
      expect(await look(true, "true")).toMatchObject({
        found: ["new", "new"],
        calls: ["readCallFlipNumbers", "readFeatures"],
      });
    });

    it("is not looked for again when both serve it, because that tells nothing", async () => {
      const records = createMemoryRecordStore();
      const known = { ...record("legacy", NOW + HOUR), lookAt: NOW, isServedByBoth: true };
      await records.compareAndSet(key, null, known);
      const ringcentral = fakeRingCentral(() => features("true"));
      const deps = { ringcentral, records, clock, random: () => 0 };
      expect((await Backend.of(deps, numbersRequest())).callHandling).toBe("legacy");
      expect(ringcentral.calls).toEqual([]);
      expect((await look(true, "false")).calls).toEqual(["readCallFlipNumbers", "readFeatures"]);
    });
  });

  it("is remembered by the process while the table is away", async () => {
    const records = createMemoryRecordStore();
    const ringcentral = fakeRingCentral(() => features("true"));
    const deps = { ringcentral, records, clock, random: () => 0 };
    await Backend.of(deps, numbersRequest());
    const { StorageUnavailable } = await import("../../../../lib/storage/errors.ts");
    records.faults.before = () => {
      throw new StorageUnavailable("test");
    };
    expect((await Backend.of(deps, numbersRequest())).callHandling).toBe("new");
    expect(ringcentral.calls).toHaveLength(1);
  });
});
