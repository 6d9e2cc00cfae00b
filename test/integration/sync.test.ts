import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { handler as queueSyncs } from "../../functions/sync/queue-syncs.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke, lambdaContext } from "../support/api-gateway.ts";
import { linesOf } from "../support/printed-lines.ts";
import { type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { SEED, type TwinOptions } from "../twin/twin.ts";

let service: Service;
let sync: SyncServices;
let lab: SyncLab;

async function start(options: TwinOptions = {}): Promise<void> {
  service = await startService({ limits: { Heavy: 1_000, Light: 1_000, Medium: 1_000 }, ...options });
  sync = await startSyncServices();
  lab = syncLab(service, sync);
}
beforeEach(() => start());
afterEach(async () => {
  await sync.stop();
  await service.stop();
});

const Hour = z.object({ group: z.string(), lastHour: z.array(z.object({ calls: z.number() })) });
const heavyCalls = () => service.sent().filter(({ path }) => path.endsWith("/phone-number")).length;
const queryOf = (link: string) => link.slice(link.indexOf("?") + 1);

describe("the list of numbers", () => {
  it("is live until the first sync, and then the snapshot, without a call to RingCentral", async () => {
    expect((await lab.list()).body.meta.source).toBe("live");
    await lab.syncNow();
    service.forget();
    const { body } = await lab.list({ query: "limit=7" });
    expect(body.meta.source).toBe("snapshot");
    expect(body.page).toMatchObject({ limit: 7, hasMore: true, total: 250 });
    expect(service.sent()).toEqual([]);
  });

  it("is read by calls that every instance shows in the budget's last hour", async () => {
    await lab.syncNow();
    resetRuntime();
    const { body } = await invoke(getLimits, getLimitsRoute, { token: service.tokens.admin });
    const { budgets } = z.object({ budgets: z.array(Hour) }).parse(body.data);
    const heavy = budgets.find(({ group }) => group === "heavy")?.lastHour ?? [];
    expect(heavy.reduce((sum, { calls }) => sum + calls, 0)).toBe(heavyCalls());
  });

  it("holds every number once, as RingCentral has it", async () => {
    await lab.syncNow();
    const numbers = await lab.readAll("limit=33");
    expect(numbers).toHaveLength(250);
    expect(new Set(numbers.map(({ id }) => id)).size).toBe(250);
    const live = await lab.list({ query: "limit=1000", headers: { "cache-control": "no-cache" } });
    expect(live.body.meta.source).toBe("live");
    const byId = (numbers: { id: string }[]) => [...numbers].sort((a, b) => a.id.localeCompare(b.id));
    expect(byId(numbers)).toEqual(byId(live.body.data));
  });

  it.each([
    ["usageType=DirectNumber", (each: { usageType: string }) => each.usageType === "DirectNumber"],
    [
      "type=FaxOnly,VoiceOnly",
      (each: { type?: string }) => ["FaxOnly", "VoiceOnly"].includes(each.type ?? ""),
    ],
    ["status=Normal", (each: { status: string }) => each.status === "Normal"],
    [
      `extension=${SEED.extensionId}`,
      (each: { extension?: { id: string } }) => each.extension?.id === SEED.extensionId,
    ],
    ["q=%2B1650", (each: { phoneNumber: string }) => each.phoneNumber.startsWith("+1650")],
    ["q=ana", (each: { extension?: { name?: string } }) => /\bana/i.test(each.extension?.name ?? "")],
  ])("filtered by %s is the same from the snapshot as live, and counted", async (filter, fits) => {
    const live = await lab.readAll(`${filter}&limit=1000`);
    await lab.syncNow();
    const found = await lab.readAll(`${filter}&limit=5`);
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(fits)).toBe(true);
    expect(found.map(({ id }) => id).sort()).toEqual(live.map(({ id }) => id).sort());
    expect((await lab.list({ query: `${filter}&limit=1` })).body.page.total).toBe(found.length);
  });

  it("keeps its version to the end of a traversal, even when newer ones are committed", async () => {
    await lab.syncNow();
    const first = await lab.list({ query: "limit=100" });
    service.twin.numbers.add({ phoneNumber: "+12025550101" });
    service.twin.numbers.remove(900_003);
    await lab.syncNow();
    const rest = await lab.readAll(`limit=100&cursor=${first.body.page.nextCursor}`);
    const ids = [...first.body.data, ...rest].map(({ id }) => id);
    expect(new Set(ids).size).toBe(250);
    expect(ids).toContain("900003");
  });

  it("is the snapshot when RingCentral's budget is spent, whatever freshness the caller asks for", async () => {
    await lab.syncNow();
    service.twin.faults.add({
      kind: "status",
      status: 429,
      errorCode: "CMN-301",
      operation: "listCompanyNumbers",
    });
    const { status, body } = await lab.list({ headers: { "cache-control": "max-age=0" } });
    expect(status).toBe(200);
    expect(body.meta.source).toBe("snapshot");
  });

  it("is the snapshot while it is as fresh as the caller asks for", async () => {
    await lab.syncNow();
    const { body } = await lab.list({ headers: { "cache-control": "max-age=600" } });
    expect(body.meta.source).toBe("snapshot");
  });
});

