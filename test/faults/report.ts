import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../infra/build/bundle.ts";
import { table, writeSection } from "../bench/report.ts";
import type { DeathOutcome } from "./deaths.ts";
import { type Fault, type FaultName, faults } from "./faults.ts";
import type { Outcome } from "./play.ts";
import type { RouteKind } from "./routes.ts";

export interface Results {
  outcomes: readonly Outcome[];
  deaths: readonly DeathOutcome[];
}

const faultNames = Object.entries(faults).map(([name, fault]: [string, Fault]) => ({
  name,
  title: fault.title,
}));

/** The tables of the page: each has a row for every fault. */
const groups: readonly { title: string; columns: Partial<Record<RouteKind, string>> }[] = [
  {
    title: "Reads from RingCentral",
    columns: {
      "list live": "blocked numbers, live",
      "list stale": "blocked numbers, cached 10 min ago",
      "company live": "company numbers, live",
      overview: "overview, live",
    },
  },
  {
    title: "Writes",
    columns: {
      block: "block a number",
      "block, key": "the same, with a key",
      delete: "delete a blocked number",
      change: "change a forwarding number",
      "change, moved": "the same, moved extension",
    },
  },
  {
    title: "Reads and writes of our own records",
    columns: {
      "list cached": "blocked numbers, cached",
      company: "company numbers",
      changes: "number changes",
      "start sync": "`POST /v1/sync`",
      limits: "`GET /v1/limits`",
      health: "health",
    },
  },
];

/** In a row of its own where a user's own session makes a difference. */
function tableOf({ outcomes }: Results, columns: Partial<Record<RouteKind, string>>): string {
  const kinds = Object.keys(columns);
  const rows = faultNames.flatMap(({ name, title }) => {
    const cells = (payer: string) =>
      kinds.map(
        (kind) =>
          outcomes.find((one) => one.fault === name && one.kind === kind && one.payer === payer)?.shown,
      );
    const service = cells("service");
    const own = cells("own").map((shown, n) => (shown === undefined || shown === service[n] ? "" : shown));
    return [
      [title, ...service.map((shown) => shown ?? "")],
      ...(own.some((shown) => shown !== "") ? [[`${title}; own session`, ...own]] : []),
    ];
  });
  return table(["fault", ...Object.values(columns).map((name) => ({ name, align: "left" as const }))], rows);
}

const deathTable = ({ deaths }: Results) =>
  table(
    ["work", "deaths", "requests", "longest time to success, s"],
    deaths.map(({ title, deaths: count, requests, longestMs }) => [
      title,
      count,
      requests,
      Math.ceil(longestMs / 1_000),
    ]),
  );

export function countsOf({ outcomes, deaths }: Results) {
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    cells: outcomes.length,
    faults: faultNames.length,
    kinds: new Set(outcomes.map(({ kind }) => kind)).size,
    requests: sum([...outcomes, ...deaths].map(({ requests }) => requests)),
    deaths: sum(deaths.map((one) => one.deaths)),
  };
}

export const tablesOf = (results: Results): string =>
  [
    ...groups.map(({ title, columns }) => `## ${title}\n\n${tableOf(results, columns)}`),
    deathsOf(results),
  ].join("\n\n");

const deathsOf = (results: Results) => `## Deaths

The process dies before each message that it sends and after each that has arrived: to the table, RingCentral, Secrets Manager and
the issuer. Another process serves the next request. The caller repeats its request a second after a death, with its key, and later
when it is told to; the queue repeats a sync after six minutes. In the end everything has happened once.

${deathTable(results)}`;

/** What the matrix leaves out. */
const ELSEWHERE = `  caller blocking in [batch.test.ts](../test/property/batch.test.ts) and
  [generated-requests.test.ts](../test/property/generated-requests.test.ts), people in
  [people.test.ts](../test/integration/people.test.ts), the webhook in
  [receive-ringcentral-event.test.ts](../test/unit/sync/webhook/receive-ringcentral-event.test.ts), the sign-in server in
  [rejections.test.ts](../test/unit/sign-in/rejections.test.ts) and [sign-in.test.ts](../test/integration/sign-in.test.ts).`;

/** Writes docs/fault-matrix.md, and the section that leads to it. */
export function writePage(results: Results): void {
  const { cells, faults: count, kinds, requests, deaths } = countsOf(results);
  const page = `# The fault matrix

\`npm run test:faults\` plays ${count} faults of every dependency against the real handlers, writes this page, and fails where a
response, its \`Retry-After\`, the calls of RingCentral or what it has afterwards differ from the expectation. That is stated in
advance, by rules, in [expected.ts](../test/faults/expected.ts). Time is virtual; RingCentral is the twin behind a real socket.

${cells} cells, ${requests} requests, ${deaths} deaths.

- The requests are of ${kinds} kinds: the columns of the tables. Four groups are not in it, and their faults are tested elsewhere:
${ELSEWHERE}
- A cell has the status, the problem's code, \`Retry-After\`, the calls sent to RingCentral, and after a plus those of its token
  endpoint. \`kept\` is a response from the cache or the snapshot, \`parts\` the problem of an overview's parts. \`done\` says that a
  write has taken effect although its response does not say so.
- The fault lasts for one request. Then the same caller repeats it once \`Retry-After\` has passed, and it succeeds; after a write
  whose outcome is unknown, with its key, within two and a half minutes. A write has taken effect once then, and the list shows it.
- Half of the \`Retry-After\` of a 429 later another process sends nothing to RingCentral.
- Every problem fits its schema and is one that its operation declares. No log has a secret, a token or a whole number, and no
  record of the table a secret or a token.
- Where nothing else is said, the process is warm and alone, and the service pays. A user who signed in with RingCentral has a row
  of their own where that makes a difference.

${tablesOf(results)}
`;
  writeFileSync(join(projectRoot, "docs/fault-matrix.md"), page);
  writeSection("npm run test:faults", {
    title: "Faults survived",
    text: `${cells.toLocaleString("en")} combinations of ${count} faults, ${kinds} kinds of request and who pays, and ${deaths} deaths of a process in the middle of its work, end as stated in advance, and nothing is lost: [the fault matrix](fault-matrix.md).`,
  });
}

export const titleOf = (name: FaultName): string => faults[name].title;
