import { beforeEach, describe, expect, it } from "vitest";
import { type Credentials, SecretUnavailableError } from "../../../../lib/platform/credentials.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { RingCentralError, type RingCentralFailure } from "../../../../lib/ringcentral/api/errors.ts";
import type { TokenGrant } from "../../../../lib/ringcentral/auth/oauth.ts";
import type { TokenCalls, TokenNeed } from "../../../../lib/ringcentral/auth/ports.ts";
import { sessionKey } from "../../../../lib/ringcentral/auth/session-record.ts";
import { SharedToken } from "../../../../lib/ringcentral/auth/shared-token.ts";
import { userTokens } from "../../../../lib/ringcentral/auth/token-kind.ts";
import { parseRecord } from "../../../../lib/ringcentral/auth/token-record.ts";
import { StoredSessions } from "../../../../lib/ringcentral/auth/user-sessions.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { leapingClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore, type MemoryRecordStore } from "../../../support/memory-record-store.ts";

const HOUR = 60 * 60_000;
const user = { accountId: "37", extensionId: "101" };
const other = { accountId: "37", extensionId: "102" };
const app: Credentials = { server: "https://rc.test", clientId: "app", clientSecret: "s3cret", jwt: "j" };
const [oldKey, newKey] = ["o".repeat(43), "n".repeat(43)];

let clock: ReturnType<typeof leapingClock>;
let records: MemoryRecordStore;
let keys: readonly string[];
/** What a process read some minutes ago. */
let cachedKeys: readonly string[] | undefined;
/** What the app sent to the token endpoint. */
let sent: string[];
let taken: TokenNeed[];
let permit: (need: TokenNeed) => RingCentralError | undefined;
let refresh: (token: string) => Promise<TokenGrant>;
let unrevoked: number;
/** The token calls that were given back without a call, and those that have ended. */
let given: { unused: number; ended: number };
let readApp: () => Promise<Credentials>;
beforeEach(() => {
  given = { unused: 0, ended: 0 };
  readApp = async () => app;
  clock = leapingClock(Date.UTC(2026, 0, 1));
  records = createMemoryRecordStore();
  keys = [oldKey];
  cachedKeys = undefined;
  sent = [];
  taken = [];
  permit = () => undefined;
  unrevoked = 0;
  let issued = 1;
  refresh = async () => {
    issued += 1;
    return {
      accessToken: `access-${issued}`,
      refreshToken: `refresh-${issued}`,
      expiresInSeconds: 3_600,
      refreshExpiresInSeconds: 604_800,
    };
  };
});

const rejection = (failure: Partial<RingCentralFailure>) =>
  new RingCentralError({ kind: "auth", operation: "token", mayHaveTakenEffect: false, ...failure });

function process(of = user) {
  const credentials = { current: () => readApp(), refreshed: async () => [app] };
  const sealingKeys = {
    current: async () => ({ sealingKeys: cachedKeys ?? keys }),
    refreshed: async () => [{ sealingKeys: keys }],
  };
  const oauth = {
    refresh: async (_: Credentials, token: string) => {
      sent.push(`refresh ${token}`);
      return refresh(token);
    },
    revoke: async (_: Credentials, token: string) => {
      sent.push(`revoke ${token}`);
      return true;
    },
  };
  const tokenCalls: TokenCalls = {
    async take(need) {
      const error = permit(need);
      if (error !== undefined) throw error;
      taken.push(need);
      const ended = async () => void given.ended++;
      const unused = async () => void given.unused++;
      return { leftMs: () => 10_000, ended, unused };
    },
  };
  const common = { records, clock, random: () => 0.5 };
  const sessions = new StoredSessions({
    ...common,
    random: Math.random,
    oauth,
    sealingKeys,
    appOf: () => ({ credentials, tokenCalls }),
    onUnrevoked: () => {
      unrevoked += 1;
    },
  });
  const kind = userTokens({ credentials, clock, oauth, sealingKeys, user: of });
  const tokens = new SharedToken({ ...common, kind, tokenCalls, instanceId: `i${Math.random()}` });
  return {
    sessions,
    tokens,
    begin: (n = 1) =>
      sessions.begin(
        of,
        {
          accessToken: `access-${n}`,
          refreshToken: `refresh-${n}`,
          expiresInSeconds: 3_600,
          sentAt: clock.now(),
        },
        soon(),
      ),
    value: () => tokens.get(soon()).then(({ value }) => value),
  };
}

