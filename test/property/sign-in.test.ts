import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RecordAdapter } from "../../lib/sign-in/adapter.ts";
import { refresh, type SignInLab, signIn, startSignInLab } from "../support/sign-in-lab.ts";

const runs = Number(process.env.DEEP_RUNS ?? 8);

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

let lab: SignInLab;
beforeAll(async () => {
  lab = await startSignInLab();
});
afterAll(() => lab.close());

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

const order = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 5, maxLength: 20 });

test("of several uses of one refresh token at the same time one succeeds at most, and then none goes on", async () => {
  await fc.assert(
    fc.asyncProperty(order, fc.integer({ min: 2, max: 4 }), async (turns, uses) => {
      lab.records.faults = {};
      lab.twin.clearLimits();
      const { refresh_token } = await signIn(lab);
      shuffle(turns);
      const results = await Promise.all(Array.from({ length: uses }, () => refresh(lab, refresh_token)));
      lab.records.faults = {};
      const given = results.filter(({ status }) => status === 200);
      expect(given.length).toBeLessThanOrEqual(1);
      for (const { status, error } of results) if (status !== 200) expect(error).toBe("invalid_grant");
      for (const one of [...given, { refresh_token }]) {
        expect((await refresh(lab, one.refresh_token)).error).toBe("invalid_grant");
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
