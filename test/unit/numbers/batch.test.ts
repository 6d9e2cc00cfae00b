import { describe, expect, it } from "vitest";
import type { CallerBlockingChange } from "../../../lib/contract/caller-blocking-batch.ts";
import { ProblemError } from "../../../lib/contract/problems.ts";
import { changeCallerBlockingNumbers } from "../../../lib/numbers/batch/change.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { callContext, type FakeCall, failure, fakeRingCentral, wholeList } from "./fake-ringcentral.ts";

const number = (index: number) => `+1202555${String(1000 + index)}`;
const entry = (index: number, label?: string, status = "Blocked") => ({
  id: `id${index}`,
  phoneNumber: number(index),
  label,
  status,
});
const add = (index: number, more: Partial<CallerBlockingChange> = {}): CallerBlockingChange => {
  return { action: "add", phoneNumber: number(index), ...more };
};
const remove = (index: number): CallerBlockingChange => ({ action: "remove", id: `id${index}` });
const many = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));

/** @param respond to writes; the lists are those of `listed` and what was added */
function setUp(
  listed: ReturnType<typeof entry>[] = [],
  respond: (call: FakeCall, writes: number) => unknown = () => undefined,
) {
  const clock = leapingClock();
  let writes = 0;
  const ringcentral = fakeRingCentral((call) => {
    if (call.operation.startsWith("list")) {
      return wholeList(listed.filter(({ status }) => status === call.query?.status));
    }
    writes += 1;
    const response = respond(call, writes);
    if (response !== undefined) return response;
    if (!call.operation.startsWith("add")) return [];
    const added = { label: undefined, ...call.body, id: `new${writes}` } as unknown as ReturnType<
      typeof entry
    >;
    listed.push(added);
    return added;
  });
  let kept: unknown;
  const saves: unknown[] = [];
  const progress = {
    load: async () => structuredClone(kept),
    save: async (states: unknown) => {
      kept = structuredClone(states);
      saves.push(kept);
    },
  };
  const problemOf = (error: unknown) => {
    if (!(error instanceof ProblemError)) return { code: "parameter_invalid", status: 400 };
    return { code: error.code, status: 400, ...error.details };
  };
  const send = (items: CallerBlockingChange[]) => {
    const call = { ...callContext(), deadline: deadlineIn(14_000, clock, 0) };
    const request = { extensionId: "2", call, body: { items }, progress, problemOf };
    return changeCallerBlockingNumbers({ ringcentral, clock }, request);
  };
  const sent = () => ringcentral.calls.filter(({ operation }) => !operation.startsWith("list"));
  return { clock, send, sent, saves, ringcentral };
}

const outcomesOf = ({ items }: Awaited<ReturnType<ReturnType<typeof setUp>["send"]>>) =>
  items.map(({ outcome, changed }) => (changed === undefined ? outcome : `${outcome} ${changed}`));
const budgetSpent = failure({ kind: "rate_limited", retryAfterMs: 30_500 });