const soon = () => deadlineIn(20_000, clock, 0);
const kindOf = (work: Promise<unknown>) =>
  work.then(
    () => "served",
    (error) => (error instanceof RingCentralError ? error.failure.kind : String(error)),
  );
const stored = async () => parseRecord((await records.read(sessionKey(user)))?.value);

describe("a user's session", () => {
  it("serves every process from the table, without a token call, and is refreshed when its token ends", async () => {
    await process().begin();
    expect(await process().value()).toBe("access-1");
    expect(sent).toEqual([]);
    await clock.sleep(HOUR);
    expect(await process().value()).toBe("access-2");
    expect(await process().value()).toBe("access-2");
    await clock.sleep(HOUR);
    expect(await process().value()).toBe("access-3");
    expect(sent).toEqual(["refresh refresh-1", "refresh refresh-2"]);
    expect(taken).toEqual(["request", "request"]);
  });

  it("is renewed ahead of its end with the need of a renewal, which may be rejected without harm", async () => {
    const one = process();
    await one.begin();
    await one.value();
    await clock.sleep(HOUR - 4 * 60_000);
    permit = (need) =>
      need === "renewal" ? rejection({ kind: "rate_limited", retryAfterMs: 50_000 }) : undefined;
    expect(await one.value()).toBe("access-1");
    expect(await stored()).not.toHaveProperty("rateLimitedUntil");
    permit = () => undefined;
    await clock.sleep(30_000);
    expect(await one.value()).toBe("access-2");
    expect(taken).toEqual(["renewal"]);
  });

  it("gives a token call back when no time is left for it, and says when one has ended", async () => {
    await process().begin();
    await clock.sleep(HOUR);
    permit = () => {
      clock.leap(550);
      return undefined;
    };
    const hurried = process().tokens.get(deadlineIn(2_500, clock, 0));
    expect(await kindOf(hurried)).not.toBe("served");
    expect(given).toEqual({ unused: 1, ended: 0 });
    permit = () => undefined;
    expect(await process().value()).toBe("access-2");
    expect(given).toEqual({ unused: 1, ended: 1 });
  });

  it("keeps its refresh token when RingCentral gives no other, and shows it to no caller", async () => {
    await process().begin();
    refresh = async () => ({ accessToken: `access-${sent.length}`, expiresInSeconds: 3_600 });
    await clock.sleep(HOUR);
    expect(await process().tokens.get(soon())).not.toHaveProperty("refreshToken");
    await clock.sleep(HOUR);
    expect(await process().value()).toBe("access-2");
    expect(sent).toEqual(["refresh refresh-1", "refresh refresh-1"]);
  });

  it("is not used in the last half minute of its token, and serves until then whatever fails", async () => {
    const one = process();
    await one.begin();
    await one.value();
    permit = (need) => (need === "renewal" ? rejection({ kind: "rate_limited" }) : undefined);
    await clock.sleep(HOUR - 60_000);
    readApp = () => Promise.reject(new SecretUnavailableError({}));
    expect(await one.value()).toBe("access-1");
    readApp = async () => app;
    await clock.sleep(40_000);
    expect(await one.value()).toBe("access-2");
  });

  it("is newer than any before, also when its record has expired meanwhile", async () => {
    const one = process();
    await one.begin();
    one.tokens.reject(await one.tokens.get(soon()));
    for (const { key, version, expiresAt } of records.dump()) {
      expect(expiresAt).toBe(clock.now() + 8 * 24 * HOUR);
      await records.remove(key, version);
    }
    await clock.sleep(10_000);
    await process().begin(2);
    expect(await one.value()).toBe("access-2");
    expect(sent).toEqual([]);
  });

  it("waits for a token call, and says for how long, in every process", async () => {
    await process().begin();
    await clock.sleep(HOUR);
    let asked = 0;
    permit = () => {
      asked += 1;
      return rejection({ kind: "rate_limited", retryAfterMs: 90_000 });
    };
    for (const one of [process(), process()]) {
      const error = await one.value().catch((failure) => failure);
      expect(error.failure).toMatchObject({ kind: "rate_limited" });
      expect(error.failure.retryAfterMs).toBeGreaterThan(80_000);
    }
    expect(sent).toEqual([]);
    expect(asked).toBe(1);
  });

  it("never uses tokens that the table has not taken, and stores them when it is back", async () => {
    await process().begin();
    await clock.sleep(HOUR);
    const one = process();
    let isAway = false;
    const inner = refresh;
    refresh = (token) => {
      isAway = true;
      return inner(token);
    };
    records.faults.before = ({ operation }) => {
      if (isAway && operation === "compareAndSet") throw new StorageUnavailable("away");
    };
    expect(await kindOf(one.value())).toBe("storage");
    isAway = false;
    refresh = inner;
    await clock.sleep(5_000);
    expect(await one.value()).toBe("access-2");
    expect(sent).toEqual(["refresh refresh-1"]);
  });

  it("ends with RingCentral's invalid_grant: its tokens are deleted, and every process asks for a sign-in", async () => {
    const [one, two] = [process(), process()];
    await one.begin();
    await clock.sleep(HOUR);
    refresh = () => Promise.reject(rejection({ oauthError: "invalid_grant", errorCode: "OAU-210" }));
    expect(await kindOf(one.value())).toBe("session_ended");
    expect(await kindOf(two.value())).toBe("session_ended");
    expect(sent).toEqual(["refresh refresh-1"]);
    expect(await stored()).not.toHaveProperty("token");
    expect(await one.sessions.state(user)).toBe("ended");
  });

  it.each([
    ["the app's credentials are rejected", { oauthError: "invalid_client" }],
    ["there is no response", { kind: "timeout", mayHaveTakenEffect: true }],
    ["RingCentral is down", { kind: "unavailable" }],
    ["the limit is reached", { kind: "rate_limited", retryAfterMs: 60_000 }],
  ] as const)("goes on after a refresh when %s", async (_, failure) => {
    await process().begin();
    await clock.sleep(HOUR);
    const inner = refresh;
    refresh = () => Promise.reject(rejection(failure));
    expect(await kindOf(process().value())).not.toBe("session_ended");
    refresh = inner;
    await clock.sleep(3 * 60_000);
    expect(await process().value()).toBe("access-2");
  });

  it("is not ended by a refresh that a new sign-in has overtaken", async () => {
    const [one, two] = [process(), process()];
    await one.begin(1);
    await clock.sleep(HOUR);
    refresh = async () => {
      await two.begin(7);
      throw rejection({ oauthError: "invalid_grant" });
    };
    expect(await one.value()).toBe("access-7");
    expect(await one.sessions.state(user)).toBe("active");
  });

  it("is not begun again by a refresh that a log-out has overtaken", async () => {
    const [one, two] = [process(), process()];
    await one.begin();
    await clock.sleep(HOUR);
    const inner = refresh;
    refresh = async (token) => {
      await two.sessions.end(user, soon());
      return inner(token);
    };
    expect(await kindOf(one.value())).toBe("session_ended");
    expect(await one.sessions.state(user)).toBe("none");
  });

  it("serves a request that comes after the sign-in, though an earlier one still waits for the record from before", async () => {
    const one = process();
    let arrives = () => {};
    records.faults.after = () => {
      records.faults.after = () => {};
      return new Promise((resolve) => {
        arrives = () => resolve();
      });
    };
    const before = kindOf(one.value());
    await new Promise(setImmediate);
    await process().begin();
    const after = one.value();
    arrives();
    expect(await before).toBe("session_ended");
    expect(await after).toBe("access-1");
  });

  it("replaces the former one, which is revoked when a token call is left for it", async () => {
    const one = process();
    await one.begin(1);
    await one.begin(2);
    expect(sent).toEqual(["revoke refresh-1"]);
    expect(await process().value()).toBe("access-2");
    permit = () => rejection({ kind: "rate_limited", retryAfterMs: 60_000 });
    await one.begin(3);
    expect(unrevoked).toBe(1);
    expect(await process().value()).toBe("access-3");
  });

  it("is over at once without a call when its refresh token has expired", async () => {
    const one = process();
    await one.begin();
    await clock.sleep(7 * 24 * HOUR);
    expect(await kindOf(one.value())).toBe("session_ended");
    expect(await one.sessions.state(user)).toBe("ended");
    expect(sent).toEqual([]);
  });

  it("outlives a new sealing key, for as long as the old one is listed", async () => {
    await process().begin();
    keys = [newKey, oldKey];
    expect(await process().value()).toBe("access-1");
    await clock.sleep(HOUR);
    expect(await process().value()).toBe("access-2");
    keys = [newKey];
    expect(await process().value()).toBe("access-2");
    keys = [oldKey];
    expect(await kindOf(process().value())).toBe("session_ended");
    // Nothing is lost: the key may come back.
    expect((await stored()).token).toBeDefined();
  });
});

