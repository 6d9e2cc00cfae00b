import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { table, writeSection } from "../../bench/report.ts";

/** What the parts of a run have sent, a line each: they run in processes of their own. */
const path = join(projectRoot, ".build/generated-requests.jsonl");

const Run = z.object({
  part: z.string(),
  seed: z.string(),
  requests: z.number(),
  seconds: z.number(),
  byStatus: z.record(z.string(), z.number()),
});
type Run = z.output<typeof Run>;

/** Counts one part of a deep run, by the status of the responses. */
export class RunCount {
  readonly #part: string;
  readonly #startedAt = Date.now();
  readonly #byStatus: Record<string, number> = {};

  constructor(part: string) {
    this.#part = part;
  }

  get statuses(): string[] {
    return Object.keys(this.#byStatus);
  }

  add(status: number | string): void {
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
  }

  /** Notes it for the command that writes it. */
  end(): void {
    if (process.env.WRITE_BENCHMARKS === undefined) return;
    const requests = Object.values(this.#byStatus).reduce((sum, count) => sum + count, 0);
    const seconds = (Date.now() - this.#startedAt) / 1000;
    const seed = process.env.FIRST_SEED ?? "1";
    const run: Run = { part: this.#part, seed, requests, seconds, byStatus: this.#byStatus };
    appendFileSync(path, `${JSON.stringify(run)}\n`);
  }
}

/** Forgets the last run. */
export function beginRuns(): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
}

/** Writes the section of the benchmarks. */
export function writeRuns(): void {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  const runs = lines.map((line) => Run.parse(JSON.parse(line)));
  const sum = (of: readonly Run[], value: (run: Run) => number) =>
    of.reduce((all, run) => all + value(run), 0);
  const statuses = (of: readonly Run[], first: string) =>
    sum(of, ({ byStatus }) =>
      Object.entries(byStatus).reduce(
        (all, [status, count]) => all + (status.startsWith(first) ? count : 0),
        0,
      ),
    );
  const parts = Object.entries(Object.groupBy(runs, ({ part }) => part)).sort();
  const rows = parts.map(([part, of = []]) => {
    const requests = sum(of, (run) => run.requests);
    const classes = ["2", "3", "4", "5", "none"].map((first) => statuses(of, first));
    return [part, requests, ...classes, ((1000 * sum(of, (run) => run.seconds)) / requests).toFixed(1)];
  });
  const total = sum(runs, ({ requests }) => requests);
  const minutes = Math.round(sum(runs, ({ seconds }) => seconds) / 60);
  writeSection("npm run test:generated", {
    title: "Generated requests",
    text: [
      `\`npm run test:generated\` makes requests from \`docs/openapi.json\` alone, as a stranger's client would: 10,000 for each group of operations and for the sign-in server, half as many on DynamoDB's emulator, half as many while RingCentral fails, and 5,000 as raw bytes through the emulator of API Gateway. Two of five fit the file. The others break it in one to three places: types, bounds, lone surrogates, unknown and repeated fields, media types, malformed JSON, percent-encoding, forged, expired and other accounts' tokens, other lists' and tampered cursors, entity tags, keys used again; as raw bytes also methods, versions, chunks, two lengths, huge headers and requests in a request's body. This run, with seed ${runs[0]?.seed}, sent ${total.toLocaleString("en")} in ${minutes} minutes of one core. (\`npm run test:deep\` sends them among its other seeds.)`,
      table(["requests to", "sent", "2xx", "3xx", "4xx", "5xx", "none", "ms each"], rows),
      "- After each: the status and every header are described and fit, also the body; a request that fits the file is never rejected for what the file could have told; each call that the twin received is one of `lib/ringcentral/api`, for the caller's account and extension, and a rejected request has none; no log line holds a token, a secret, a full phone number or an e-mail. 5xx come only where a fault was injected into one of the request's own calls.",
      "- Raw bytes get no response where they are no whole request: their body ends before its stated length, or they close the connection.",
      "- At the sign-in server: no redirect and no form leads to an address that is not registered, and no token is given without the code's verifier, a refresh token in use, or the client's secret.",
      "- Found: headers that the file did not describe (`Age`, `Link`, `RateLimit`, `WWW-Authenticate` of 403), more than the 100 faults that it allows in one response, and a 500 of the sign-in server for the address of a visit that was never begun. Each has a test since.",
    ].join("\n\n"),
  });
}