describe("the feed of changes", () => {
  /** The copy of a client that has loaded the list and follows the feed. */
  async function follower() {
    const begun = await lab.changes();
    expect(begun.body).toMatchObject({ data: [], page: { hasMore: false } });
    expect(begun.headers["retry-after"]).toMatch(/^\d+$/);
    expect(begun.headers).toMatchObject({ "cache-control": "no-store" });
    expect(begun.headers).not.toHaveProperty("etag");
    const numbers = new Map(
      (await lab.readAll(queryOf(begun.body.meta.snapshot))).map((each) => [each.id, each]),
    );
    let cursor = begun.body.page.nextCursor;
    const sequences: number[] = [];
    return {
      numbers,
      sequences,
      async follow(limit = 2) {
        for (;;) {
          const { body } = await lab.changes({ query: `limit=${limit}&cursor=${cursor}` });
          for (const { sequence, type, id, phoneNumber } of body.data) {
            sequences.push(sequence);
            if (type === "removed") numbers.delete(id);
            else numbers.set(id, phoneNumber);
          }
          cursor = body.page.nextCursor;
          if (!body.page.hasMore) return;
        }
      },
    };
  }

  it("asks callers to wait while there is no snapshot yet", async () => {
    const response = await lab.changes();
    expect(response).toMatchObject({ status: 503, body: { code: "snapshot_missing", retryable: true } });
    expect(response.headers["retry-after"]).toBeDefined();
  });

  it("brings a follower to RingCentral's state, without gaps or repeats", async () => {
    await lab.syncNow();
    const client = await follower();
    const added = service.twin.numbers.add({ phoneNumber: "+12025550102", label: "New" });
    service.twin.numbers.update(900_001, { label: "Front desk" });
    service.twin.numbers.remove(900_004);
    await lab.syncNow();
    await client.follow();
    service.twin.numbers.update(added.id, { label: "Newer" });
    await lab.syncNow();
    await client.follow();
    expect(client.sequences).toEqual(client.sequences.map((_, index) => (client.sequences[0] ?? 0) + index));
    expect(client.sequences).toHaveLength(4);
    const upstream = await lab.list({ query: "limit=1000", headers: { "cache-control": "no-cache" } });
    expect([...client.numbers.keys()].sort()).toEqual(
      upstream.body.data.map(({ id }: { id: string }) => id).sort(),
    );
    for (const { etag, ...number } of upstream.body.data) {
      expect({ ...client.numbers.get(number.id), etag }).toEqual({ ...number, etag });
    }
  });

  it("names the changed fields of a number", async () => {
    await lab.syncNow();
    const { body: begun } = await lab.changes();
    service.twin.numbers.update(900_001, { label: "Front desk" });
    await lab.syncNow();
    const { body } = await lab.changes({ query: `cursor=${begun.page.nextCursor}` });
    expect(body.data).toMatchObject([
      { type: "updated", id: "900001", changedFields: ["label"], phoneNumber: { label: "Front desk" } },
    ]);
    expect(body.page.hasMore).toBe(false);
  });

  it("rejects a cursor of the list, and the list rejects one of the feed", async () => {
    await lab.syncNow();
    const list = await lab.list({ query: "limit=1" });
    const feed = await lab.changes();
    expect(await lab.changes({ query: `cursor=${list.body.page.nextCursor}` })).toMatchObject({
      status: 400,
    });
    expect(await lab.list({ query: `cursor=${feed.body.page.nextCursor}` })).toMatchObject({ status: 400 });
  });

  it("returns 304 to a repeated request while nothing has changed", async () => {
    await lab.syncNow();
    const { body } = await lab.changes();
    const query = `cursor=${body.page.nextCursor}`;
    const first = await lab.changes({ query });
    const again = await lab.changes({ query, headers: { "if-none-match": first.headers.etag ?? "" } });
    expect(again.status).toBe(304);
  });

  it("is on the event bus too, with a sequence number to recognise repeats by", async () => {
    await lab.syncNow();
    const already = sync.events.bus.events.length;
    service.twin.numbers.update(900_001, { label: "Front desk" });
    await lab.syncNow();
    expect(sync.events.bus.events.slice(already)).toMatchObject([
      {
        source: "ringfront",
        detailType: "PhoneNumberChanged",
        detail: { accountId: SEED.accountId, sequence: expect.any(Number), type: "updated", id: "900001" },
      },
    ]);
  });

  it("reaches the bus after an outage: the message is redelivered, without a second full scan", async () => {
    await lab.syncNow();
    const already = sync.events.bus.events.length;
    service.twin.numbers.update(900_001, { label: "Front desk" });
    await lab.schedule();
    const [message] = await sync.takeAll();
    sync.events.bus.failNext(20);
    expect((await lab.deliver(message)).batchItemFailures).toHaveLength(1);
    sync.events.bus.failNext(0);
    service.forget();
    expect((await lab.deliver(message)).batchItemFailures).toEqual([]);
    expect(heavyCalls()).toBe(0);
    expect(sync.events.bus.events.length).toBe(already + 1);
  });
});

