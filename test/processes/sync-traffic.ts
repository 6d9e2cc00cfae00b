import { setTimeout as pause } from "node:timers/promises";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse } from "aws-lambda";
import { startQueuePoller } from "../../infra/local/queue-poller.ts";
import { listCompanyNumbersRoute, listNumberChangesRoute } from "../../lib/contract/company-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import type { TestRequest } from "../support/api-gateway.ts";
import { SEED } from "../twin/twin.ts";
import { call, type Reply, type Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

type Item = Record<string, unknown>;

const LIST = "account/list-company-numbers";
const CHANGES = "account/list-number-changes";
const RUN = "sync/run-sync";
/** The deployed settings. */
const RUN_TIMEOUT_MS = 60_000;
const POLLERS = 2;
const MAX_TRIES = 5;
const EDIT_EVERY_MS = 1_500;
const SYNC_EVERY_MS = 5_000;
/** A killed run's lease ends 125 s after its last save; then the next message finishes the work. */
const SETTLE_MS = 160_000;

/** Changes the company's numbers while runs are killed and a follower reads the feed. @returns broken promises */
export async function keepSyncing(world: World, traffic: Traffic, until: number): Promise<string[]> {
  const pollers = Array.from({ length: POLLERS }, () =>
    startQueuePoller({
      client: world.sqs.client,
      queue: world.sqs.queue,
      invoke: (event) => runSync(world, event),
      onError: () => {},
    }),
  );
  try {
    await sync(world);
    const start = await waitFor(
      () => follow(world, traffic),
      (feed) => feed.numbers.size > 0,
    );
    const editing = edit(world, until);
    while (Date.now() < until) {
      await sync(world);
      await pause(SYNC_EVERY_MS);
    }
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
    return [
      ...(settled === wanted ? [] : ["the snapshot is not what RingCentral has"]),
      ...(spell(followed) === wanted ? [] : ["the change feed does not lead to what RingCentral has"]),
    ];
  } finally {
    await Promise.all(pollers.map((stop) => stop()));
  }
}

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

async function edit({ twin, random }: World, until: number): Promise<void> {
  for (let count = 0; Date.now() < until; count += 1) {
    const numbers = twin.numbers.list().filter(({ usageType }) => usageType === "CompanyNumber");
    const chosen = numbers[Math.floor(random() * numbers.length)];
    const draw = random();
    if (chosen === undefined || draw < 0.4) twin.numbers.add({ phoneNumber: `+1650557${1_000 + count}` });
    else if (draw < 0.7) twin.numbers.update(chosen.id, { label: `Moved ${count}` });
    else twin.numbers.remove(chosen.id);
    await pause(EDIT_EVERY_MS * (0.5 + random()));
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

/** The instance may be killed during the call; a caller then repeats it. */
async function callPatiently(
  world: World,
  traffic: Traffic,
  functionName: string,
  route: Route,
  request: TestRequest,
): Promise<Reply> {
  for (let tries = 1; ; tries += 1) {
    const reply = await call(world, functionName, route, { ...request, token: world.issuer.tokens.service });
    traffic.replies.push(reply);
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

async function replay(world: World, traffic: Traffic, { numbers, cursor: from }: Feed): Promise<Item[]> {
  const followed = new Map(numbers);
  for (let cursor = from, hasMore = true; hasMore; ) {
    const reply = await callPatiently(world, traffic, CHANGES, listNumberChangesRoute, {
      query: new URLSearchParams({ cursor }).toString(),
    });
    if (reply.status !== 200) return [];
    for (const { type, id, phoneNumber } of reply.body.data as Item[]) {
      if (type === "removed") followed.delete(String(id));
      else followed.set(String(id), phoneNumber as Item);
    }
    const page = reply.body.page as { hasMore: boolean; nextCursor: string };
    cursor = page.nextCursor;
    hasMore = page.hasMore;
  }
  return [...followed.values()];
}

/** Lists of the same numbers, in any order. */
function spell(items: readonly Item[]): string {
  const words = (item: Item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  return items.map(words).sort().join("\n");
}
