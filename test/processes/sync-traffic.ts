import { setTimeout as pause } from "node:timers/promises";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse } from "aws-lambda";
import * as z from "zod/mini";
import { startQueuePoller } from "../../infra/local/queue-poller.ts";
import { listCompanyNumbersRoute, listNumberChangesRoute } from "../../lib/contract/company-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import {
  getSyncStatusRoute,
  type SyncRun,
  type SyncStatus,
  SyncStatuses,
  startSyncRoute,
} from "../../lib/contract/sync.ts";
import type { TestRequest } from "../support/api-gateway.ts";
import { SEED } from "../twin/twin.ts";
import type { Fault } from "./fault-proxy.ts";
import { call, type Reply, type Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

type Item = Record<string, unknown>;
const Published = z.object({ sequence: z.number() });

const LIST = "account/list-company-numbers";
const CHANGES = "account/list-number-changes";
const RUN = "sync/run-sync";
const START = "sync/start-sync";
const STATUS = "sync/get-sync-status";
/** The deployed settings. */
const RUN_TIMEOUT_MS = 60_000;
const POLLERS = 4;
/** A count: on a loaded machine each call takes longer. */
const MAX_TRIES = 20;
/** The pages of a list that moves between them. */
const MIN_PAGES = 5;
const SYNC_EVERY_MS = 5_000;
/** A killed run's lease ends 125 s after its last save; then the next message finishes the work. */
const SETTLE_MS = 160_000;

export interface SyncLoad {
  /** Mean time between two changes of the company's numbers. */
  editEveryMs: number;
  /** Whether each requested sync must commit, as when nothing fails. */
  everySyncCommits?: boolean;
}

/** Has the account synced for the first time, and starts to follow its changes. */
export async function firstSync(world: World, traffic: Traffic): Promise<Feed> {
  const stops = startPollers(world);
  try {
    await sync(world);
    return await waitFor(
      () => follow(world, traffic),
      (feed) => feed.numbers.size > 0,
    );
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
}

/**
 * Changes the company's numbers while runs are disturbed.
 * @param calm is aborted when they are no longer
 * @param start of a follower that later reads the feed
 * @returns broken promises
 */
export async function keepSyncing(
  world: World,
  traffic: Traffic,
  calm: AbortSignal,
  { editEveryMs, everySyncCommits = false }: SyncLoad,
  start: Feed,
): Promise<string[]> {
  const stops = startPollers(world);
  const published = new Set<number>();
  try {
    const moved = new AbortController();
    const editing = edit(world, moved.signal, editEveryMs, published);
    let moving: SyncRun[] = [];
    // A killed run keeps the account's others waiting: the list moves until one has committed it.
    for (let latest = Infinity; Date.now() < latest; await pause(SYNC_EVERY_MS)) {
      if (calm.aborted) {
        latest = Math.min(latest, Date.now() + SETTLE_MS);
        moving = await history(world, traffic);
      }
      if (moving.some(hasMoved)) break;
      await sync(world);
    }
    moved.abort();
    await editing;
    const live = await list(world, traffic, LIST, listCompanyNumbersRoute, "no-cache");
    const wanted = spell(live);
    const settled = await waitFor(
      async () => {
        await sync(world);
        return spell(await list(world, traffic, LIST, listCompanyNumbersRoute));
      },
      (snapshot) => snapshot === wanted,
    );
    const followed = await replay(world, traffic, start);
    const unpublished = await waitFor(
      async () => {
        collect(world, published);
        return followed.sequences.filter((sequence) => !published.has(sequence)).length;
      },
      (count) => count === 0,
    );
    return [
      ...(settled === wanted ? [] : ["the snapshot is not what RingCentral has"]),
      ...(spell([...followed.numbers.values()]) === wanted
        ? []
        : ["the change feed does not lead to what RingCentral has"]),
      ...(unpublished === 0 ? [] : [`${unpublished} changes are not on the bus`]),
      ...judgeRuns(moving, everySyncCommits),
    ];
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
}

const hasMoved = ({ state, listChanged }: SyncRun) => state === "committed" && listChanged;

/** The runs while the list moved. The last one may have begun after the list stood still. */
function judgeRuns(runs: readonly SyncRun[], everySyncCommits: boolean): string[] {
  const moved = runs.filter(hasMoved);
  const failed = runs.filter(({ state }) => state === "failed" || state === "quarantined");
  const pages = Math.max(0, ...moved.map((run) => run.pages));
  return [
    ...(moved.length === 0 ? ["no run has committed a list that changed while it was read"] : []),
    ...(moved.length > 0 && pages < MIN_PAGES ? [`the moving list has ${pages} pages only`] : []),
    ...(everySyncCommits && failed.length > 0
      ? [`${failed.length} of ${runs.length} runs have not committed`]
      : []),
  ];
}

function startPollers(world: World) {
  return Array.from({ length: POLLERS }, () =>
    startQueuePoller({
      client: world.sqs.client,
      queue: world.sqs.queue,
      invoke: (event) => runSync(world, event),
      onError: () => {},
    }),
  );
}

/** The sequences of the changes on the bus. It keeps the last 1,000 only. */
function collect({ bus }: World, published: Set<number>): void {
  for (const { detail } of bus.events) published.add(Published.parse(detail).sequence);
}

const QUEUE_FAULTS: readonly Fault[] = [
  { kind: "refuse" },
  { kind: "status", status: 500, body: "{}" },
  { kind: "reset", processed: false },
  { kind: "delay", ms: 20_000 },
];

/**
 * Requests syncs, while the queue fails in every way in turn and while it works.
 * @returns broken promises
 */
export async function keepRequesting(world: World, traffic: Traffic, until: number): Promise<string[]> {
  const stops = startPollers(world);
  const broken: string[] = [];
  const state = async () => (await status(world, traffic))?.state;
  // On a machine with a high load the table may respond too late, which is no fault of the queue.
  const post = async () => {
    for (let tries = 1; ; tries += 1) {
      const reply = await callOnce(world, traffic, START, startSyncRoute, {});
      if (reply.code !== "storage_unavailable" || tries === MAX_TRIES) return reply;
      await pause(500);
    }
  };
  try {
    for (let round = 0; round < QUEUE_FAULTS.length || Date.now() < until; round += 1) {
      await waitFor(state, (found) => found === "idle");
      const fault = QUEUE_FAULTS[round % QUEUE_FAULTS.length];
      if (fault === undefined) break;
      world.proxies.queue.set(fault);
      const reply = await post();
      if (reply.code !== "queue_unavailable") broken.push(`queue ${fault.kind}: POST says ${reply.code}`);
      const after = await state();
      if (after === "queued") broken.push(`queue ${fault.kind}: the rejected sync reads as queued`);
      world.proxies.queue.set();
      const at = Date.now();
      const accepted = await post();
      if (accepted.status !== 202) broken.push(`POST says ${accepted.code} while the queue works`);
      const synced = await waitFor(
        () => status(world, traffic),
        (found) => Date.parse(found?.lastSuccessAt ?? "") >= at,
      );
      if (!(Date.parse(synced?.lastSuccessAt ?? "") >= at)) broken.push("an accepted sync has not run");
    }
    return broken;
  } finally {
    world.proxies.queue.set();
    await Promise.all(stops.map((stop) => stop()));
  }
}

async function status(world: World, traffic: Traffic): Promise<SyncStatus | undefined> {
  const reply = await callPatiently(world, traffic, STATUS, getSyncStatusRoute, {});
  return reply.status === 200 ? SyncStatuses.parse(reply.body.data)[0] : undefined;
}

const history = async (world: World, traffic: Traffic) => (await status(world, traffic))?.history ?? [];

async function runSync(world: World, event: unknown): Promise<SQSBatchResponse> {
  const outcome = await world.invoke(RUN, event, RUN_TIMEOUT_MS);
  if (outcome.kind !== "result") throw new Error(outcome.kind);
  return outcome.result as SQSBatchResponse;
}

async function sync({ sqs }: World): Promise<void> {
  const work = { accountId: SEED.accountId, trigger: "request", requestedAt: Date.now() };
  await sqs.client.send(
    new SendMessageCommand({ QueueUrl: sqs.queue.url, MessageBody: JSON.stringify(work) }),
  );
}

async function edit(world: World, end: AbortSignal, everyMs: number, published: Set<number>): Promise<void> {
  const { twin, random } = world;
  for (let count = 0; !end.aborted; count += 1) {
    const numbers = twin.numbers.list().filter(({ usageType }) => usageType === "CompanyNumber");
    const chosen = numbers[Math.floor(random() * numbers.length)];
    const draw = random();
    if (chosen === undefined || draw < 0.4) twin.numbers.add({ phoneNumber: `+1650557${1_000 + count}` });
    else if (draw < 0.7) twin.numbers.update(chosen.id, { label: `Moved ${count}` });
    else twin.numbers.remove(chosen.id);
    collect(world, published);
    await pause(everyMs * (0.5 + random()));
  }
}

async function waitFor<Value>(look: () => Promise<Value>, isDone: (value: Value) => boolean): Promise<Value> {
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const value = await look();
    if (isDone(value) || Date.now() > until) return value;
    await pause(2_000);
  }
}

async function list(
  world: World,
  traffic: Traffic,
  functionName: string,
  route: Route,
  cacheControl?: string,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | undefined, hasMore = true; hasMore; ) {
    const reply = await callPatiently(world, traffic, functionName, route, {
      query: new URLSearchParams({ limit: "1000", ...(cursor !== undefined && { cursor }) }).toString(),
      headers: cacheControl === undefined ? {} : { "cache-control": cacheControl },
    });
    if (reply.status !== 200) return [];
    items.push(...(reply.body.data as Item[]));
    const page = reply.body.page as { hasMore: boolean; nextCursor?: string };
    cursor = page.nextCursor;
    hasMore = page.hasMore;
  }
  return items;
}

async function callOnce(
  world: World,
  traffic: Traffic,
  functionName: string,
  route: Route,
  request: TestRequest,
): Promise<Reply> {
  const reply = await call(world, functionName, route, { ...request, token: world.issuer.tokens.service });
  traffic.replies.push(reply);
  return reply;
}

/** The instance may be killed during the call; a caller then repeats it. */
async function callPatiently(
  world: World,
  traffic: Traffic,
  functionName: string,
  route: Route,
  request: TestRequest,
): Promise<Reply> {
  for (let tries = 1; ; tries += 1) {
    const reply = await callOnce(world, traffic, functionName, route, request);
    if (reply.status === 200 || tries === MAX_TRIES) return reply;
    await pause(500);
  }
}

interface Feed {
  numbers: Map<string, Item>;
  cursor: string;
}

/** A follower's start: the position in the feed, and a list that is no older than that. */
async function follow(world: World, traffic: Traffic): Promise<Feed> {
  const reply = await callPatiently(world, traffic, CHANGES, listNumberChangesRoute, {});
  const cursor = (reply.body.page as { nextCursor?: string } | undefined)?.nextCursor;
  if (reply.status !== 200 || cursor === undefined) return { numbers: new Map(), cursor: "" };
  const items = await list(world, traffic, LIST, listCompanyNumbersRoute);
  return { numbers: new Map(items.map((item) => [String(item.id), item])), cursor };
}

/** The numbers after all changes since the start, and the sequences of these changes. */
async function replay(world: World, traffic: Traffic, { numbers, cursor: from }: Feed) {
  const followed = new Map(numbers);
  const sequences: number[] = [];
  for (let cursor = from, hasMore = true; hasMore; ) {
    const reply = await callPatiently(world, traffic, CHANGES, listNumberChangesRoute, {
      query: new URLSearchParams({ cursor }).toString(),
    });
    if (reply.status !== 200) break;
    for (const { type, id, phoneNumber, sequence } of reply.body.data as Item[]) {
      sequences.push(Number(sequence));
      if (type === "removed") followed.delete(String(id));
      else followed.set(String(id), phoneNumber as Item);
    }
    const page = reply.body.page as { hasMore: boolean; nextCursor: string };
    cursor = page.nextCursor;
    hasMore = page.hasMore;
  }
  return { numbers: followed, sequences };
}

/** Lists of the same numbers, in any order. The tag of an item is the list's alone: the feed has none. */
function spell(items: readonly Item[]): string {
  const words = ({ etag: _, ...item }: Item) =>
    JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  return items.map(words).sort().join("\n");
}