describe("starting a sync and watching it", () => {
  it("queues a sync, reports it, and keeps a history", async () => {
    expect((await lab.status()).body.data).toMatchObject([
      { accountId: SEED.accountId, state: "idle", history: [] },
    ]);
    const started = await lab.start();
    expect(started).toMatchObject({ status: 202, body: { data: { state: "queued" } } });
    expect(started.headers.location).toBe("/v1/sync");
    expect(await sync.waiting()).toMatchObject([{ accountId: SEED.accountId, trigger: "request" }]);
    await lab.workOnce();
    const { body } = await lab.status();
    expect(body.data[0]).toMatchObject({
      state: "idle",
      lastSuccessAt: expect.any(String),
      history: [{ trigger: "request", state: "committed", pages: 1 }],
    });
  });

  it("accepts an Idempotency-Key", async () => {
    const headers = { "idempotency-key": "start-1" };
    await lab.start({ headers });
    const again = await lab.start({ headers });
    expect(again.headers["idempotency-replayed"]).toBe("true");
    expect(await sync.waiting()).toHaveLength(1);
  });

  it("is rejected without the scope", async () => {
    expect(await lab.start({ token: service.tokens.user })).toMatchObject({ status: 403 });
    expect(await lab.status({ token: service.tokens.user })).toMatchObject({ status: 403 });
    expect(await lab.changes({ token: service.tokens.user })).toMatchObject({ status: 403 });
  });

  it("reports that the queue is unavailable", async () => {
    await sync.sqs.close();
    expect(await lab.start()).toMatchObject({ status: 503, body: { code: "queue_unavailable" } });
    expect((await lab.status()).body.data[0].state).toBe("idle");
  });
});

describe("the accounts to sync", () => {
  const scheduled = async (edit: object) => {
    await queueSyncs(edit, lambdaContext());
    return (await sync.takeAll()).map(
      (message) => z.object({ accountId: z.string() }).parse(message).accountId,
    );
  };

  it("are those of the setting and those that an operator adds to the table", async () => {
    const refused = await linesOf(() =>
      expect(queueSyncs({ add: ["3700222"] }, lambdaContext())).rejects.toThrow("SERVED_ACCOUNTS"),
    );
    expect(refused).toContain('"action":"orderSyncs"');
    expect(refused).toMatch(/"message":"audit".*"outcome":"rejected"/);
    vi.stubEnv("SERVED_ACCOUNTS", `${SEED.accountId},3700222`);
    vi.stubEnv("RINGCENTRAL_SECRET_ID", undefined);
    vi.stubEnv("RINGCENTRAL_SECRET_PREFIX", "ringfront/test/ringcentral/");
    expect(await scheduled({ add: ["3700222"] })).toEqual([SEED.accountId, "3700222"]);
    expect(await scheduled({ "detail-type": "Scheduled Event" })).toEqual([SEED.accountId, "3700222"]);
    expect(await scheduled({ remove: ["3700222", SEED.accountId] })).toEqual([SEED.accountId]);
    const malformed = await linesOf(() =>
      expect(queueSyncs({ add: ["../1"] }, lambdaContext())).rejects.toThrow(),
    );
    const entry = malformed.split("\n").find((line) => line.includes('"message":"audit"')) ?? "{}";
    expect(JSON.parse(entry)).toMatchObject({
      action: "orderSyncs",
      outcome: "rejected",
      code: "request_invalid",
    });
    expect(entry).not.toContain("../1");
    vi.unstubAllEnvs();
  });
});

