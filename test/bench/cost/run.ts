// `npm run bench:cost`: dollars of a million requests by route, and of a company's month, at AWS's list prices (prices.ts). The
// real handlers are measured on a twin and an emulator of DynamoDB. Writes its section of docs/benchmarks.md; --dry-run does not.
import { parseArgs } from "node:util";
import { getOverviewRoute } from "../../../lib/contract/overview.ts";
import { habits } from "../../sim/capacity/habits.ts";
import { exampleOrder } from "../../support/example-requests.ts";
import { apiRoutes } from "../../support/handlers.ts";
import { type Cell, table, writeSection } from "../report.ts";
import { company, companyLines, type Line, restOf } from "./company.ts";
import { type Bill, billOf, services, sumOf } from "./dollars.ts";
import { type FixedCost, fixedCosts } from "./fixed.ts";
import { prices } from "./prices.ts";
import {
  type Measured,
  measureRoutes,
  RINGCENTRAL_MS,
  type RouteUsage,
  USUAL_MEMORY_MB,
} from "./requests.ts";

const MILLION = 1e6;
/** Routes that cost the same within this part are one row. */
const ALIKE = 0.06;

const money = (usd: number) => usd.toFixed(2);
/** So that a sum is that of what is shown. */
const cents = (usd: number) => Math.round(100 * usd) / 100;

interface Row {
  names: string[];
  state: string;
  /** The first route's. */
  usage: RouteUsage["usage"];
  bill: Bill;
}

/** The screen of an app has a row to itself. */
const isNamed = ({ names }: Row) => names.includes(getOverviewRoute.operationId);

function rowsOf(routes: readonly RouteUsage[]): Row[] {
  const rows: Row[] = [];
  const sorted = routes
    .filter(({ state }) => state !== "new")
    .map(({ route, state, usage }) => ({ names: [route.operationId], state, usage, bill: billOf(usage) }))
    .toSorted((one, other) => sumOf(other.bill) - sumOf(one.bill));
  for (const row of sorted) {
    const like = rows.find(
      (one) =>
        one.state === row.state &&
        !isNamed(one) &&
        !isNamed(row) &&
        one.usage.ringCentralCalls === row.usage.ringCentralCalls &&
        sumOf(row.bill) > (1 - ALIKE) * sumOf(one.bill),
    );
    if (like === undefined) rows.push(row);
    else like.names.push(...row.names);
  }
  return rows;
}

function routeTable(routes: readonly RouteUsage[]): string {
  const columns = [
    "route",
    { name: "state", align: "left" as const },
    "ms",
    "read units",
    "write units",
    "log bytes",
  ];
  const cells = rowsOf(routes).map(({ names, state, usage, bill }): Cell[] => [
    names.map((name) => `\`${name}\``).join(", "),
    state,
    Math.round(usage.ms),
    Number(usage.readUnits.toFixed(1)),
    Number(usage.writeUnits.toFixed(1)),
    Math.round(usage.logBytes),
    ...services.map((service) => money(MILLION * bill[service])),
    money(MILLION * sumOf(bill)),
  ]);
  return table([...columns, ...services, "all"], cells);
}

function companyTable(lines: readonly Line[]): string {
  const requests = lines.reduce((sum, line) => sum + line.requests, 0);
  const sums = services.map((service) => lines.reduce((sum, { bill }) => sum + bill[service], 0));
  return table(
    ["requests of a month", "count", ...services, "all"],
    [
      ...lines.map(({ what, requests: count, bill }) => [
        what,
        Math.round(count),
        ...services.map((service) => money(bill[service])),
        money(sumOf(bill)),
      ]),
      ["all", Math.round(requests), ...sums.map(money), money(sums.reduce((sum, usd) => sum + usd))],
    ],
  );
}

function fixedTable(fixed: readonly FixedCost[]): string {
  return table(
    ["fixed, of a production stack of one account", "count", "dollars a month"],
    [
      ...fixed.map(({ what, count, usd }) => [what, count, money(usd)]),
      ["all", "", money(fixed.reduce((sum, { usd }) => sum + usd, 0))],
    ],
  );
}

function priceTable(): string {
  return table(
    [
      "price",
      "dollars",
      { name: "of", align: "left" },
      { name: "page", align: "left" },
      { name: "known", align: "left" },
    ],
    Object.entries(prices).flatMap(([name, price]) =>
      typeof price === "string"
        ? []
        : [
            [
              name,
              Number((price.of.startsWith("a million") ? price.usd * MILLION : price.usd).toFixed(4)),
              price.of,
              price.page,
              price.known,
            ],
          ],
    ),
  );
}

/** How certain the prices are. */
function knownPrices(): string {
  const known = Object.values(prices).flatMap((price) => (typeof price === "string" ? [] : [price.known]));
  const dated = known.filter((one) => /^\d/.test(one)).length;
  return `The page is where AWS states the price. AWS's pages of today were not asked: ${dated} of the ${known.length} prices are on a public page of the
month in the table, ${known.length - dated} on one without a date. Compare them with AWS's before you rely on them.`;
}

