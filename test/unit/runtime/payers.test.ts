import { describe, expect, it } from "vitest";
import { systemClock } from "../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { readSettings } from "../../../lib/platform/settings.ts";
import { Payers } from "../../../lib/runtime/payers.ts";
import { createShared } from "../../../lib/runtime/shared.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const environment = {
  RINGCENTRAL_SECRET_PREFIX: "accounts/",
  SIGN_IN_ISSUER: "https://api.example.com",
  SESSION_SECRET_ID: "sessions",
  PSEUDONYM_SECRET_ID: "pseudonyms",
  SERVED_ACCOUNTS: "37,38",
  TABLE_NAME: "records",
};
const settings = readSettings(environment);
const signedIn = (extensionId: string) => ({ extensionId, signedInWithRingCentral: true }) as const;

describe("the payer of a call", () => {
  const payers = new Payers(createShared(settings, {}));
  const service = payers.for({ accountId: "37" });
  const own = payers.for({ accountId: "37", extensionId: "101", caller: signedIn("101") });

  it("is the user for their own extension, the same at each request", () => {
    expect(own).not.toBe(service);
    expect(payers.for({ accountId: "37", extensionId: "101", caller: signedIn("101") })).toBe(own);
    expect(payers.for({ accountId: "38", extensionId: "101", caller: signedIn("101") })).not.toBe(own);
    expect(payers.for({ accountId: "37", extensionId: "102", caller: signedIn("102") })).not.toBe(own);
  });

  it.each([
    ["another extension", { extensionId: "102", caller: signedIn("101") }],
    ["no extension", { extensionId: "", caller: signedIn("101") }],
    ["a caller of the company's identity provider", { extensionId: "101", caller: { extensionId: "101" } }],
    [
      "a caller without an extension, for none",
      { extensionId: "", caller: { signedInWithRingCentral: true } as const },
    ],
  ])("is the service for %s", (_, request) => {
    expect(payers.for({ accountId: "37", ...request })).toBe(service);
  });

  it("is forgotten after 300 others, and those used last are kept", () => {
    const one = (id: number) =>
      payers.for({ accountId: "37", extensionId: String(id), caller: signedIn(String(id)) });
    const [first, second] = [one(1_000), one(1_001)];
    for (let id = 1_002; id < 1_300; id++) one(id);
    expect(one(1_000)).toBe(first);
    one(1_300);
    expect(one(1_000)).toBe(first);
    expect(one(1_001)).not.toBe(second);
  });
});

describe("the token calls of an account", () => {
  it.each([
    ["", 5],
    ["30", 30],
  ])("are as many as TOKEN_CALLS_PER_MINUTE says: %j", async (TOKEN_CALLS_PER_MINUTE, limit) => {
    const app = { server: "https://rc.example.com", clientId: "id", clientSecret: "secret", jwt: "jwt" };
    const loadSecretReader = async () => async () => ({ SecretString: JSON.stringify(app) });
    const shared = createShared(readSettings({ ...environment, TOKEN_CALLS_PER_MINUTE }), {
      loadSecretReader,
    });
    const payers = new Payers({ ...shared, records: createMemoryRecordStore() });
    const { tokenCalls } = payers.for({ accountId: "37" });
    expect(await tokenCalls.describe(deadlineIn(5_000, systemClock))).toMatchObject({
      limit,
      windowMs: 60_000,
    });
  });

  it.each(["0", "-1", "1.5", "many", "1000"])("are a whole number, not %s", (TOKEN_CALLS_PER_MINUTE) => {
    expect(() => readSettings({ ...environment, TOKEN_CALLS_PER_MINUTE })).toThrow(/TOKEN_CALLS_PER_MINUTE/);
  });
});
