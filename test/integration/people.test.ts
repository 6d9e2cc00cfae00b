import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listExtensions } from "../../functions/extensions/list-extensions.ts";
import { handler as getMe } from "../../functions/operations/get-me.ts";
import { handler as deletePerson } from "../../functions/people/delete-person.ts";
import { handler as getPerson } from "../../functions/people/get-person.ts";
import { handler as listPeople } from "../../functions/people/list-people.ts";
import { handler as listUnmatched } from "../../functions/people/list-unmatched-sign-ins.ts";
import { handler as putPerson } from "../../functions/people/put-person.ts";
import { listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { listCompanyNumbersRoute } from "../../lib/contract/company-numbers.ts";
import * as routes from "../../lib/contract/people.ts";
import type { Route } from "../../lib/contract/route.ts";
import { PERSON_CACHE_MS } from "../../lib/people/identify.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { Pseudonyms } from "../../lib/platform/pseudonyms.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import { invoke, type TestRequest } from "../support/api-gateway.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { linesOf } from "../support/printed-lines.ts";
import { PSEUDONYM_KEY, type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
let sync: SyncServices;
let lab: SyncLab;
/** The process's clock is ahead of the machine's by this. */
let aheadMs = 0;
const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
const MINUTE = 60_000;

beforeAll(async () => {
  service = await startService({ clock });
  sync = await startSyncServices();
  lab = syncLab(service, sync);
  resetRuntime({ random: () => 0, clock });
});
afterAll(async () => {
  await sync.stop();
  await service.stop();
});
beforeEach(async () => {
  // The next sign-ins are of new people, and the process forgets nothing else.
  await sync.takeAll();
  service.forget();
  service.twin.directory.update(SEED.extensionId, {
    name: "Ana Ruiz",
    email: SEED.emails.user,
    status: "Enabled",
  });
  later(31_000);
  await readDirectory();
});

/** Time passes; a new minute of RingCentral's budgets begins. */
function later(ms: number): void {
  aheadMs += ms;
  service.twin.clearLimits();
}

/** The schedule's directory message, handled. */
async function readDirectory(): Promise<void> {
  later(1);
  await lab.deliver({
    accountId: SEED.accountId,
    kind: "directory",
    trigger: "schedule",
    requestedAt: clock.now(),
  });
}

let people = 0;
/** A Google-shaped token: no claim of RingCentral's, and a person nobody has seen before. */
function sign(claims: Record<string, unknown> = {}): Promise<string> {
  people += 1;
  return service.mint({
    sub: `11016948447438627${people}`,
    azp: "1234567890-example.apps.googleusercontent.com",
    hd: "acme.example",
    email: SEED.emails.user,
    email_verified: true,
    scope: "numbers:read account:read",
    rc_account_id: undefined,
    rc_extension_id: undefined,
    exp: Math.floor(clock.now() / 1000) + 3600,
    ...claims,
  });
}

async function call(handler: Parameters<typeof invoke>[0], route: Route, request: TestRequest) {
  const response = await invoke(handler, route, request);
  expectConforms(route, response);
  return response;
}
const blocked = (token: string) => call(listBlockedNumbers, listBlockedNumbersRoute, { token });
const me = (token: string) => call(getMe, routes.getMeRoute, { token });
const admin = () => service.mint({ sub: "admin", scope: "people:manage account:read", exp: farAway() });
const farAway = () => Math.floor(clock.now() / 1000) + 3600;

describe("a person with nothing but a verified e-mail", () => {
  it("reads the own extension's blocked numbers", async () => {
    const response = await blocked(await sign());
    expect(response).toMatchObject({ status: 200, body: { data: expect.any(Array) } });
    expect(response.body.data).toEqual((await blocked(await service.mint({ exp: farAway() }))).body.data);
    const shared = await sign({ email: SEED.emails.otherUser.toUpperCase(), email_verified: "true" });
    expect((await me(shared)).body.data).toMatchObject({
      accountId: SEED.accountId,
      extension: { id: SEED.otherExtensionId, name: "Ben Okafor", extensionNumber: "103" },
      foundBy: "email",
      scopes: ["account:read", "numbers:read"],
      budget: "service",
    });
  });

  it("costs one more read of the table, and nothing while the process knows the person", async () => {
    const token = await sign();
    const claimed = await service.mint({ exp: farAway() });
    const reads = async (caller: string) => {
      const read = vi.spyOn(DynamoRecordStore.prototype, "read");
      expect((await blocked(caller)).status).toBe(200);
      const keys = read.mock.calls.map(([{ partition }]) => partition.replace(/#.*/, ""));
      read.mockRestore();
      return keys;
    };
    await blocked(token);
    expect(await reads(token)).toEqual(await reads(claimed));
    later(PERSON_CACHE_MS);
    await blocked(claimed);
    const known = await reads(claimed);
    expect((await reads(token)).sort()).toEqual([...known, "directory", "person"].sort());
    expect(await reads(token)).toEqual(known);
  });

  it("is refused everywhere within minutes after being disabled, and let in again when enabled", async () => {
    const token = await sign();
    expect((await blocked(token)).status).toBe(200);
    service.twin.directory.update(SEED.extensionId, { status: "Disabled" });
    // The schedule's next reading is 5 minutes away at most.
    later(5 * MINUTE);
    await readDirectory();
    for (const response of [
      await blocked(token),
      await me(token),
      await call(listCompanyNumbers, listCompanyNumbersRoute, { token }),
    ]) {
      expect(response).toMatchObject({
        status: 403,
        body: { code: "extension_forbidden", detail: "The extension is not enabled." },
      });
    }
    service.twin.directory.update(SEED.extensionId, { status: "Enabled" });
    later(MINUTE);
    await readDirectory();
    later(31_000);
    expect((await blocked(token)).status).toBe(200);
  });

  it("is refused with a problem to retry when the copy is too old to say who is enabled", async () => {
    const token = await sign();
    expect((await blocked(token)).status).toBe(200);
    later(15 * MINUTE + 1);
    const refused = await blocked(token);
    expect(refused).toMatchObject({ status: 503, body: { code: "directory_unavailable", retryable: true } });
    expect(refused.headers["retry-after"]).toBe("60");
    const other = await sign();
    expect((await blocked(other)).status).toBe(503);
    // A claim does not depend on the directory.
    expect((await blocked(await service.mint({ exp: farAway() }))).status).toBe(200);
    await readDirectory();
    later(31_000);
    expect((await blocked(token)).status).toBe(200);
  });

  it("is refused when another person gets the extension", async () => {
    const token = await sign();
    expect((await blocked(token)).status).toBe(200);
    service.twin.directory.update(SEED.extensionId, { name: "Eva Stone", email: "eva.stone@acme.example" });
    later(MINUTE);
    await readDirectory();
    expect(await blocked(token)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining("another e-mail") },
    });
    expect((await me(await sign({ email: "eva.stone@acme.example" }))).body.data.extension.name).toBe(
      "Eva Stone",
    );
  });

  it.each<[reason: string, claims: Record<string, unknown>]>([
    ["email_unverified", { email_verified: false }],
    ["email_unverified", { email_verified: undefined }],
    ["no_entry", { email: "nobody@acme.example" }],
    ["no_entry", { email: SEED.emails.federated }],
    ["several_entries", { email: SEED.emails.shared }],
    ["extension_disabled", { email: SEED.emails.disabled }],
    ["email_malformed", { email: "\u0430na.ruiz@acme.example" }],
  ])(
    "is refused for %s, with the reason and nothing personal in the log, and is shown to administrators",
    async (reason, claims) => {
      const token = await sign(claims);
      const email = String(claims.email ?? SEED.emails.user);
      let code = "";
      const lines = await linesOf(async () => {
        const response = await blocked(token);
        code = response.body.code;
        expect(response.status).toBe(403);
      });
      expect(code).toMatch(/^(account|extension)_forbidden$/);
      expect(lines).toContain(`"reason":"${reason}"`);
      for (const personal of [email, "Ruiz", "Ana", `11016948447438627${people}`]) {
        expect(lines).not.toContain(personal);
      }
      const list = await call(listUnmatched, routes.listUnmatchedSignInsRoute, { token: await admin() });
      expect(list.body.data[0]).toMatchObject({ reason, email, subject: `11016948447438627${people}` });
    },
  );
});

describe("the copy of the directory", () => {
  it("costs one call, and an unchanged directory a 304 without a body", async () => {
    service.twin.clearRequests();
    await readDirectory();
    const [request, ...others] = service.twin.requests.filter(({ path }) => path.includes("directory"));
    expect(others).toEqual([]);
    expect(request).toMatchObject({ status: 304, query: { perPage: ["all"], showFederated: ["false"] } });
  });

  it.each([
    { directoryPerPageAll: "max" },
    { directoryEtag: "none" },
    { directoryFederated: "always" },
  ] as const)("is the same where RingCentral does it otherwise: %j", async (setting) => {
    service.twin.configure(setting);
    service.twin.directory.update(SEED.extensionId, { department: JSON.stringify(setting) });
    await readDirectory();
    later(31_000);
    const list = await call(listExtensions, routes.listExtensionsRoute, {
      token: await admin(),
      query: "limit=1000",
    });
    expect(list.body.data.map(({ id }: { id: string }) => id)).toContain(SEED.extensionId);
    expect(list.body.data.map(({ id }: { id: string }) => id)).not.toContain(SEED.otherAccountExtensionId);
  });

  it("keeps what it has when RingCentral fails, and holds no name or e-mail in the clear", async () => {
    service.twin.faults.add({ operation: "listDirectoryEntries", kind: "status", status: 500, times: 9 });
    await readDirectory();
    expect(await sync.waitingReadings()).toMatchObject([{ kind: "directory", postponed: 1 }]);
    service.twin.faults.clear();
    expect((await blocked(await sign())).status).toBe(200);
  });
});

describe("GET /v1/extensions", () => {
  const search = async (query: string) => {
    const { body } = await call(listExtensions, routes.listExtensionsRoute, { token: await admin(), query });
    return body.data.map(({ name }: { name?: string }) => name);
  };
  it("finds people by name, number and e-mail, as people type them", async () => {
    const found: [query: string, names: string[]][] = [
      ["q=ruiz", ["Ana Ruiz"]],
      ["q=RUÍZ%20an", ["Ana Ruiz"]],
      ["q=ana.ru", ["Ana Ruiz"]],
      ["q=102", ["Ana Ruiz"]],
      ["q=%2B1%20650%20555-0111", ["Ana Ruiz"]],
      ["email=ANA.RUIZ@acme.example", ["Ana Ruiz"]],
      ["extensionNumber=103", ["Ben Okafor"]],
      ["status=Disabled", ["Tom Weiss"]],
      ["q=nobody", []],
      ["q=%40", []],
    ];
    for (const [query, names] of found) expect([query, await search(query)]).toEqual([query, names]);
  });

  it("pages through everything once", async () => {
    const all = await search("limit=1000");
    const seen: string[] = [];
    let query: string | undefined = "limit=7";
    while (query !== undefined) {
      const page: Awaited<ReturnType<typeof call>> = await call(listExtensions, routes.listExtensionsRoute, {
        token: await admin(),
        query,
      });
      seen.push(...page.body.data.map(({ name }: { name: string }) => name));
      query = page.body.page.hasMore ? `limit=7&cursor=${page.body.page.nextCursor}` : undefined;
    }
    expect(seen).toEqual(all);
    expect(seen).toHaveLength(new Set(service.twin.directory.list()).size);
  });
});

describe("an administrator", () => {
  const subject = "00u1a2b3c4";
  const path = { personId: "" };
  beforeAll(() => {
    path.personId = new Pseudonyms(PSEUDONYM_KEY).ofPerson(service.issuer.url, subject);
  });
  const put = async (extensionId: string, more: TestRequest = {}) =>
    call(putPerson, routes.putPersonRoute, {
      token: await admin(),
      path,
      body: { extensionId, subject },
      ...more,
    });

  it("connects a sign-in with an extension, once, and forgets it", async () => {
    const token = await sign({ sub: subject, email: undefined, email_verified: undefined });
    const first = await put(SEED.otherExtensionId);
    expect(first).toMatchObject({
      status: 200,
      body: {
        data: { id: path.personId, extensionId: SEED.otherExtensionId, source: "administrator", subject },
      },
    });
    expect((await put(SEED.otherExtensionId)).body).toEqual(first.body);
    const bySubject = { path: { personId: "subject" } };
    const audited = await linesOf(async () => {
      expect((await put(SEED.otherExtensionId, bySubject)).body).toEqual(first.body);
    });
    const [entry] = audited.split("\n").filter((line) => /"audit".*"succeeded"/.test(line));
    expect(JSON.parse(entry ?? "{}")).toMatchObject({
      action: "putPerson",
      resource: path.personId,
      extensionId: SEED.otherExtensionId,
    });
    const nameless = { ...bySubject, body: { extensionId: SEED.otherExtensionId } };
    expect(await put(SEED.otherExtensionId, nameless)).toMatchObject({
      status: 400,
      body: { errors: [{ field: "subject", code: "missing" }] },
    });
    expect((await me(token)).body.data).toMatchObject({
      extension: { id: SEED.otherExtensionId },
      foundBy: "administrator",
    });
    const listed = await call(listPeople, routes.listPeopleRoute, { token: await admin() });
    expect(listed.body.data).toContainEqual(expect.objectContaining(first.body.data));
    const stale = { "if-match": '"another"' };
    expect((await put(SEED.extensionId, { headers: stale })).status).toBe(412);
    const current = { "if-match": first.headers.etag ?? "" };
    expect((await put(SEED.extensionId, { headers: current })).status).toBe(200);
    later(MINUTE);
    expect((await me(token)).body.data.extension.id).toBe(SEED.extensionId);
    const gone = await call(deletePerson, routes.deletePersonRoute, { token: await admin(), path });
    expect(gone.status).toBe(204);
    expect((await call(getPerson, routes.getPersonRoute, { token: await admin(), path })).status).toBe(404);
    later(MINUTE);
    expect((await me(token)).status).toBe(403);
  });

  it("cannot connect one with an extension that is disabled or of nobody, or another's subject", async () => {
    for (const extensionId of [SEED.disabledExtensionId, SEED.otherAccountExtensionId]) {
      expect(await put(extensionId)).toMatchObject({
        status: 400,
        body: { errors: [{ field: "extensionId", code: "not_enabled" }] },
      });
    }
    const body = { extensionId: SEED.extensionId, subject: "another" };
    expect(await put("", { body })).toMatchObject({
      status: 400,
      body: { errors: [{ field: "subject", code: "mismatch" }] },
    });
  });
});
