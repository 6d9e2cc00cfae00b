import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { handler as listCompany } from "../../../functions/account/list-company-numbers.ts";
import { handler as getOverview } from "../../../functions/extensions/get-overview.ts";
import { handler as listCallerBlocking } from "../../../functions/extensions/list-caller-blocking-numbers.ts";
import { handler as listForwarding } from "../../../functions/extensions/list-forwarding-numbers.ts";
import { listCallerBlockingNumbersRoute } from "../../../lib/contract/caller-blocking.ts";
import { listCompanyNumbersRoute } from "../../../lib/contract/company-numbers.ts";
import { listForwardingNumbersRoute } from "../../../lib/contract/forwarding-numbers.ts";
import { getOverviewRoute } from "../../../lib/contract/overview.ts";
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
/** What verifies a signature, the key of the sealed record included. */
const isOfIssuer = (name: string) => /^(read )?issuer|^secret pseudonyms/.test(name);
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
    await path.pass(10 * 60_000);
    path.newProcess();
    chains.push(["first in ten minutes, live", await read(path.token("company"), live)]);
    for (const [, { status }] of chains) expect(status).toBe(200);
    const section = { title: "The first request as a count", text: textOf(tableOf(chains), goalsOf(chains)) };
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
      expect(names(forged)).toHaveLength(from === "own" ? 9 : 8);
      expect(names(forged).filter((name) => !isReading(name))).toEqual([]);
      for (const other of ["company", "own"] as const) {
        const again = await read(`${path.token(other)}A`, live);
        expect(again.status).toBe(401);
        expect(names(again).filter((name) => !isOfIssuer(name))).toEqual([]);
      }
      // Nobody has called as a user.
      const served = await read(path.token("company"), live);
      expect(served.status).toBe(200);
      expect(names(served).filter((name) => name.includes("user-budgets"))).toEqual([]);
    },
  );

  it.each([
    ["overview", getOverview, getOverviewRoute],
    ["forwarding numbers", listForwarding, listForwardingNumbersRoute],
    ["company numbers", listCompany, listCompanyNumbersRoute],
  ] as const)("only reads before the signature is verified: %s", async (_, handler, route) => {
    const token = `${path.token("company", { scope: "numbers:read account:manage" })}A`;
    const forged = await path.measure(() => invoke(handler, route, { token }));
    expect(forged.status).toBe(401);
    const rehearsed = names(forged).filter((name) => !isOfIssuer(name) && !/token|budgets/.test(name));
    expect(rehearsed).not.toEqual([]);
    expect(names(forged).filter((name) => !isReading(name))).toEqual([]);
  });

  it("reads nothing ahead for a token whose claims are wrong", async () => {
    for (const claims of [{ iss: "https://evil.example.com" }, { rc_account_id: "38" }, { exp: 1 }]) {
      const rejected = await read(path.token("company", claims), live);
      expect(names(rejected).filter((name) => !isOfIssuer(name))).toEqual([]);
    }
  });

  it.each([
    "read token",
    "read session",
    "read budgets",
    "read issuer keys",
    "read cache epoch",
    "secret pseudonyms",
    "secret ringcentral",
    "secret sessions",
  ])("is served although reading ahead fails at %s, and rejected only while it needs that", async (name) => {
    await warmFleet();
    const token = path.token(name === "read session" || name === "secret sessions" ? "own" : "company");
    path.fail(name, 1);
    expect((await read(token, live)).status).toBe(200);
    path.newProcess();
    path.fail(name, 1_000);
    // The issuer has the keys too, and a live read needs no cache.
    const isNeeded = !/issuer|cache/.test(name);
    expect((await read(token, live)).status).toBe(isNeeded ? 503 : 200);
  });
});

const textOf = (chains: string, goals: string) => `
A test (\`test/unit/runtime/cold-path.test.ts\`) lets every dependency respond after exactly 50 ms of virtual time and counts the
units of 50 ms before RingCentral's own call leaves, or, when the cache serves, before the response. The process is new, its fleet
has a token. Arrows separate what waits for each other; what is asked at the same time is in one step.

${chains}

${goals}

- Everything that a request reads is read in one step, before the token's signature is known: the issuer's keys, which another
process has read from the issuer, secrets, token, budgets, and what the cache has for the calls that the request will make. The
use case itself tells which: it runs up to its first calls, and none is made. This happens once in a process and only for a token
whose claims are right; nothing is written, sent to RingCentral or answered before the signature is verified.
- What is left of a first live read is the permit, a write: a call must be in the budgets' record before it leaves. A process that
has lost no write to another takes the next permit without a read.
- A third read in quick succession has a permit at hand, and learns while RingCentral responds that the cache's epoch is still the
one it knows. A permit is valid for a second, because a process that holds one hears of no pause. So a live read after a longer
break takes one unit, not none.
- For ten minutes after a process has read the issuer's keys from the issuer, no other has to. The next one asks for its discovery
document and its keys in turn.`;

/** By goal: the most units that the requests of the name take, whoever sends them. */
function goalsOf(chains: readonly [string, Chain][]): string {
  const goals = [
    { name: "first read of a process, live", of: "first, live", atMost: 2 },
    { name: "first read of a process, cached", of: "first, cached", atMost: 1 },
    { name: "warm read, live (the third)", of: "third, live", atMost: 0 },
    { name: "warm read, cached (the second)", of: "second, cached", atMost: 1 },
  ];
  const rows = goals.map(({ name, of, atMost }) => {
    const units = Math.max(
      ...chains.filter(([request]) => request.startsWith(`${of}, by`)).map(([, chain]) => leadOf(chain)),
    );
    return [name, atMost, `${units}, ${units <= atMost ? "met" : "not met"}`];
  });
  return table(["goal", "at most", "units"], rows);
}

/** By request: the units before RingCentral's call or the response, and what is asked in each of them. */
function tableOf(chains: readonly [string, Chain][]): string {
  const rows = chains.map(([name, { calls, ...chain }]) => {
    const units = leadOf({ calls, ...chain });
    const steps = Array.from({ length: units }, (_, step) => calls.filter(({ at }) => at === step));
    const asked = steps.map((step) => [
      ...new Set(step.map((call) => call.name.replace(/^secret .*/, "secrets"))),
    ]);
    return [name, units, asked.map((step) => step.sort().join(", ")).join(" → ") || "nothing"];
  });
  return table(["request", "units", { name: "asked", align: "left" }], rows);
}