it("a session of a key that a process does not know yet is opened after the secret is read again", async () => {
  keys = [newKey, oldKey];
  await process().begin();
  cachedKeys = [oldKey];
  expect(await process().value()).toBe("access-1");
  await clock.sleep(HOUR);
  expect(await process().value()).toBe("access-2");
});

describe("the table", () => {
  it("shows no token, and its records open neither with another key nor as another user's", async () => {
    const [one, two] = [process(user), process(other)];
    await one.begin(1);
    await two.begin(2);
    await clock.sleep(HOUR);
    await one.value();
    const dump = records.dump();
    const text = JSON.stringify(dump);
    for (const secret of ["access-", "refresh-", "s3cret", oldKey]) expect(text).not.toContain(secret);
    for (const bytes of dump.map(({ json }) => parseRecord(JSON.parse(json)).token?.sealed.text ?? "")) {
      const decoded = Buffer.from(bytes, "base64url").toString("latin1");
      expect(decoded).not.toMatch(/access-|refresh-|rc\.test/);
    }
    const [own, foreign] = [user, other].map((of) =>
      dump.find(({ key }) => key.partition === sessionKey(of).partition),
    );
    if (own === undefined || foreign === undefined) throw new Error("both have a record");
    records.plant(own.key, own.version, foreign.json);
    expect(await kindOf(process(user).value())).toBe("session_ended");
    records.plant(own.key, own.version, own.json);
    keys = [newKey];
    expect(await kindOf(process(user).value())).toBe("session_ended");
    keys = [oldKey];
    expect(await process(user).value()).toBe("access-2");
  });
});

it("a sign-in whose stored session a later one has replaced does not replace it again", async () => {
  const [one, two] = [process(), process()];
  let isFirst = true;
  records.faults.after = async ({ operation }) => {
    if (operation !== "compareAndSet" || !isFirst) return;
    isFirst = false;
    await two.begin(7);
    throw new StorageUnavailable("the response is lost");
  };
  await one.begin(1);
  expect(await process().value()).toBe("access-7");
  expect(sent).toEqual(["revoke refresh-1", "revoke refresh-1"]);
});

it("a log-out that a later sign-in follows does not end it", async () => {
  const [one, two] = [process(), process()];
  await one.begin(1);
  let isFirst = true;
  records.faults.after = async ({ operation }) => {
    if (operation !== "compareAndSet" || !isFirst) return;
    isFirst = false;
    await two.begin(7);
    throw new StorageUnavailable("the response is lost");
  };
  await one.sessions.end(user, soon());
  expect(await process().value()).toBe("access-7");
  expect(sent).toEqual(["revoke refresh-1"]);
});
