import { expect, it } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listCallerBlocking } from "../../functions/extensions/list-caller-blocking-numbers.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listCallerBlockingNumbersRoute } from "../../lib/contract/caller-blocking.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import { countedSection, table } from "../bench/report.ts";
import { type ForwardingLab, startForwardingLab } from "../support/forwarding-lab.ts";
import { SEED } from "../twin/twin.ts";

const live = { headers: { "cache-control": "no-cache" } };
const number = { phoneNumber: "+12025550161", label: "Cabin" };

/** Each operation, and the id of the number that it is about. */
const operations: [name: string, run: (lab: ForwardingLab, id: string) => Promise<{ status: number }>][] = [
  ["list blocked numbers", (lab) => lab.call(listBlockedNumbers, listBlockedNumbersRoute, live)],
  ["block a number", (lab) => lab.call(addBlockedNumber, addBlockedNumberRoute, { body: number })],
  [
    "list blocked and allowed numbers",
    (lab) => lab.call(listCallerBlocking, listCallerBlockingNumbersRoute, live),
  ],
  ["list forwarding numbers", (lab) => lab.list(live)],
  ["read a forwarding number", (lab, id) => lab.read(id, live)],
  ["add a forwarding number", (lab) => lab.add(number)],
  ["change the flip number of one", (lab, id) => lab.change(id, { flipNumber: 7 })],
  ["change the label of one in two rules", (lab, id) => lab.change(id, { type: "Other", label: "Boat" })],
  ["remove one in two rules", (lab, id) => lab.remove(id)],
  ["list company numbers", (lab) => lab.call(listCompanyNumbers, listCompanyNumbersRoute, live)],
];

/** Ana's mobile rings in two rules. */
const MOBILE = "+13125550188";

/** The calls of one operation, by group, as the twin logged them. */
async function measure(
  callHandling: "legacy" | "new",
  isFirst: boolean,
  run: (typeof operations)[number][1],
): Promise<string> {
  const lab = await startForwardingLab({ callHandling }, SEED.extensionId);
  const { body } = await lab.list();
  const id = body.data.find(({ phoneNumber }: { phoneNumber?: string }) => phoneNumber === MOBILE)?.id;
  if (isFirst) lab.nextHour();
  lab.twin.clearRequests();
  const { status } = await run(lab, id);
  expect(status).toBeLessThan(300);
  const groups = lab.twin.requests.map(({ group }) => group);
  await lab.stop();
  const counts = (["Light", "Medium", "Heavy"] as const).flatMap((group) => {
    const count = groups.filter((each) => each === group).length;
    return count === 0 ? [] : [`${count} ${group}`];
  });
  return counts.join(" + ");
}

const columns = [
  ["legacy", true],
  ["legacy", false],
  ["new", false],
] as const;

it("every operation costs the calls that docs/benchmarks.md lists", async () => {
  const rows: string[][] = [];
  for (const [name, run] of operations) {
    const row = [name];
    for (const [backend, isFirst] of columns) row.push(await measure(backend, isFirst, run));
    rows.push(row);
  }
  const heads = ["operation", "legacy, first in an hour", "legacy", "new"];
  const { found, expected } = countedSection("npm run bench:calls", {
    title: "RingCentral calls of each operation",
    text: textOf(
      table(
        heads.map((name) => ({ name, align: "left" })),
        rows,
      ),
    ),
  });
  expect(found).toBe(expected);
});

const textOf = (calls: string) => `
What each operation costs of RingCentral's budgets on both of its call-handling backends, without the cache. A test counts it
(\`test/integration/forwarding-costs.test.ts\`).

${calls}

- The call that tells the backend is Medium: before the first use of an extension in an hour on the legacy backend, or in 24
hours on the new one. Every write to the legacy one is followed by a Light call of the new one, whose denial shows that the
write counts; where it is not denied, the Medium call tells.
- On the new backend every rule is read just before it is written, because RingCentral has no precondition for it. That is one
Medium call for each rule.
- The list reads flip numbers, state rules and custom rules. From the cache it costs nothing.`;
