// `npm run sim:accounts`: whether the schedule, the queue and its workers keep many accounts fresh. The schedule's
// decision, the handling of messages and the queue's delays are the deployed ones; the table, RingCentral's budgets and
// the run are modelled: a slice takes the pages that the budget has, saves them, and continues when the budget says so.
// A second simulation adds noisy accounts: RingCentral never answers for them, and their callers and notifications ask
// for as many syncs as they can. The other accounts must stay as fresh.
import { parseArgs } from "node:util";
import { syncQueue } from "../../infra/resources/sync.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { handleMessage, SyncMessage } from "../../lib/sync/queue/handle-message.ts";
import { isDue, syncIntervalMs, TICK_MS } from "../../lib/sync/queue-syncs.ts";
import { newCheckpoint } from "../../lib/sync/run/checkpoint.ts";
import type { SyncOutcome } from "../../lib/sync/run/run.ts";
import { emptyHead } from "../../lib/sync/snapshot/head.ts";
import { percentile } from "../bench/measurements.ts";
import { table, writeSection } from "../bench/report.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;
/** All accounts begin at once; what they meet in this time is not counted. */
const WARM_UP_MS = 2 * HOUR;
/** The sync's share of RingCentral's ten Heavy calls a minute. */
const BUDGET = 7;
const WINDOW_MS = 60 * SECOND;
/** One page: RingCentral's response, and staging it. */
const PAGE_MS = 900;
/** Start of a slice: the lease, the snapshot and the staged pages; end of a run: its commit. */
const sliceMs = (pages: number) => 500 + 15 * pages;
const commitMs = (pages: number) => 500 + 20 * pages;
const SPREAD_MS = 60 * SECOND;
/** A shorter wait is spent in the function. */
const SHORT_WAIT_MS = 5 * SECOND;
/** A function's time for a run. */
const RUN_MS = 45 * SECOND;

/** Most messages of a noisy account: a request's (start-sync.ts) and a notification's (receive-ringcentral-event.ts). */
const REQUEST_EVERY_MS = 60 * SECOND;
const HINT_EVERY_MS = 300 * SECOND;
/** A run that finds another one of its account. */
const BUSY_MS = 200;

interface Account {
  id: string;
  isNoisy: boolean;
  /** The end of the noisy account's slice. */
  busyUntil: number;
  pages: number;
  checkedAt: number;
  run: { startedAt: number; done: number; updatedAt: number } | undefined;
  /** Instants of the calls that the window still counts. */
  calls: number[];
  ages: number[];
}

const log = createLogger({}, { write: () => {} });

class Fleet {
  now = 0;
  readonly accounts: Account[];
  readonly #queue: { at: number; body: string; deliveries: number }[] = [];
  readonly #workers: number[];
  busyMs = 0;
  slices = 0;
  worstQueueMs = 0;

  constructor(pages: readonly number[], noisy: number, workers: number) {
    this.accounts = Array.from({ length: pages.length + noisy }, (_, index) => ({
      id: String(index + 1),
      isNoisy: index >= pages.length,
      busyUntil: 0,
      pages: pages[index] ?? 1 + (index % 100),
      checkedAt: Number.NEGATIVE_INFINITY,
      run: undefined,
      calls: [],
      ages: [],
    }));
    this.#workers = Array.from({ length: workers }, () => 0);
  }

  async play(hours: number): Promise<void> {
    for (let tick = 0; tick < hours * HOUR; tick += TICK_MS) {
      await this.#workUntil(tick);
      this.#schedule(tick);
    }
    await this.#workUntil(hours * HOUR);
    for (const { ages, checkedAt } of this.accounts) ages.push(hours * HOUR - checkedAt);
  }

