import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as getMe } from "../../functions/operations/get-me.ts";
import { eraseInTable } from "../../infra/erasure/erase-table.ts";
import { kindOf, recordKinds } from "../../infra/erasure/record-kinds.ts";
import type { Target } from "../../infra/erasure/target.ts";
import { listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getMeRoute } from "../../lib/contract/people.ts";
import { decompress } from "../../lib/platform/compression.ts";
import { Pseudonyms } from "../../lib/platform/pseudonyms.ts";
import { resetRuntime, runtime } from "../../lib/runtime/runtime.ts";
import { UserGrants } from "../../lib/sign-in/grants.ts";
import { invoke } from "../support/api-gateway.ts";
import { write } from "../support/extension-writes.ts";
import { PSEUDONYM_KEY, type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";

const { accountId, otherExtensionId: extensionId } = SEED;
const pseudonyms = new Pseudonyms(PSEUDONYM_KEY);

let service: Service;
let sync: SyncServices;
let lab: SyncLab;
let client: DynamoDBClient;

beforeAll(async () => {
  service = await startService({ limits: { Light: 1000, Medium: 1000, Heavy: 1000 } });
  sync = await startSyncServices();
  lab = syncLab(service, sync);
  client = new DynamoDBClient({});
});
afterAll(async () => {
  client.destroy();
  await sync.stop();
  await service.stop();
});

const table = () => ({ client, name: process.env.TABLE_NAME ?? "" });
const erase = (target: Target, isDry = false) => eraseInTable(table(), target, isDry);

/** Every record as a reader of the table sees it: what is compressed is readable, what is sealed is not. */
async function dump(): Promise<string[]> {
  const { Items = [] } = await client.send(
    new ScanCommand({ TableName: table().name, ConsistentRead: true }),
  );
  return Promise.all(
    Items.map(async ({ pk, sk, value }) => {
      const stored: Record<string, unknown> = JSON.parse(value?.S ?? "null");
      const opened: string[] = [];
      for (const name of ["deflated", "compressed", "states"]) {
        const text = typeof stored === "object" ? stored?.[name] : undefined;
        if (typeof text === "string") opened.push(await decompress(text));
      }
      return [pk?.S, sk?.S, JSON.stringify(stored), ...opened].join("\n");
    }),
  );
}
const mentioning = async (...traces: string[]) =>
  (await dump()).filter((record) => traces.some((trace) => record.includes(trace)));

const person = (sub: string, claims: object = {}) => ({
  id: pseudonyms.ofPerson(service.issuer.url, sub),
  token: service.mint({
    sub,
    email: SEED.emails.otherUser,
    email_verified: true,
    scope: "numbers:read numbers:write",
    rc_account_id: undefined,
    rc_extension_id: undefined,
    ...claims,
  }),
});

/** What the people of the extension leave behind: both by e-mail, one who is not found, a session, reads and writes. */
async function live() {
  await lab.syncNow();
  const requestedAt = Date.now();
  await lab.deliver({ accountId, kind: "directory", trigger: "schedule", requestedAt });
  const [ben, stranger] = [person("ben-1"), person("stranger", { email: "nobody@example.com" })];
  const token = await ben.token;
  await invoke(getMe, getMeRoute, { token: await stranger.token });
  await invoke(listBlockedNumbers, listBlockedNumbersRoute, { token });
  await invoke(listForwardingNumbers, listForwardingNumbersRoute, { token });
  await lab.list({ headers: { "cache-control": "no-cache" } });
  const headers = { "idempotency-key": `key-${requestedAt}` };
  for (const name of ["addBlockedNumber", "changeCallerBlockingNumbers"] as const)
    await write(service, name, extensionId, { token, headers });
  const { records, clock, random } = runtime();
  const user = { accountId, extensionId };
  const key = { partition: `session#${accountId}#${extensionId}`, sort: "session" };
  await records.compareAndSet(key, null, { generation: 1, token: { sealed: "…" } });
  const sessions = { end: async () => {} };
  const deadline = () => ({ at: clock.now() + 5_000, remainingMs: () => 5_000 });
  const grants = new UserGrants({ records, clock, random, sessions, deadline });
  await grants.extend(user, "grant-1", clock.now() + 60_000);
  await records.compareAndSet({ partition: "sign-in#grant-1", sort: "Grant" }, null, { sealed: "…" });
  return { ben, stranger };
}

describe("erasing in the table that everything has written to", () => {
  it("knows the kind of every record", async () => {
    await live();
    const { Items = [] } = await client.send(new ScanCommand({ TableName: table().name }));
    const unknown = Items.map(({ pk, sk }) => ({ pk: pk?.S ?? "", sk: sk?.S ?? "" })).filter(
      (key) => kindOf(key) === undefined,
    );
    expect(unknown).toEqual([]);
    const cached = (await dump()).filter((record) => record.startsWith("cache#"));
    expect(cached.length).toBeGreaterThan(3);
    for (const record of cached) expect(record).not.toMatch(/\+1\d|label/);
    const met = new Set(Items.map(({ pk, sk }) => kindOf({ pk: pk?.S ?? "", sk: sk?.S ?? "" })?.[0].key));
    // The others are a run's while it lasts, a quarantine's, and those of a notification and of a user's own calls.
    expect(recordKinds.length - met.size).toBeLessThan(9);
  });

  it("an extension that RingCentral has deleted leaves no trace; others keep theirs", async () => {
    const { ben, stranger } = await live();
    const traces = [extensionId, ben.id, "Okafor", SEED.emails.otherUser];
    expect((await mentioning(...traces)).length).toBeGreaterThan(10);
    const before = await erase({ extensionId, accountId }, true);
    expect(before.people).toEqual([ben.id]);
    expect(before.remains["sync#<account> / chunk#<…>"]).toBeGreaterThan(0);
    const untouched = (await dump()).length;
    // Nothing was erased by looking.
    expect((await mentioning(...traces)).length).toBeGreaterThan(10);
    expect(await dump()).toHaveLength(untouched);

    const { numbers, directory } = service.twin;
    const theirs = numbers.list().filter((one) => one.extensionId === extensionId);
    const syncNow = () => lab.deliver({ accountId, trigger: "request", requestedAt: Date.now() });
    for (const { id } of theirs) numbers.update(id, { label: "Ben Okafor's line" });
    await syncNow();
    for (const { id } of theirs) numbers.remove(id);
    directory.remove(extensionId);
    resetRuntime();
    await syncNow();
    await lab.deliver({ accountId, kind: "directory", trigger: "schedule", requestedAt: Date.now() });
    const { remains, rewritten } = await erase({ extensionId, accountId });
    expect(remains).toEqual({});
    // Former versions of the numbers, and the feed.
    expect(rewritten).toMatchObject({ "sync#<account> / chunk#<…>": 2, "sync#<account> / changes#<…>": 1 });
    expect(await mentioning(...traces)).toEqual([]);
    expect(await erase({ extensionId, accountId })).toEqual({
      deleted: {},
      rewritten: {},
      remains: {},
      people: [],
    });
    // The snapshot, its feed and the other people are as they were.
    expect((await lab.list({ query: "limit=5" })).status).toBe(200);
    expect((await mentioning(SEED.extensionId)).length).toBeGreaterThan(0);
    expect(await mentioning(stranger.id)).toHaveLength(1);
  });

  it("an extension leaves no trace either when the command was ended after any of its writes, and repeated", async () => {
    const { records } = runtime();
    const owner = { accountId, extensionId: SEED.extensionId, callerId: "theirs" };
    const own = { accountId, extensionId: "3800999" };
    const stored: [partition: string, sort: string, value: unknown][] = [
      ["person#theirs", "person", own],
      [`people#${accountId}`, "list#theirs", ["theirs"]],
      ...["a", "b", "c"].map((id): [string, string, unknown] => [`idempotency#${id}`, "theirs", { owner }]),
      [`sign-in#${accountId}-3800999`, "grants", { endsAt: { theirs: 1 } }],
      ["sign-in#theirs", "Grant", { sealed: "…" }],
    ];
    for (let writes = 0; writes < stored.length; writes += 1) {
      for (const [partition, sort, value] of stored) {
        const key = { partition, sort };
        await records.compareAndSet(key, (await records.read(key))?.version ?? null, value);
      }
      const dying = new DynamoDBClient({ maxAttempts: 1 });
      let left = writes;
      dying.middlewareStack.add((next, { commandName = "" }) => async (args) => {
        if (/^(Put|Delete)/.test(commandName) && left-- === 0) throw new Error("ended");
        return next(args);
      });
      await expect(eraseInTable({ ...table(), client: dying }, own, false)).rejects.toThrow("ended");
      await erase(own);
      expect(await mentioning("theirs"), `after ${writes}`).toEqual([expect.stringContaining("[]")]);
    }
  });

  it("a person leaves no trace, whether connected or not", async () => {
    const stranger = person("stranger", { email: "nobody@example.com" });
    const admin = person("keyed", { rc_account_id: accountId, rc_extension_id: SEED.extensionId });
    const headers = { "idempotency-key": "a-key" };
    await write(service, "addBlockedNumber", SEED.extensionId, { token: await admin.token, headers });
    for (const { id } of [stranger, admin]) {
      expect(await mentioning(id)).toHaveLength(1);
      await erase({ personId: id });
      expect(await mentioning(id)).toEqual([]);
    }
  });

  it("an account leaves nothing but what is everybody's", async () => {
    await erase({ accountId });
    expect(await mentioning(accountId, "Ruiz")).toEqual([]);
    for (const record of await dump())
      expect(record).toMatch(/^(token-calls|token|rate-limit|account|issuer)#|^sync\ntable\n/);
  });
});
