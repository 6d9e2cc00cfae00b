import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { handler as listCallerBlocking } from "../../../functions/extensions/list-caller-blocking-numbers.ts";
import { listCallerBlockingNumbersRoute } from "../../../lib/contract/caller-blocking.ts";
import { countedSection, table } from "../../bench/report.ts";
import { invoke } from "../../support/api-gateway.ts";
import { type Chain, ColdPath, leadOf } from "../../support/cold-path.ts";

const path = new ColdPath();
afterAll(() => path.stop());
beforeEach(() => path.start());

const live = { "cache-control": "no-cache" };
const read = (token: string, headers: Record<string, string> = {}) => {
  const query = "status=blocked";
  return path.measure(() =>
    invoke(listCallerBlocking, listCallerBlockingNumbersRoute, { token, headers, query }),
  );
};
const names = ({ calls }: Chain) => calls.map(({ name }) => name);
const isReading = (name: string) => !/^RingCentral|^write/.test(name);

/** The fleet has a token, the list in its cache, and a session of the person's. */
async function warmFleet(): Promise<void> {
  expect((await read(path.token("company"))).status).toBe(200);
  await path.signIn();
  expect((await read(path.token("own"))).status).toBe(200);
  path.newProcess();
}

describe("the first read of a process", () => {
  it("waits for as many dependencies in turn as docs/benchmarks.md says", async () => {
    await warmFleet();
    const chains: [string, Chain][] = [];
    for (const [from, by] of [
      ["company", "by the service"],
      ["own", "by a signed-in user"],
    ] as const) {
      const token = path.token(from);
      path.newProcess();
      chains.push([`first, live, ${by}`, await read(token, live)]);
      chains.push([`second, live, ${by}`, await read(token, live)]);
      chains.push([`third, live, ${by}`, await read(token, live)]);
      path.newProcess();
      chains.push([`first, cached, ${by}`, await read(token)]);
      chains.push([`second, cached, ${by}`, await read(token)]);
    }
    for (const [, { status }] of chains) expect(status).toBe(200);
    const section = { title: "The first request as a count", text: textOf(tableOf(chains)) };
    const { found, expected } = countedSection("npm run bench:path", section);
    expect(found).toBe(expected);
  });

  it.each(["company", "own"] as const)(
    "reads ahead once, and only reads, for a token of the %s issuer that turns out to be forged",
    async (from) => {
      await path.signIn();
      path.newProcess();
      const forged = await read(`${path.token(from)}A`, live);
      expect(forged.status).toBe(401);
      expect(names(forged)).toHaveLength(from === "own" ? 7 : 6);
      expect(names(forged).filter((name) => !isReading(name))).toEqual([]);
      for (const other of ["company", "own"] as const) {
        const again = await read(`${path.token(other)}A`, live);
        expect(again.status).toBe(401);
        expect(names(again).filter((name) => !name.startsWith("issuer"))).toEqual([]);
      }
      // Nobody has called as a user.
      const served = await read(path.token("company"), live);
      expect(served.status).toBe(200);
      expect(names(served).filter((name) => name.includes("user-budgets"))).toEqual([]);
    },
  );

  it("reads nothing ahead for a token whose claims are wrong", async () => {
    for (const claims of [{ iss: "https://evil.example.com" }, { rc_account_id: "38" }, { exp: 1 }]) {
      const rejected = await read(path.token("company", claims), live);
      expect(names(rejected).filter((name) => !name.startsWith("issuer"))).toEqual([]);
    }
  });

  it.each([
    "read token",
    "read session",
    "read budgets",
    "secret pseudonyms",
    "secret ringcentral",
    "secret sessions",
  ])("is served although reading ahead fails at %s, and is 503 while that lasts", async (name) => {
    await warmFleet();
    const token = path.token(name === "read session" || name === "secret sessions" ? "own" : "company");
    path.fail(name, 1);
    expect((await read(token, live)).status).toBe(200);
    path.newProcess();
    path.fail(name, 1_000);
    expect((await read(token, live)).status).toBe(503);
  });
});

const textOf = (chains: string) => `
A test (\`test/unit/runtime/cold-path.test.ts\`) lets every dependency respond after exactly 50 ms of virtual time and counts the
units of 50 ms before RingCentral's own call leaves, or, when the cache serves, before the response. The process is new, its fleet
has a token. Arrows separate what waits for each other; what is asked at the same time is in one step.

${chains}

- While the issuer is asked for its keys, a new process reads what the request will need: secrets, token and budgets. The token's
signature is not known yet, so this happens once in a process and only for a token whose claims are right; nothing is written,
sent to RingCentral or answered before the signature is verified. It took a live read from 7 units to 4 and a cached one from 5
to 4.
- What is left: the issuer's keys are found through its discovery document, which makes two steps. The cache's epoch comes
before the response in the cache, or before the permit, which is a write. A read of the budgets is spared while no other process
has written them.`;

/** By request: the units before RingCentral's call or the response, and what is asked in each of them. */
function tableOf(chains: readonly [string, Chain][]): string {
  const rows = chains.map(([name, { calls, ...chain }]) => {
    const units = leadOf({ calls, ...chain });
    const steps = Array.from({ length: units }, (_, step) => calls.filter(({ at }) => at === step));
    const asked = steps.map((step) => [
      ...new Set(step.map((call) => call.name.replace(/^secret .*/, "secrets"))),
    ]);
    return [name, units, asked.map((step) => step.sort().join(", ")).join(" → ")];
  });
  return table(["request", "units", { name: "asked", align: "left" }], rows);
}
