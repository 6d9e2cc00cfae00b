import {
  BatchWriteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  paginateScan,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { handler as addForwardingNumber } from "../../functions/extensions/add-forwarding-number.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as queueSyncs } from "../../functions/sync/queue-syncs.ts";
import {
  addForwardingNumberRoute,
  listForwardingNumbersRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke, lambdaContext } from "../support/api-gateway.ts";
import { createTable } from "../support/dynamo-engines.ts";
import { type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";

// docs/runbooks/restore.md: the table is replaced by an older copy of itself.

let service: Service;
let sync: SyncServices;
let lab: SyncLab;
let dynamo: DynamoDBClient;

beforeAll(async () => {
  service = await startService({ limits: { Heavy: 1_000, Light: 1_000, Medium: 1_000, Auth: 1_000 } });
  sync = await startSyncServices();
  lab = syncLab(service, sync);
  dynamo = new DynamoDBClient({});
});
afterAll(async () => {
  dynamo.destroy();
  await sync.stop();
  await service.stop();
});

const TableName = () => process.env.TABLE_NAME ?? "";

async function copyOfTable() {
  const items = [];
  for await (const page of paginateScan({ client: dynamo }, { TableName: TableName() })) {
    items.push(...(page.Items ?? []));
  }
  return items;
}

/** The copy gets the table's name, and an id of its own. */
async function restore(copy: Awaited<ReturnType<typeof copyOfTable>>): Promise<void> {
  await dynamo.send(new DeleteTableCommand({ TableName: TableName() }));
  await waitUntilTableNotExists(
    { client: dynamo, minDelay: 0.1, maxWaitTime: 10 },
    { TableName: TableName() },
  );
  await createTable(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? "", TableName());
  for (let start = 0; start < copy.length; start += 25) {
    const requests = copy.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [TableName()]: requests } }));
  }
}

const read = () => invoke(listForwardingNumbers, listForwardingNumbersRoute, { token: service.tokens.user });
const add = (key: string, phoneNumber: string) =>
  invoke(addForwardingNumber, addForwardingNumberRoute, {
    token: service.tokens.user,
    body: { phoneNumber, label: `Cabin ${phoneNumber.slice(-2)}` },
    headers: { "idempotency-key": key },
  });
const numbersIn = (list: Awaited<ReturnType<typeof read>>) =>
  z.array(z.looseObject({ phoneNumber: z.optional(z.string()) })).parse(list.body.data);
const copiesOf = (phoneNumber: string) =>
  service.twin.extension(SEED.extensionId).forwarding.filter((each) => each.phoneNumber === phoneNumber);
const logins = () => service.twin.requests.filter(({ path }) => path.endsWith("/oauth/token")).length;
const sequences = () =>
  sync.events.bus.events.map(({ detail }) => z.object({ sequence: z.number() }).parse(detail).sequence);

describe("after a restore", () => {
  const [kept, lost] = ["+12025550171", "+12025550172"];
  let cursor = "";
  let page = "";
  let before: number[];

  beforeAll(async () => {
    await lab.syncNow();
    await read();
    expect((await add("kept", kept)).status).toBe(201);
    const copy = await copyOfTable();
    // The time that is lost: a new token, two versions, a write.
    service.twin.endSessions();
    for (const label of ["One", "Two"]) {
      service.twin.numbers.update(900_001, { label });
      await lab.syncNow();
    }
    cursor = (await lab.changes()).body.page.nextCursor;
    page = (await lab.list({ query: "limit=100" })).body.page.nextCursor;
    expect((await add("lost", lost)).status).toBe(201);
    before = sequences();
    await restore(copy);
    service.forget();
    await queueSyncs({}, lambdaContext());
  });

  it("running instances and new ones serve, with one login at most", async () => {
    expect((await read()).status).toBe(200);
    resetRuntime({ random: () => 0 });
    expect((await read()).status).toBe(200);
    expect(logins()).toBeLessThanOrEqual(1);
  });

  it("a read shows the write that the table has forgotten", async () => {
    expect(numbersIn(await read()).map(({ phoneNumber }) => phoneNumber)).toContain(lost);
  });

  it("a repeated write takes effect once, with its record and without", async () => {
    expect((await add("kept", kept)).headers).toMatchObject({ "idempotency-replayed": "true" });
    await add("lost", lost);
    expect([copiesOf(kept), copiesOf(lost)].map(({ length }) => length)).toEqual([1, 1]);
  });

  it("cursors of lost versions have expired, also once there are as many versions again", async () => {
    const ask = () =>
      Promise.all([lab.changes({ query: `cursor=${cursor}` }), lab.list({ query: `cursor=${page}` })]);
    const expired = { status: 410, body: { code: "cursor_expired" } };
    expect(await ask()).toMatchObject([expired, expired]);
    for (const label of ["Three", "Four", "Five"]) {
      service.twin.numbers.update(900_001, { label });
      await lab.syncNow();
      expect(await ask()).toMatchObject([expired, expired]);
    }
    expect((await lab.changes()).status).toBe(200);
  });

  it("subscribers of the bus get no sequence twice", () => {
    const after = sequences().slice(before.length);
    expect(after.length).toBeGreaterThan(0);
    expect(Math.min(...after)).toBeGreaterThan(Math.max(...before));
  });
});