describe("the worker", () => {
  it("does nothing for a message whose work a later full scan has done", async () => {
    await lab.schedule();
    const [message] = await sync.takeAll();
    await lab.deliver(message);
    service.forget();
    await lab.deliver(message);
    expect(heavyCalls()).toBe(0);
  });

  it("returns unreadable messages to the queue, and handles the rest", async () => {
    await lab.schedule();
    const [message] = await sync.takeAll();
    const { batchItemFailures } = await lab.deliver("no json", message);
    expect(batchItemFailures).toEqual([{ itemIdentifier: "message-1" }]);
    expect((await lab.list()).body.meta.source).toBe("snapshot");
  });

  it("returns a message to the queue when RingCentral is unavailable, and the status shows why", async () => {
    service.twin.faults.add({ kind: "status", status: 503, operation: "listCompanyNumbers", times: 20 });
    await lab.schedule();
    const [message] = await sync.takeAll();
    const { batchItemFailures } = await lab.deliver(message);
    const { body } = await lab.status();
    // It resumes later by itself, or the queue delivers it again; nothing is lost.
    expect(batchItemFailures.length + (await sync.waiting()).length).toBeGreaterThan(0);
    expect(["failed", "running", "queued"]).toContain(body.data[0].state);
    service.twin.faults.clear();
    const [later = message] = await sync.takeAll();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    await lab.deliver(later);
    vi.useRealTimers();
    expect((await lab.list()).body.meta.source).toBe("snapshot");
  });
});

describe("a shrink", () => {
  const vanish = () => {
    for (const { id } of service.twin.numbers.list().slice(100, 180)) service.twin.numbers.remove(id);
  };

  it("is quarantined: nothing is removed until an operator confirms it", async () => {
    await lab.syncNow();
    const { body: begun } = await lab.changes();
    vanish();
    await lab.syncNow();
    expect((await lab.status()).body.data[0]).toMatchObject({
      state: "quarantined",
      quarantine: { since: expect.any(String), removed: 80 },
    });
    expect((await lab.list({ query: "limit=1" })).body.page.total).toBe(250);
    const query = `limit=1000&cursor=${begun.page.nextCursor}`;
    expect((await lab.changes({ query })).body.data).toEqual([]);

    await sync.takeAll();
    expect(await lab.confirm()).toMatchObject({ status: 202 });
    await lab.workOnce();
    expect((await lab.status()).body.data[0].state).toBe("idle");
    expect((await lab.list({ query: "limit=1" })).body.page.total).toBe(170);
    const { data } = (await lab.changes({ query })).body;
    expect(data).toHaveLength(80);
    expect(data.every(({ type }: { type: string }) => type === "removed")).toBe(true);
  });

  it("to zero numbers cannot be confirmed", async () => {
    await lab.syncNow();
    expect(await lab.confirm()).toMatchObject({ status: 409, body: { code: "sync_not_quarantined" } });
  });
});

describe("a large account", () => {
  it("resumes later from the same point when RingCentral's budget is spent", async () => {
    await sync.stop();
    await service.stop();
    await start({ numbers: 4_500, limits: { Heavy: 2, Light: 1_000, Medium: 1_000 } });
    await lab.syncNow();
    const { body } = await lab.status();
    expect(body.data[0]).toMatchObject({ state: "running", progress: { totalPages: 5 } });
    expect(body.data[0].progress.pagesDone).toBeGreaterThan(0);
    expect(body.data[0].progress.pagesDone).toBeLessThan(5);
    expect(await sync.waiting()).toMatchObject([{ accountId: SEED.accountId, trigger: "schedule" }]);
    expect((await lab.list({ query: "limit=1" })).body.meta.source).not.toBe("snapshot");
  });
});
