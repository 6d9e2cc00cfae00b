import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createIssuerKeys } from "../../../lib/http/issuer-keys.ts";
import { createSharedKeys } from "../../../lib/http/shared-keys.ts";
import type { Clock } from "../../../lib/platform/clock.ts";
import { StorageUnavailable } from "../../../lib/storage/errors.ts";
import { leapingClock, manualClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";

const MINUTE = 60_000;
const ISSUER = "https://issuer.example";
const jwk = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
const keyNamed = (kid: string) => ({ ...jwk, kid, alg: "RS256" });

/** Issuers, their table and any number of processes. */
function lab(clock: Clock = leapingClock(Date.UTC(2026, 0, 1))) {
  const records = createMemoryRecordStore();
  const issuer = { keys: [keyNamed("first")], asked: 0, isDown: false };
  const process = (secret = "a", name = ISSUER) => {
    const shared = createSharedKeys(records, async () => Buffer.alloc(32, secret), clock);
    const getJson = async (url: URL) => {
      issuer.asked += 1;
      if (issuer.isDown) throw new Error("no response");
      const isKeys = url.pathname === "/jwks";
      return isKeys ? { keys: issuer.keys } : { issuer: name, jwks_uri: `${name}/jwks` };
    };
    const keys = createIssuerKeys(name, clock, getJson, shared);
    const find = async (kid: string) => (await keys.find({ kid, alg: "RS256" })).map((key) => key.kid);
    return { find, share: () => keys.share() };
  };
  /** A process has read the keys, and verified a token with them. */
  const begin = async () => {
    const first = process();
    await first.find("first");
    await first.share();
    issuer.asked = 0;
  };
  return { clock, records, issuer, process, begin };
}

describe("an issuer's keys in the table", () => {
  test("spare new processes the issuer for ten minutes after it was read", async () => {
    const { clock, issuer, process, begin } = lab();
    await begin();
    await clock.sleep(10 * MINUTE - 1);
    expect(await process().find("first")).toEqual(["first"]);
    expect(issuer.asked).toBe(0);
    await clock.sleep(1);
    issuer.keys = [keyNamed("second")];
    expect(await process().find("first")).toEqual([]);
  });

  test("also spare a process that has run for ten minutes", async () => {
    const { clock, issuer, process, begin } = lab();
    const old = process();
    await old.find("first");
    await clock.sleep(10 * MINUTE);
    await begin();
    expect(await old.find("first")).toEqual(["first"]);
    expect(issuer.asked).toBe(0);
  });

  test("serve new processes for an hour while the issuer is down", async () => {
    const { clock, issuer, process, begin } = lab();
    await begin();
    issuer.isDown = true;
    await clock.sleep(59 * MINUTE);
    expect(await process().find("first")).toEqual(["first"]);
    await clock.sleep(MINUTE);
    await expect(process().find("first")).rejects.toThrow("no response");
  });

  test("do not keep a process from asking the issuer for a new key", async () => {
    const { clock, issuer, process, begin } = lab();
    await begin();
    issuer.keys = [keyNamed("first"), keyNamed("second")];
    await clock.sleep(30_000);
    expect(await process().find("second")).toEqual(["second"]);
  });

  test("are not written before a token is verified, and once then", async () => {
    const { records, process } = lab();
    const one = process();
    await one.find("forged");
    expect(records.dump()).toEqual([]);
    await one.share();
    await one.share();
    expect(records.dump()).toMatchObject([{ version: 1 }]);
    expect(records.dump()[0]?.json).not.toContain(jwk.n);
  });

  test.each(["altered", "of another issuer", "sealed with another secret", "without a seal"])(
    "are not believed when they are %s",
    async (what) => {
      const { records, issuer, process, begin } = lab();
      await begin();
      const [stored] = records.dump();
      if (stored === undefined) throw new Error("nothing is stored");
      const { sealed } = JSON.parse(stored.json);
      const other = { partition: "issuer#https://other.example", sort: "keys" };
      const middle = sealed.length / 2;
      const altered = `${sealed.slice(0, middle)}${sealed[middle] === "A" ? "B" : "A"}${sealed.slice(middle + 1)}`;
      if (what === "altered") records.plant(stored.key, 2, JSON.stringify({ sealed: altered }));
      if (what === "of another issuer") records.plant(other, 1, stored.json);
      const bare = JSON.stringify({ readAt: Date.UTC(2026, 0, 1), keys: issuer.keys });
      if (what === "without a seal") records.plant(stored.key, 2, bare);
      const name = what === "of another issuer" ? "https://other.example" : ISSUER;
      const reader = process(what === "sealed with another secret" ? "b" : "a", name);
      expect(await reader.find("first")).toEqual(["first"]);
      expect(issuer.asked).toBe(2);
    },
  );

  test("are asked of the issuer when the table fails, or takes more than 0.3 s", async () => {
    const clock = manualClock();
    const { records, issuer, process, begin } = lab(clock);
    await begin();
    for (const [before, tookMs] of [
      [() => Promise.reject(new StorageUnavailable("away")), 0],
      [() => clock.sleep(60_000), 300],
    ] as const) {
      records.faults.before = before;
      issuer.asked = 0;
      const finding = process().find("first");
      await clock.advance(tookMs);
      expect(await finding).toEqual(["first"]);
      expect(issuer.asked).toBe(2);
    }
  });
});