describe("a batch", () => {
  it("costs two reads for what is listed already, and says which entry is in the way of the others", async () => {
    const { send, ringcentral } = setUp([entry(1, "Spam"), entry(2, "School", "Allowed")]);
    const items = [add(1), add(1, { label: "Spam" }), add(1, { label: "New" }), add(2), remove(9)];
    const result = await send([...items, { action: "remove", phoneNumber: number(9) }]);
    expect(outcomesOf(result)).toEqual([
      "done false",
      "done false",
      "rejected",
      "rejected",
      "rejected",
      "done false",
    ]);
    expect(result.complete).toBe(true);
    expect(result.items[0]?.entry).toMatchObject({ id: "id1", status: "blocked" });
    expect(result.items[3]?.problem).toMatchObject({
      code: "number_already_listed",
      entry: { id: "id2", status: "allowed" },
    });
    expect(result.items[4]?.problem).toMatchObject({ code: "not_found" });
    expect(ringcentral.calls).toHaveLength(2);
  });

  it("removes thirty entries by one call, and reads the outcome of each", async () => {
    const { send, sent } = setUp(
      many(31, (index) => entry(index)),
      ({ operation }, writes) => {
        if (operation === "deleteCallerBlockingNumber") return undefined;
        expect(writes).toBe(1);
        const statuses: Record<string, number> = { id0: 404, id1: 403, id2: 500 };
        return many(30, (index) => ({
          resourceId: `id${index}`,
          status: statuses[`id${index}`] ?? 204,
          body: {},
        }));
      },
    );
    const result = await send(many(31, remove));
    expect(outcomesOf(result)).toEqual(["done false", "rejected", "unknown", ...many(28, () => "done true")]);
    expect(result).toMatchObject({ complete: false, retryAfter: 2 });
    expect(sent().map(({ path }) => path?.blockedNumberId)).toEqual([
      many(30, (index) => `id${index}`).join(","),
      "id30",
    ]);
  });

  it("stops when the budget is spent, says what is left, and does only that when it is repeated", async () => {
    let isSpent = true;
    const { send, sent } = setUp([], (_, writes) => (isSpent && writes > 10 ? budgetSpent : undefined));
    const first = await send(many(20, (index) => add(index)));
    expect(outcomesOf(first)).toEqual([...many(10, () => "done true"), ...many(10, () => "not_started")]);
    expect(first).toMatchObject({ complete: false, retryAfter: 31 });
    await expect(send(many(20, (index) => add(index)))).rejects.toBe(budgetSpent);
    isSpent = false;
    const last = await send(many(20, (index) => add(index)));
    expect(outcomesOf(last)).toEqual(many(20, () => "done true"));
    expect(last.complete).toBe(true);
    expect(sent()).toHaveLength(22);
  });

  it("stops before its time is over", async () => {
    const { clock, send } = setUp([], () => clock.leap(3_000));
    const result = await send(many(9, (index) => add(index)));
    expect(outcomesOf(result)).toEqual([...many(4, () => "done true"), ...many(5, () => "not_started")]);
    expect(result.retryAfter).toBe(2);
  });

  it("stops at a lost answer, and repeats no item while it may still take effect", async () => {
    const lost = failure({ kind: "bad_response", status: 502, mayHaveTakenEffect: true });
    const { clock, send, sent } = setUp([], (_, writes) => (writes === 2 ? lost : undefined));
    const items = many(3, (index) => add(index));
    expect(outcomesOf(await send(items))).toEqual(["done true", "unknown", "not_started"]);
    expect(outcomesOf(await send(items))).toEqual(["done true", "unknown", "done true"]);
    clock.leap(100_000);
    expect(await send(items)).toMatchObject({ complete: false, retryAfter: 26 });
    expect(sent()).toHaveLength(3);
    clock.leap(30_000);
    expect(outcomesOf(await send(items))).toEqual(["done true", "done true", "done true"]);
    expect(sent()).toHaveLength(4);
  });

  it("marks its adds before they are sent, for as long as RingCentral may complete them", async () => {
    const { clock, send, saves } = setUp([], () => {
      expect(saves).toHaveLength(1);
      return undefined;
    });
    const until = clock.now() + 13_000 + 126_000;
    await send([add(1), add(2)]);
    expect(saves[0]).toEqual([
      { state: "sent", until },
      { state: "sent", until },
    ]);
  });

  it("does items of one number in their order", async () => {
    const { send, sent } = setUp([entry(1, "Old")], ({ operation }) =>
      operation.startsWith("delete") ? [] : undefined,
    );
    const result = await send([
      remove(1),
      add(1, { label: "New" }),
      add(2),
      { action: "remove", phoneNumber: number(2) },
    ]);
    expect(outcomesOf(result)).toEqual(many(4, () => "done true"));
    expect(sent().map(({ operation }) => operation)).toEqual([
      "deleteCallerBlockingNumber",
      "addCallerBlockingNumber",
      "deleteCallerBlockingNumber",
      "addCallerBlockingNumber",
    ]);
  });

  it("rejects an item alone, with the field that is wrong", async () => {
    const { send } = setUp([], ({ body }) =>
      body?.phoneNumber === number(4) ? failure({ status: 400, errorCode: "CMN-101" }) : undefined,
    );
    const items: CallerBlockingChange[] = [
      { action: "add", phoneNumber: "2025550143" },
      { action: "add" },
      { action: "add", phoneNumber: number(1), id: "id1" },
      { action: "remove" },
      { action: "remove", id: "id1", phoneNumber: number(1) },
      { action: "remove", id: "id1", label: "x" },
      { action: "add", phoneNumber: "see notes" },
      { action: "add", phoneNumber: "2025550143", country: "USA" },
      add(6, { label: "x".repeat(61) }),
      add(6, { label: "\u200b" }),
      add(6, { label: "a\nb" }),
      add(4),
      add(5, { label: " cafe\u0301 " }),
    ];
    const result = await send(items);
    expect(outcomesOf(result)).toEqual([...many(12, () => "rejected"), "done true"]);
    expect(result.items.at(-1)?.entry?.label).toBe("caf\u00e9");
    const fields = result.items.slice(0, 11).map(({ problem }) => problem?.errors);
    const texts = ["phoneNumber", "country", "label", "label", "label"];
    expect(fields).toEqual(
      ["phoneNumber", "phoneNumber", "id", "id", "id", "label", ...texts].map((field, index) => [
        expect.objectContaining({ in: "body", field: `items.${index}.${field}` }),
      ]),
    );
  });

  it("says the same of a rejected item again, as far as the lists still show it", async () => {
    const listed = [entry(1, "Old"), entry(2, "Old")];
    const { send } = setUp(listed, (_call, writes) =>
      writes === 1 ? failure({ kind: "locked", status: 423 }) : undefined,
    );
    const items = [
      add(1, { label: "New" }),
      add(2, { label: "New" }),
      { action: "remove", id: "nope" } as const,
      add(3),
    ];
    const first = await send(items);
    expect(first.complete).toBe(false);
    listed.splice(1, 1);
    const again = await send(items);
    expect(again.complete).toBe(true);
    expect([again.items[0], again.items[2]]).toEqual([first.items[0], first.items[2]]);
    expect(again.items[1]?.problem).toMatchObject({ code: "number_already_listed" });
    expect(JSON.stringify(again.items)).not.toContain("`detail`");
    expect(again.items[1]?.problem?.detail).not.toContain("entry");
  });

  it("fails as a whole when nothing can be done", async () => {
    const denied = failure({ status: 403, errorCode: "CMN-408" });
    const { send, sent } = setUp([], () => denied);
    await expect(send([add(1), add(2)])).rejects.toBe(denied);
    expect(sent()).toHaveLength(1);
  });
});
