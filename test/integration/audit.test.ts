import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { handler as deletePerson } from "../../functions/people/delete-person.ts";
import { deletePersonRoute } from "../../lib/contract/people.ts";
import { Pseudonyms } from "../../lib/platform/pseudonyms.ts";
import { invoke } from "../support/api-gateway.ts";
import { write, writeNames } from "../support/extension-writes.ts";
import { linesOf } from "../support/printed-lines.ts";
import { PSEUDONYM_KEY, type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";

let service: Service;
beforeAll(async () => {
  service = await startService({ limits: { Light: 1000, Medium: 1000, Heavy: 1000 } });
});
afterAll(() => service.stop());
beforeEach(() => service.forget());

const pseudonyms = new Pseudonyms(PSEUDONYM_KEY);

/** The audit entries that a request prints, without what every entry has. */
async function entriesOf(request: () => Promise<unknown>) {
  const lines = (await linesOf(request)).split("\n").filter((line) => line.includes('"message":"audit"'));
  return lines.map((line) => {
    const { time, level, message, ...entry } = JSON.parse(line);
    expect([typeof time, level, message]).toEqual(["string", "info", "audit"]);
    return entry;
  });
}

describe("a write", () => {
  it.each(writeNames)(
    "%s is audited: who, whose, what, from where, with which outcome and ids",
    async (name) => {
      const numbers = numbersIn(service);
      const entries = await entriesOf(() => write(service, name));
      const [begun, ended, ...others] = entries;
      expect(others).toEqual([]);
      const about = {
        action: name,
        actor: expect.stringMatching(/^[\w-]{22}$/),
        keyId: pseudonyms.keyId,
        accountId: SEED.accountId,
        extensionId: SEED.extensionId,
        sourceIp: expect.stringMatching(/^[\d.]+$/),
        requestId: "lambda-request-1",
        gatewayRequestId: "gateway-request-1",
      };
      expect(begun).toMatchObject({ ...about, outcome: "started" });
      expect(ended).toMatchObject({
        ...about,
        outcome: "succeeded",
        lambdaRequestId: "lambda-request-1",
        rcRequestIds: expect.arrayContaining([expect.any(String)]),
      });
      if (name === "changeCallerBlockingNumbers") {
        expect(ended.items).toEqual([{ outcome: "done", resource: expect.stringMatching(/^[\w-]{22}$/) }]);
      } else if (name !== "updateCallerBlocking") {
        expect(ended.resource).toMatch(/^[\w-]{22}$/);
      }
      // An entry's id may be its number.
      const text = JSON.stringify(entries);
      for (const number of [...numbers, ...numbersIn(service)]) {
        expect(text).not.toContain(number);
        expect(text).not.toContain(Buffer.from(number).toString("base64url"));
      }
      expect(text).not.toMatch(/Survey|New|Bearer|eyJ/);
    },
  );

  it("that is rejected, fails, or has an unknown outcome is audited with the code", async () => {
    const outcome = async (act: () => Promise<unknown>) => {
      const [last] = (await entriesOf(act)).reverse();
      return [last?.outcome, last?.code, last?.extensionId];
    };
    const add = (request: object = {}, extensionId?: string) =>
      write(service, "addBlockedNumber", extensionId, request);
    const token = service.tokens.readOnly;
    expect(await outcome(() => add({ token }))).toEqual(["rejected", "scope_missing", SEED.extensionId]);
    const foreign = await outcome(() => add({ token: service.tokens.user }, SEED.otherExtensionId));
    expect(foreign).toEqual(["rejected", "extension_forbidden", SEED.otherExtensionId]);
    const body = { phoneNumber: "12" };
    expect(await outcome(() => add({ body }))).toEqual(["rejected", "request_invalid", SEED.extensionId]);
    service.twin.faults.add({ kind: "status", status: 503, times: 99 });
    const other = { body: { phoneNumber: "+12025550172" } };
    const unknown = await outcome(() => add(other));
    service.twin.faults.clear();
    expect(unknown).toEqual(["unknown", "outcome_unknown", SEED.extensionId]);
    service.twin.configure({ limitedMode: true });
    const failed = await outcome(() => add(other));
    expect(failed).toEqual(["failed", "upstream_limited_mode", SEED.extensionId]);
    service.twin.configure({ limitedMode: false });
  });

  it("with a token of an account that is not served names the caller, but no account", async () => {
    const claims = { sub: "user|stranger", rc_account_id: "999", scope: "numbers:write" };
    const act = async (token: string) =>
      entriesOf(() => write(service, "addBlockedNumber", undefined, { token }));
    const token = await service.mint(claims);
    const [entry, ...others] = await act(token);
    expect(others).toEqual([]);
    expect(entry).toEqual({
      action: "addBlockedNumber",
      actor: pseudonyms.ofPerson(service.issuer.url, "user|stranger"),
      keyId: pseudonyms.keyId,
      extensionId: SEED.extensionId,
      sourceIp: expect.any(String),
      requestId: expect.any(String),
      gatewayRequestId: expect.any(String),
      lambdaRequestId: expect.any(String),
      outcome: "rejected",
      code: "account_forbidden",
    });
    // Forged or out of date: it may be anybody's.
    expect(await act(token.replace(/\.[^.]{20}(?=[^.]*$)/, `.${"A".repeat(20)}`))).toEqual([]);
    expect(await act(await service.mint({ ...claims, exp: 1_000 }))).toEqual([]);
  });

  it("that is repeated with its key says so, and a caller without a valid token leaves no entry", async () => {
    const headers = { "idempotency-key": "audited-once" };
    const request = { headers, body: { phoneNumber: "+12025550171" } };
    await write(service, "addBlockedNumber", undefined, request);
    const [, replayed] = await entriesOf(() => write(service, "addBlockedNumber", undefined, request));
    expect(replayed).toMatchObject({ outcome: "succeeded", isReplay: true });
    expect(replayed).not.toHaveProperty("rcRequestIds");
    const forged = { token: `${service.tokens.admin}x` };
    expect(await entriesOf(() => write(service, "addBlockedNumber", undefined, forged))).toEqual([]);
  });
});

describe("an administrative act", () => {
  it("names the person", async () => {
    const token = await service.mint({ scope: "people:manage" });
    const personId = pseudonyms.ofPerson(service.issuer.url, "nobody");
    const entries = await entriesOf(() =>
      invoke(deletePerson, deletePersonRoute, { token, path: { personId } }),
    );
    expect(entries.map(({ action, outcome, code, resource }) => [action, outcome, code, resource])).toEqual([
      ["deletePerson", "started", undefined, personId],
      ["deletePerson", "rejected", "not_found", personId],
    ]);
  });
});

/** Every phone number of the extension, as digits. */
function numbersIn({ twin }: Service): string[] {
  const { callerBlocking, forwarding } = twin.extension(SEED.extensionId);
  return [...callerBlocking, ...forwarding].flatMap(({ phoneNumber }) => phoneNumber?.slice(1) ?? []);
}
