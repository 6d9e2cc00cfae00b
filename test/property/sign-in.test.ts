import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { RecordAdapter } from "../../lib/sign-in/adapter.ts";
import { refresh, type SignInLab, signIn, startSignInLab } from "../support/sign-in-lab.ts";

const runs = Number(process.env.DEEP_RUNS ?? 8);

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

let lab: SignInLab;
beforeAll(async () => {
  lab = await startSignInLab();
});
afterAll(() => lab.close());
afterEach(() => vi.useRealTimers());

/** Lets the table's operations of requests at the same time take effect in another order for each seed. */
function shuffle(turns: readonly number[]): void {
  let next = 0;
  const wait = async () => {
    const count = turns[next % turns.length] ?? 0;
    next += 1;
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  lab.records.faults = { before: wait, after: wait };
}

/** What each use of a grant's refresh tokens must give. */
class Chain {
  readonly #rotations: Map<string, number>;
  #last = { token: "", rotations: -1, at: 0 };
  #isOver = false;

  constructor(first: string) {
    this.#rotations = new Map([[first, 0]]);
  }

  /** The newer ones more often than the older. */
  oneOf(index: number): string {
    return [...this.#rotations.keys()].at(-1 - (index % Math.min(4, this.#rotations.size))) ?? "";
  }

  add(predecessor: string, token: string): void {
    this.#rotations.set(token, (this.#rotations.get(predecessor) ?? 0) + 1);
  }

  use(token: string): boolean {
    const rotations = this.#rotations.get(token) ?? 0;
    const isRepeated = token === this.#last.token && Date.now() - this.#last.at < 60_000;
    if (rotations > this.#last.rotations) this.#last = { token, rotations, at: Date.now() };
    else if (!isRepeated) this.#isOver = true;
    return !this.#isOver;
  }
}

const order = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 5, maxLength: 20 });

test("the refresh tokens of a grant are one chain: a token off the chain or past the grace ends it", async () => {
  const use = fc.record({ token: fc.nat(), count: fc.integer({ min: 1, max: 3 }), seconds: fc.nat(45) });
  await fc.assert(
    fc.asyncProperty(order, fc.array(use, { minLength: 2, maxLength: 8 }), async (turns, uses) => {
      lab.records.faults = {};
      lab.twin.clearLimits();
      const chain = new Chain((await signIn(lab)).refresh_token);
      for (const { token, count, seconds } of uses) {
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
        const used = chain.oneOf(token);
        const expected = chain.use(used);
        shuffle(turns);
        const results = await Promise.all(Array.from({ length: count }, () => refresh(lab, used)));
        lab.records.faults = {};
        for (const { status, error, refresh_token } of results) {
          expect([status, error]).toEqual(expected ? [200, undefined] : [400, "invalid_grant"]);
          if (expected) chain.add(used, refresh_token);
        }
      }
    }),
    { numRuns: runs },
  );
});

test("a person's session ends with the last of their grants, in whatever order these end", async () => {
  await fc.assert(
    fc.asyncProperty(order, fc.integer({ min: 1, max: 4 }), async (turns, count) => {
      lab.records.faults = {};
      const grantIds = Array.from({ length: count }, (_, index) => `grant-${index}-${turns.join("")}`);
      const accountId = `37-${turns.length}${count}`;
      const [grants, tokens] = ["Grant", "RefreshToken"].map((model) => new RecordAdapter(lab.deps, model));
      for (const grantId of grantIds) {
        await grants?.upsert(grantId, { accountId }, 1_000);
        await tokens?.upsert(`token-${grantId}`, { accountId, grantId }, 1_000);
      }
      lab.ended.length = 0;
      shuffle(turns);
      await Promise.all(grantIds.slice(1).map((grantId) => grants?.destroy(grantId)));
      expect(lab.ended).toEqual([]);
      await Promise.all(grantIds.map((grantId) => grants?.destroy(grantId)));
      expect(lab.ended).toEqual([accountId]);
    }),
    { numRuns: runs },
  );
});
