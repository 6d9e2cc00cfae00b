import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NumberChange, PhoneNumber } from "../../lib/contract/company-numbers.ts";
import type { Position } from "../../lib/contract/paging.ts";
import { ProblemError } from "../../lib/contract/problems.ts";
import { beginHistory } from "../../lib/sync/restored-table.ts";
import { publishChanges } from "../../lib/sync/snapshot/change-log.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../support/account-sync.ts";
import { numberOf } from "../support/number-account.ts";

const RUNS = Number(process.env.DEEP_RUNS ?? 40);
const NUMBERS = 12;

type Lab = ReturnType<typeof createAccountSync>;
type Step =
  | { kind: "edit" | "remove"; id: number }
  | { kind: "sync" }
  | { kind: "crash"; write: number }
  | { kind: "follow"; who: number; limit: number }
  | { kind: "copy" }
  | { kind: "restore"; which: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("edit" as const), id: fc.integer({ min: 1, max: NUMBERS }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("remove" as const),
        id: fc.integer({ min: 1, max: NUMBERS }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("sync" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("crash" as const), write: fc.integer({ min: 1, max: 14 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("follow" as const),
        who: fc.integer({ min: 0, max: 2 }),
        limit: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("copy" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const), which: fc.nat({ max: 5 }) }) },
  ),
  { minLength: 8, maxLength: 60 },
);

/** A client's copy of the numbers, as docs/api.md tells it to keep one. */
class Follower {
  #cursor: Position | undefined;
  readonly #numbers = new Map<string, PhoneNumber>();

  async follow(lab: Lab, limit: number): Promise<void> {
    try {
      if (this.#cursor === undefined) return await this.#load(lab);
      const { items, next } = await lab.changesFrom(this.#cursor, limit);
      for (const { id, phoneNumber } of items) {
        if (phoneNumber === undefined) this.#numbers.delete(id);
        else this.#numbers.set(id, phoneNumber);
      }
      this.#cursor = next;
    } catch (error) {
      if (!(error instanceof ProblemError && error.code === "cursor_expired")) throw error;
      await this.#load(lab);
    }
  }

  async #load(lab: Lab): Promise<void> {
    const { next, snapshot } = await lab.feedStart();
    this.#numbers.clear();
    for (const number of await lab.readAll({}, { from: snapshot })) this.#numbers.set(number.id, number);
    this.#cursor = next;
  }

  get copy(): PhoneNumber[] {
    return [...this.#numbers.values()].sort((a, b) => a.id.localeCompare(b.id));
  }
}

/** The account, its table with older copies of it, three followers and the bus. */
async function createWorld(isAnnounced: boolean) {
  const lab = createAccountSync(NUMBERS);
  await lab.sync();
  const copies = [lab.records.dump()];
  const followers = [new Follower(), new Follower(), new Follower()];
  const published = new Map<number, string>();
  let edits = 0;

  async function publish(changes: readonly NumberChange[]): Promise<void> {
    for (const change of changes) {
      const text = JSON.stringify(change);
      if (isAnnounced) expect(published.get(change.sequence) ?? text).toBe(text);
      published.set(change.sequence, text);
    }
  }

  const syncAndPublish = async () => {
    await lab.sync();
    await publishChanges({ records: lab.records, publish, hasTime: () => true }, ACCOUNT);
  };

  async function crash(write: number): Promise<void> {
    let writes = 0;
    const died = new Error("dead");
    lab.records.faults.before = ({ operation }) => {
      if (operation === "compareAndSet" && ++writes >= write) throw died;
    };
    await lab.sync().catch((error) => expect(error).toBe(died));
    lab.records.faults = {};
  }

  async function follow(who: number, limit: number): Promise<void> {
    await followers[who]?.follow(lab, limit);
    const numbers = (await lab.readAll()).sort((a, b) => a.id.localeCompare(b.id));
    expect(followers[who]?.copy).toEqual(numbers);
  }

  async function restore(which: number): Promise<void> {
    lab.records.restore(copies[which % copies.length] ?? []);
    lab.clock.leap(10 * MINUTE);
    if (isAnnounced) await beginHistory(lab.deps, ACCOUNT);
  }

  return async function take(step: Step): Promise<void> {
    lab.clock.leap(3 * MINUTE);
    switch (step.kind) {
      case "edit":
        return lab.upstream.put(numberOf(step.id, { label: `label ${edits++}` }));
      case "remove":
        return lab.upstream.remove(step.id);
      case "sync":
        return syncAndPublish();
      case "crash":
        return crash(step.write);
      case "follow":
        return follow(step.who, step.limit);
      case "copy":
        return void copies.push(lab.records.dump());
      case "restore":
        return restore(step.which);
    }
  };
}

describe("a table that is replaced by an older copy of itself", () => {
  it.each([
    ["and the sync is told", true],
    ["although nobody says so", false],
  ])(
    "leaves every follower of the feed with exactly the numbers of the snapshot, %s",
    async (_, isAnnounced) => {
      await fc.assert(
        fc.asyncProperty(steps, async (given) => {
          const take = await createWorld(isAnnounced);
          for (const step of given) await take(step);
        }),
        { numRuns: RUNS },
      );
    },
  );
});
