import { describe, expect, it, vi } from "vitest";
import type {
  CallerBlockingBatchResult,
  CallerBlockingChange,
} from "../../lib/contract/caller-blocking-batch.ts";
import { createSchedule, forEachSeed, type Schedule, type ScheduleOptions } from "../support/schedule.ts";
import { createLists, createWorld } from "./batch-model.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

/** Processes crash and freeze, messages to the table are lost, late or repeated, and clocks differ by up to 6 s. */
const chaos: Omit<ScheduleOptions, "seed"> = {
  maxSkewMs: 3_000,
  crashRate: 0.01,
  pauseRate: 0.005,
  pauseMs: [1_000, 40_000],
  loseRequestRate: 0.01,
  lateRequestRate: 0.01,
  loseResponseRate: 0.01,
  duplicateRate: 0.03,
};

const numberOf = (index: number) => `+120255501${String(index).padStart(2, "0")}`;
const listedEntry = (index: number, label: string, status = "Blocked") => ({
  id: String(index),
  phoneNumber: numberOf(index),
  label,
  status,
});

/** What an item asks, and what holds before: nothing listed, as asked already, listed otherwise, or to be removed. */
type Kind = "new" | "there" | "other" | "remove" | "absent" | "replace" | "undo";
const kinds: readonly Kind[] = [
  "new",
  "new",
  "there",
  "other",
  "remove",
  "remove",
  "absent",
  "replace",
  "undo",
];

function drawBatch(schedule: Schedule) {
  const drawn = Array.from({ length: schedule.between(1, 24) }, (_, index) => {
    return { index, kind: kinds[schedule.between(0, kinds.length - 1)] ?? "new" };
  });
  const listed = drawn.flatMap(({ index, kind }) => {
    if (kind === "new" || kind === "absent" || kind === "undo") return [];
    return [
      listedEntry(index, kind === "there" ? "Mine" : "Other", kind === "other" ? "Allowed" : "Blocked"),
    ];
  });
  const items = drawn.flatMap(({ index, kind }): CallerBlockingChange[] => {
    const phoneNumber = numberOf(index);
    const add = { action: "add", phoneNumber, label: "Mine" } as const;
    if (kind === "absent") return [{ action: "remove", phoneNumber }];
    if (kind === "remove") return [{ action: "remove", id: String(index) }];
    if (kind === "undo") return [add, { action: "remove", phoneNumber }];
    return kind === "replace" ? [{ action: "remove", phoneNumber }, add] : [add];
  });
  return { drawn, listed, items };
}

/** Each item of an answer, with the number it is about. */
function checkTruth(lists: ReturnType<typeof createLists>, items: readonly CallerBlockingChange[]) {
  return ({ complete, retryAfter, items: outcomes }: CallerBlockingBatchResult) => {
    expect(outcomes).toHaveLength(items.length);
    const isFinal = outcomes.every(({ outcome }) => outcome === "done" || outcome === "rejected");
    expect([complete, retryAfter === undefined]).toEqual([isFinal, isFinal]);
    for (const [index, { outcome, changed }] of outcomes.entries()) {
      const { action, phoneNumber = "" } = items[index] ?? {};
      if (action !== "add" || outcome === "unknown") continue;
      const expected = outcome === "done" && changed === true ? 1 : 0;
      expect(lists.stored(phoneNumber), `${phoneNumber} ${outcome}`).toBe(expected);
      if (outcome === "not_started") expect(lists.underWay(phoneNumber)).toBe(0);
    }
  };
}

describe("a batch with an Idempotency-Key, repeated at any time", () => {
  it("does each item at most once, and says truly how far it got", async () => {
    await forEachSeed(80, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed, ...chaos }));
      const { drawn, listed, items } = drawBatch(schedule);
      const lists = createLists(schedule, listed);
      lists.writesPerMinute = schedule.between(2, 40);
      const removed = new Set<string>();
      // Once the table knows that an item is done, another client may remove what it has added.
      const onKept = (states: readonly { state: string; changed?: boolean }[]) => {
        for (const [index, { state, changed }] of states.entries()) {
          const { action, phoneNumber = "" } = items[index] ?? {};
          if (action !== "add" || state !== "done" || !changed || schedule.chance(0.9)) continue;
          removed.add(phoneNumber);
          lists.removeNumber(phoneNumber);
        }
      };
      const { send } = createWorld(schedule, lists, { onResult: checkTruth(lists, items), onKept });
      for (let at = 0; at < 200_000; at += schedule.between(100, 60_000)) {
        schedule.after(at, () => void send(items));
      }
      await schedule.run();
      for (const { index } of drawn) expect(lists.stored(numberOf(index))).toBeLessThanOrEqual(1);

      const result = await completeInTheEnd(schedule, () => send(items), lists);
      for (const [index, { outcome }] of result.items.entries()) {
        const { action, id, phoneNumber = numberOf(Number(id)) } = items[index] ?? {};
        const kind = drawn.find((one) => numberOf(one.index) === phoneNumber)?.kind;
        const isListed = lists.entries.some((entry) => entry.phoneNumber === phoneNumber);
        if (kind === "other") expect(outcome).toBe("rejected");
        if (outcome === "rejected") expect(lists.stored(phoneNumber)).toBe(0);
        else if (kind === "remove" || kind === "absent" || kind === "undo") expect(isListed).toBe(false);
        else if (action === "add" && !removed.has(phoneNumber)) expect(isListed).toBe(true);
      }
    });
  });
});

/** Nothing fails any more: a caller that keeps repeating the batch sees it complete. */
async function completeInTheEnd(
  schedule: Schedule,
  send: () => ReturnType<ReturnType<typeof createWorld>["send"]>,
  lists: ReturnType<typeof createLists>,
): Promise<CallerBlockingBatchResult> {
  lists.isCalm = true;
  schedule.calm();
  for (let n = 0; n < 40; n++) {
    const reply = send();
    schedule.after(70_000, () => {});
    await schedule.run();
    const outcome = await reply;
    if (outcome.status === "done" && outcome.value.complete) return outcome.value;
  }
  throw new Error("not complete after 40 repetitions");
}