const leftOut = apiRoutes
  .filter((route) => !exampleOrder.includes(route))
  .map(({ operationId }) => `\`${operationId}\``);

/** The memory settings, the usual one first. */
function settingsOf(routes: readonly RouteUsage[]): string {
  const others = new Map<string, number>();
  for (const { route, usage } of routes)
    if (usage.memoryMb !== USUAL_MEMORY_MB) others.set(route.operationId, usage.memoryMb);
  const named = [...others].map(([name, mb]) => `, but ${mb} MB for \`${name}\``);
  return `${USUAL_MEMORY_MB.toLocaleString("en")} MB${named.join("")}`;
}

/** The section of the page. */
async function textOf({ routes, metrics }: Measured): Promise<string> {
  const lines = companyLines(routes);
  const rest = restOf(lines);
  const fixed = await fixedCosts(metrics.size);
  const bySum = (usd: (bill: Bill) => number) => lines.reduce((sum, { bill }) => sum + usd(bill), 0);
  const ofRequests = cents(bySum(sumOf));
  const ofRest = rest.reduce((sum, { usd }) => sum + cents(usd), 0);
  const ofFixed = fixed.reduce((sum, { usd }) => sum + usd, 0);
  const all = ofRequests + ofRest + ofFixed;
  const ranked = services.map((service) => ({ service, usd: bySum((bill) => bill[service]) }));
  const [first, second] = ranked.toSorted((a, b) => b.usd - a.usd);
  const [metricsFixed] = fixed;
  const settings = settingsOf(routes);
  return `\`npm run bench:cost\` calls ${exampleOrder.length} of the ${apiRoutes.length} routes with the API reference's example, all but
${leftOut.join(" and ")}: the real handlers in a warm process, the twin with
${RINGCENTRAL_MS} ms for each call, and an emulator of DynamoDB that counts the units as DynamoDB does (4 KB for a strongly consistent
read, 1 KB for a write). A read is \`live\`, then from the cache; \`table\` reads never call RingCentral. The prices are AWS's list prices in
${prices.region}, without free tiers (\`test/bench/cost/prices.ts\`; the last table). Dollars of a million requests, from a process that has
served the user before, and \`listForwardingNumbers\` within the hour; routes that cost the same within ${Math.round(100 * ALIKE)} % share a row, with the figures of the first, except the overview:

${routeTable(routes)}

- \`lambda\` is the request and its time with the function's memory setting on arm64, ${settings}. How much memory a request
needs was not measured. Most of the time is RingCentral's. Lambda's processor is slower than this machine's:
what a request computes, a few ms, takes up to twice as long there. A cold start is billed too: 300 ms more
are ${money(0.3 * prices.lambdaGbSecond.usd * MILLION)} dollars for a million of them.
- \`traces\`: Lambda traces up to one request a second of each function, and 5 % of the others. The column is for a function that has
less than one a second. It cannot be set lower, only be turned off (\`tracing\` in serverless.yml).
- \`logs\` has the function's lines, among them its metrics, and Lambda's and the gateway's own, about 900 bytes.
- Not in it: TLS, RingCentral's own price, and data that Lambda receives, which is free.

**A company of ${company.users.toLocaleString("en")} users**, ${company.workingDays} working days, ${habits.opensADay} overviews and ${habits.writesADay} writes of each a day, spread as in
[the capacity](#users-one-application-serves); ${100 * company.cached} % of the overviews come again within 15 s, from the cache. People sign in
with RingCentral, so each open also renews the app's access token, which is counted as a \`putPerson\`, because the sign-in
server is not measured here. A user is new to most processes, so a live overview has the units of a process's first.

${companyTable(lines)}

- A month costs **${money(all)} dollars**, ${((100 * all) / company.users).toFixed(2)} cents a user: ${money(ofRequests)} for requests, ${money(ofFixed)} fixed, and ${money(ofRest)} for
the rest (${rest.map(({ what, usd }) => `${what} ${money(usd)}`).join(", ")}).
- What dominates: ${first?.service ?? ""} (${money(first?.usd ?? 0)}), then ${second?.service ?? ""} (${money(second?.usd ?? 0)}). The fixed costs are ${Math.round((100 * ofFixed) / all)} % of the whole:
for a small company nearly all of it.

${fixedTable(fixed)}

- ${money(metricsFixed?.usd ?? 0)} of the fixed dollars are metrics. A metric costs for the hours in which it has a value; these are the ones
that the requests wrote, for every route in every hour. The gateway's own metrics are free, because it writes none by route.
- Each further account costs a secret, ${money(prices.secretMonth.usd)} dollars.

${knownPrices()}

${priceTable()}`;
}

const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
const text = await textOf(await measureRoutes());
if (values["dry-run"]) console.log(text);
else writeSection("npm run bench:cost", { title: "Cost", text });
// The issuer of the tests has no end.
process.exit(0);