  #schedule(at: number): void {
    this.now = at;
    for (const [index, account] of this.accounts.entries()) {
      const { id, pages, checkedAt, run } = account;
      const head = { ...emptyHead, total: pages * 1_000, checkedAt };
      const checkpoint = run && { ...emptyCheckpoint, updatedAt: run.updatedAt };
      const record = checkpoint && { generation: 1, leaseUntil: 0, startedAt: 0, checkpoint };
      if (!isDue(head, record, at)) continue;
      const message = { accountId: id, trigger: "schedule", requestedAt: at, postponed: 0 };
      this.#send(message, at, (index * SPREAD_MS) / this.accounts.length);
      if (account.isNoisy) this.#askOften(id, at);
    }
  }

  #askOften(accountId: string, from: number): void {
    for (const [trigger, every] of [
      ["request", REQUEST_EVERY_MS],
      ["hint", HINT_EVERY_MS],
    ] as const) {
      for (let delay = 0; delay < TICK_MS; delay += every)
        this.#send({ accountId, trigger, requestedAt: from + delay, postponed: 0 }, from, delay);
    }
  }

  #send(body: object, from: number, delayMs: number, deliveries = 0): void {
    this.#queue.push({ at: from + delayMs, body: JSON.stringify(body), deliveries });
  }

  async #workUntil(end: number): Promise<void> {
    for (;;) {
      this.#queue.sort((one, other) => one.at - other.at);
      const [next] = this.#queue;
      const worker = this.#workers.indexOf(Math.min(...this.#workers));
      const startsAt = Math.max(next?.at ?? end, this.#workers[worker] ?? 0);
      if (next === undefined || startsAt >= end) return;
      this.#queue.shift();
      this.worstQueueMs = Math.max(this.worstQueueMs, startsAt - next.at);
      this.now = startsAt;
      await this.#handle(next.body).catch(() => {
        const deliveries = next.deliveries + 1;
        if (deliveries === syncQueue.maxReceives) return;
        this.#send(JSON.parse(next.body), startsAt, syncQueue.visibilitySeconds * SECOND, deliveries);
      });
      this.#workers[worker] = this.now;
      this.busyMs += this.now - startsAt;
      this.slices += 1;
    }
  }

  async #handle(body: string): Promise<void> {
    const message = SyncMessage.parse(JSON.parse(body));
    const account = this.accounts[Number(message.accountId) - 1];
    if (account === undefined) throw new Error(`unreadable: ${body}`);
    const deps = {
      run: async () => (account.isNoisy ? this.#hang(account) : this.#slice(account)),
      scannedAt: async () => account.checkedAt,
      publish: async () => true,
      queue: {
        send: async (next: object, delaySeconds = 0) => this.#send(next, this.now, delaySeconds * SECOND),
      },
      log,
    };
    await handleMessage(deps, message);
  }

  /** @throws Error as a run does whose calls of RingCentral got no response */
  #hang(account: Account): SyncOutcome {
    if (this.now < account.busyUntil) {
      this.now += BUSY_MS;
      return { state: "busy" };
    }
    this.now += RUN_MS;
    account.busyUntil = this.now;
    throw new Error("no response");
  }

  #slice(account: Account): SyncOutcome {
    const { pages } = account;
    const until = this.now + RUN_MS;
    account.run ??= { startedAt: this.now, done: 0, updatedAt: this.now };
    const { run } = account;
    this.now += sliceMs(pages);
    while (run.done < pages) {
      const waitMs = waitFor(account, this.now);
      if (waitMs > SHORT_WAIT_MS) return { state: "continues", continueAfterMs: waitMs };
      if (this.now + waitMs + PAGE_MS > until) return { state: "continues", continueAfterMs: 0 };
      this.now += waitMs;
      account.calls.push(this.now);
      this.now += PAGE_MS;
      run.done += 1;
      run.updatedAt = this.now;
    }
    this.now += commitMs(pages);
    // A snapshot is at its oldest just before the next one.
    if (this.now >= WARM_UP_MS) account.ages.push(this.now - account.checkedAt);
    account.checkedAt = run.startedAt;
    account.run = undefined;
    return { state: "committed" };
  }
}

const emptyCheckpoint = newCheckpoint({ runId: "", trigger: "", base: 0, fingerprint: "" }, 0);

function waitFor(account: Account, now: number): number {
  account.calls = account.calls.filter((at) => at > now - WINDOW_MS);
  const [oldest = now] = account.calls;
  return account.calls.length < BUDGET ? 0 : oldest + WINDOW_MS - now;
}

const { values } = parseArgs({
  options: {
    accounts: { type: "string", default: "1000" },
    noisy: { type: "string", default: "20" },
    workers: { type: "string", default: "100" },
    hours: { type: "string", default: "6" },
  },
});
const hours = Number(values.hours);
const classes = [
  [1, 10],
  [11, 25],
  [26, 52],
  [53, 100],
] as const;
const minutes = (ms: number) => Number((ms / 60_000).toFixed(1));

const mixed = Array.from({ length: Number(values.accounts) }, (_, index) => 1 + (index % 100));
/** One large account among small ones, and hardly any workers. */
const SMALL = 50;
const FEW_WORKERS = 2;

async function simulate(noisy: number, pages = mixed, workers = Number(values.workers)): Promise<Fleet> {
  const fleet = new Fleet(pages, noisy, workers);
  await fleet.play(hours);
  return fleet;
}

const accountsOf = ({ accounts }: Fleet, from: number, to: number) =>
  accounts.filter(({ pages, isNoisy }) => !isNoisy && pages >= from && pages <= to);

const quiet = await simulate(0);
const loud = await simulate(Number(values.noisy));
const rows = classes.map(([from, to]) => {
  const [chosen, others] = [accountsOf(quiet, from, to), accountsOf(loud, from, to)];
  const ages = chosen.flatMap((account) => account.ages);
  const besideNoisy = others.flatMap((account) => account.ages);
  const freshnessMs = 2 * syncIntervalMs(to * 1_000);
  return {
    cells: [
      `${from} to ${to}`,
      chosen.length,
      minutes(syncIntervalMs(to * 1_000)),
      minutes(freshnessMs),
      minutes(percentile(ages, 0.5)).toFixed(1),
      minutes(percentile(ages, 0.99)).toFixed(1),
      minutes(Math.max(...ages)).toFixed(1),
      minutes(Math.max(...besideNoisy)).toFixed(1),
    ],
    late: [...ages, ...besideNoisy].filter((age) => age > freshnessMs).length,
  };
});
const noisy = Number(values.noisy);
const ages = table(
  [
    "pages",
    "accounts",
    "synced every",
    "freshness promised",
    "oldest, median",
    "oldest, p99",
    "oldest of all",
    `oldest of all, beside ${noisy} noisy accounts`,
  ],
  rows.map(({ cells }) => cells),
);
const busy = ({ busyMs }: Fleet) =>
  `${Math.round((100 * busyMs) / (hours * HOUR * Number(values.workers)))} %`;
const longest = ({ worstQueueMs }: Fleet) => `${Math.round(worstQueueMs / SECOND)} s`;
const small = Array.from({ length: SMALL }, () => 1);
const [alone, beside] = [
  await simulate(0, small, FEW_WORKERS),
  await simulate(0, [...small, 100], FEW_WORKERS),
];
const oldestSmall = (fleet: Fleet) =>
  Math.max(...fleet.accounts.slice(0, SMALL).flatMap((account) => account.ages));
const count = Number(values.accounts).toLocaleString("en");
const section = {
  title: "Many accounts",
  text: `\`npm run sim:accounts\` simulates ${hours} hours of ${count} accounts. The schedule's decision, the handling of messages and
the queue's delays are the deployed ones; the run is modelled, with ${BUDGET} Heavy calls a minute for each account. Minutes; the
first two hours are not counted.

${ages}

"Oldest" is the age of a snapshot when the next one replaces it. The ${values.workers} workers are busy ${busy(quiet)} of the time, and a
message waits for one ${longest(quiet)} at most. With 5 workers that waited in the function, most accounts were hours behind.

A noisy account is one for which RingCentral never answers, while its callers and its notifications ask for as many syncs as they
can. It keeps one worker busy, because an account has one run at a time, and its callers have one message a minute and one for each
scan that begins. With ${noisy} of them the workers are busy ${busy(loud)} of the time, and a message waits for one
${longest(loud)} at most.

One account of 100 pages does not starve small ones: ${SMALL} accounts of one page with only ${FEW_WORKERS} workers are at most
${minutes(oldestSmall(alone)).toFixed(1)} minutes old alone, and ${minutes(oldestSmall(beside)).toFixed(1)} beside it.`,
};
console.log(section.text);
// Other sizes are for trying.
if (process.argv.length === 2) writeSection("npm run sim:accounts", section);
const isStarved = oldestSmall(beside) > 2 * syncIntervalMs(1_000);
process.exitCode = isStarved || rows.some(({ late }) => late > 0) ? 1 : 0;
