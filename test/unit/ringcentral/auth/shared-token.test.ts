import { describe, expect, it } from "vitest";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import type { AccessToken } from "../../../../lib/ringcentral/auth/ports.ts";
import { sealToken } from "../../../../lib/ringcentral/auth/sealed-token.ts";
import { emptyRecord, parseRecord, recordKey } from "../../../../lib/ringcentral/auth/token-record.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { createFleet, createMember, secretVersion } from "../../../property/shared-token-model.ts";
import { createSchedule, type Instance } from "../../../support/schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const key = recordKey("acct");

/** A fleet with right clocks, and a way to let one instance act to the end. */
function setUp() {
  const schedule = createSchedule({ seed: 1, maxSkewMs: 0 });
  const fleet = createFleet(schedule);
  const member = (name?: string) => createMember(fleet, { skewMs: 0, ...(name !== undefined && { name }) });
  async function run<T>(instance: Instance, task: () => Promise<T>): Promise<T> {
    const outcome = instance.start(task);
    await schedule.run();
    const end = await outcome;
    if (end.status === "done") return end.value;
    throw end.status === "failed" ? end.error : new Error("crashed");
  }
  const stored = () => parseRecord(JSON.parse(fleet.records.dump()[0]?.json ?? "null"));
  const pass = (ms: number) => run(schedule.instance(), () => schedule.clock.sleep(ms));
  return { schedule, fleet, member, run, stored, pass, logins: () => fleet.ringCentral.arrivals.length };
}

const rejectionOf = async (promise: Promise<AccessToken>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RingCentralError) return error.failure;
  throw new Error(`not rejected: ${String(error)}`);
};

const down = { before: () => Promise.reject(new StorageUnavailable("down")) };

describe("the token of one instance", () => {
  it("takes one login and then comes from memory, without reading the table", async () => {
    const { fleet, member, run, logins } = setUp();
    const { instance, ask } = member();
    const first = await run(instance, () => ask(20 * SECOND));
    expect(first).toMatchObject({ generation: 1, server: "https://rc.test", ownerId: "100" });
    fleet.records.faults = down;
    expect(await run(instance, () => ask(20 * SECOND))).toBe(first);
    expect(logins()).toBe(1);
  });

  it("is shared by simultaneous callers", async () => {
    const { member, run, logins } = setUp();
    const { instance, ask } = member();
    const tokens = await run(instance, () => Promise.all(Array.from({ length: 20 }, () => ask(20 * SECOND))));
    expect(new Set(tokens).size).toBe(1);
    expect(logins()).toBe(1);
  });

  it("is read from the table by the next instance", async () => {
    const { member, run, logins } = setUp();
    const [a, b] = [member(), member()];
    const first = await run(a.instance, () => a.ask(20 * SECOND));
    expect(await run(b.instance, () => b.ask(20 * SECOND))).toEqual(first);
    expect(logins()).toBe(1);
  });

  it("is renewed minutes ahead by the first instance; the old one stays valid for the others", async () => {
    const { fleet, member, run, pass, logins } = setUp();
    const [a, b] = [member(), member()];
    const first = await run(a.instance, () => a.ask(20 * SECOND));
    await run(b.instance, () => b.ask(20 * SECOND));
    await pass(56 * MINUTE);
    const renewed = await run(a.instance, () => a.ask(20 * SECOND));
    expect(renewed.generation).toBe(2);
    expect(fleet.ringCentral.isLive(first.value)).toBe(true);
    expect(await run(b.instance, () => b.ask(20 * SECOND))).toEqual(renewed);
    expect(logins()).toBe(2);
  });

  it("is not renewed by a caller in a hurry, who gets the old one", async () => {
    const { fleet, member, run, pass, logins } = setUp();
    const { instance, ask } = member();
    const first = await run(instance, () => ask(20 * SECOND));
    await pass(56 * MINUTE);
    let looks = 0;
    fleet.records.faults = {
      before: () => {
        looks++;
      },
    };
    expect(await run(instance, () => ask(SECOND))).toBe(first);
    expect({ looks, logins: logins() }).toEqual({ looks: 0, logins: 1 });
  });
});

describe("a caller who cannot be served in time", () => {
  it("is rejected at once, without a login, when there is no time for one", async () => {
    const { schedule, member, run, logins } = setUp();
    const { instance, ask } = member();
    const began = schedule.clock.now();
    const rejection = await rejectionOf(run(instance, () => ask(SECOND)));
    expect(rejection).toMatchObject({ kind: "unavailable", operation: "login", mayHaveTakenEffect: false });
    expect(schedule.clock.now() - began).toBeLessThan(500);
    expect(logins()).toBe(0);
  });

  it("is rejected at once when the pause ends too late, and told when it ends", async () => {
    const { schedule, fleet, member, run } = setUp();
    const until = schedule.clock.now() + 40 * SECOND;
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, rateLimitedUntil: until }));
    const { instance, ask } = member();
    const began = schedule.clock.now();
    const rejection = await rejectionOf(run(instance, () => ask(20 * SECOND)));
    expect(rejection.kind).toBe("rate_limited");
    expect(rejection.retryAfterMs).toBeGreaterThan(39 * SECOND);
    expect(rejection.retryAfterMs).toBeLessThanOrEqual(40 * SECOND);
    expect(schedule.clock.now() - began).toBeLessThan(500);
  });

  it("is rejected at once when the pause leaves no time for a login, and told when it ends", async () => {
    const { schedule, fleet, member, run } = setUp();
    const began = schedule.clock.now();
    const rateLimitedUntil = began + 8 * SECOND;
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, rateLimitedUntil }));
    const { instance, ask } = member();
    const rejection = await rejectionOf(run(instance, () => ask(9 * SECOND)));
    expect(rejection.kind).toBe("rate_limited");
    expect(rejection.retryAfterMs).toBeGreaterThan(7 * SECOND);
    expect(schedule.clock.now() - began).toBeLessThan(500);
  });

  it("waits for a pause that ends in time", async () => {
    const { schedule, fleet, member, run } = setUp();
    fleet.records.plant(
      key,
      1,
      JSON.stringify({ ...emptyRecord, rateLimitedUntil: schedule.clock.now() + 5_000 }),
    );
    const { instance, ask } = member();
    expect((await run(instance, () => ask(20 * SECOND))).generation).toBe(1);
  });

  it("leaves the login running for a caller with more time", async () => {
    const { fleet, member, run, logins } = setUp();
    const { instance, ask } = member();
    const lease = { owner: "other", fence: 1, until: fleet.schedule.clock.now() + 6 * SECOND };
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, fence: 1, lease }));
    const both = await run(instance, () => Promise.allSettled([ask(3 * SECOND), ask(25 * SECOND)]));
    expect(both.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(logins()).toBe(1);
  });

  it("does not fail a caller with the time to wait for a pause", async () => {
    const { schedule, fleet, member, run } = setUp();
    const rateLimitedUntil = schedule.clock.now() + 8 * SECOND;
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, rateLimitedUntil }));
    const { instance, ask } = member();
    const both = await run(instance, () => Promise.allSettled([ask(5 * SECOND), ask(20 * SECOND)]));
    expect(both.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });

  it("does not wait past its own deadline for the login of a caller with more time", async () => {
    const { schedule, fleet, member, run } = setUp();
    const { instance, ask } = member();
    const began = schedule.clock.now();
    const lease = { owner: "other", fence: 1, until: began + 6 * SECOND };
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, fence: 1, lease }));
    const hurried = async () => {
      await rejectionOf(ask(3 * SECOND));
      return schedule.clock.now() - began;
    };
    const [, waitedMs] = await run(instance, () => Promise.all([ask(25 * SECOND), hurried()]));
    expect(waitedMs).toBeLessThanOrEqual(3_100);
  });

  it("gets RingCentral's own reason when its login was rejected", async () => {
    const { fleet, member, run } = setUp();
    fleet.ringCentral.accept(9);
    const { instance, ask } = member();
    const rejection = await rejectionOf(run(instance, () => ask(10 * SECOND)));
    expect(rejection).toMatchObject({ kind: "auth", status: 400, errorCode: "OAU-142", operation: "login" });
    expect(rejection.retryAfterMs).toBeGreaterThan(55 * SECOND);
    const other = member();
    const second = await rejectionOf(run(other.instance, () => other.ask(10 * SECOND)));
    expect(second).toMatchObject({ kind: "auth", errorCode: "OAU-142" });
  });
});

describe("a slow table", () => {
  it("costs no token calls when there is no time left after taking the lease", async () => {
    const { schedule, fleet, member, run, stored, logins } = setUp();
    let slow = true;
    fleet.records.faults = {
      after: ({ operation }) =>
        slow && operation === "compareAndSet" ? schedule.clock.sleep(0.7 * SECOND) : undefined,
    };
    for (let n = 0; n < 6; n++) {
      const { instance, ask } = member();
      expect((await rejectionOf(run(instance, () => ask(2_500)))).kind).toBe("storage");
    }
    expect({ calls: stored().calls, lease: stored().lease, logins: logins() }).toEqual({
      calls: [],
      logins: 0,
    });
    slow = false;
    const { instance, ask } = member();
    expect((await run(instance, () => ask(2_500))).generation).toBe(1);
  });
});

describe("a secret that moved to another server", () => {
  it("is learnt from the stored token by a process with the old secret cached", async () => {
    const { schedule, fleet, member, run, logins } = setUp();
    const moved = { ...secretVersion(2), server: "https://new.test" };
    const contents = { value: "new", expiresAt: schedule.clock.now() + 3_600_000, server: moved.server };
    const sealed = sealToken(contents, moved, { accountKey: "acct", generation: 1 });
    const token = { issuedAt: schedule.clock.now(), expiresAt: contents.expiresAt, sealed };
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, generation: 1, token }));
    fleet.secret.sourceFor = () => ({
      current: async () => secretVersion(1),
      refreshed: async () => [moved, secretVersion(1)],
    });
    const { instance, ask } = member();
    expect(await run(instance, () => ask(20 * SECOND))).toMatchObject({ value: "new", server: moved.server });
    expect(logins()).toBe(0);
  });
});

describe("a rejected token", () => {
  it("is replaced only when the table still holds it", async () => {
    const { fleet, member, run, logins } = setUp();
    const [a, b] = [member(), member()];
    const first = await run(a.instance, () => a.ask(20 * SECOND));
    await run(b.instance, () => b.ask(20 * SECOND));
    fleet.ringCentral.killAll();
    const rejectAndAsk = async ({ tokens, ask }: typeof a) => {
      tokens.reject(first);
      return ask(20 * SECOND);
    };
    const second = await run(a.instance, () => rejectAndAsk(a));
    expect(second.generation).toBe(2);
    expect(await run(b.instance, () => rejectAndAsk(b))).toEqual(second);
    expect(logins()).toBe(2);
  });

  it("is not handed to a cold start while its replacement is being fetched", async () => {
    const { fleet, member, run, stored } = setUp();
    const a = member();
    const first = await run(a.instance, () => a.ask(20 * SECOND));
    const b = member();
    const asked = a.instance.start(async () => {
      await a.tokens.reject(first);
      return a.ask(20 * SECOND);
    });
    let cold: Promise<unknown> | undefined;
    fleet.records.onWrite = () => {
      if (stored().lease !== undefined) cold ??= b.instance.start(() => b.ask(20 * SECOND));
    };
    await fleet.schedule.run();
    const second = await asked;
    expect(second).toMatchObject({ status: "done", value: { generation: 2 } });
    expect(await cold).toMatchObject({ status: "done", value: { generation: 2 } });
  });

  it("does not count when it is older than the one in use", async () => {
    const { fleet, member, run, logins } = setUp();
    const { instance, tokens, ask } = member();
    const first = await run(instance, () => ask(20 * SECOND));
    fleet.ringCentral.killAll();
    tokens.reject(first);
    const second = await run(instance, () => ask(20 * SECOND));
    tokens.reject(first);
    expect(await run(instance, () => ask(20 * SECOND))).toBe(second);
    expect(logins()).toBe(2);
  });
});

describe("a token rejected twice", () => {
  it("stays rejected when a late caller rejects the one before it", async () => {
    const { fleet, member, run } = setUp();
    const { instance, tokens, ask } = member();
    const first = await run(instance, () => ask(20 * SECOND));
    tokens.reject(first);
    const second = await run(instance, () => ask(20 * SECOND));
    fleet.ringCentral.killAll();
    tokens.reject(second);
    tokens.reject(first);
    expect((await run(instance, () => ask(20 * SECOND))).generation).toBe(3);
  });
});

describe("the record in the table", () => {
  it("contains neither token nor credentials", async () => {
    const { fleet, member, run } = setUp();
    const { instance, ask } = member();
    const { value } = await run(instance, () => ask(20 * SECOND));
    const table = JSON.stringify(fleet.records.dump());
    for (const secret of [value, "secret-1", "jwt-1"]) expect(table).not.toContain(secret);
  });

  it("is overwritten when it does not parse, or its token opens with no known secret", async () => {
    const future = Date.UTC(2026, 0, 1, 2);
    const contents = { value: "planted", expiresAt: future, server: "https://rc.test" };
    const sealed = sealToken(contents, secretVersion(8), { accountKey: "acct", generation: 4 });
    const foreign = { ...emptyRecord, generation: 4, token: { issuedAt: 0, expiresAt: future, sealed } };
    for (const planted of ["[]", '"junk"', JSON.stringify(foreign)]) {
      const { fleet, member, run, logins } = setUp();
      fleet.records.plant(key, 3, planted);
      const { instance, ask } = member();
      const token = await run(instance, () => ask(20 * SECOND));
      expect(token.value).toMatch(/^token-1-of-/);
      expect(logins()).toBe(1);
    }
  });

  it("serves a holder of the current secret when AWSPREVIOUS sealed it", async () => {
    const { fleet, member, run, logins } = setUp();
    const a = member();
    const first = await run(a.instance, () => a.ask(20 * SECOND));
    fleet.secret.rotateTo(2);
    const b = member();
    expect(await run(b.instance, () => b.ask(20 * SECOND))).toEqual(first);
    expect(logins()).toBe(1);
  });

  it("does not bring back a token of a server that the secret no longer names", async () => {
    const { schedule, fleet, member, run } = setUp();
    const moved = { ...secretVersion(1), server: "https://old.test" };
    const expiresAt = schedule.clock.now() + 3_600_000;
    const sealed = sealToken({ value: "old", expiresAt, server: moved.server }, moved, {
      accountKey: "acct",
      generation: 1,
    });
    const record = {
      ...emptyRecord,
      generation: 1,
      token: { issuedAt: schedule.clock.now(), expiresAt, sealed },
    };
    fleet.records.plant(key, 1, JSON.stringify(record));
    const { instance } = member();
    fleet.secret.sourceFor = () => ({
      current: async () => secretVersion(1),
      refreshed: async () => [secretVersion(1), moved],
    });
    const late = member();
    expect((await run(late.instance, () => late.ask(20 * SECOND))).server).toBe("https://rc.test");
    expect(instance.crashed).toBe(false);
  });

  it("keeps generations growing when the record was deleted", async () => {
    const { fleet, member, run } = setUp();
    const { instance, tokens, ask } = member();
    const first = await run(instance, () => ask(20 * SECOND));
    const version = fleet.records.dump()[0]?.version ?? 0;
    await fleet.records.remove(key, version);
    fleet.ringCentral.killAll();
    tokens.reject(first);
    expect((await run(instance, () => ask(20 * SECOND))).generation).toBe(2);
  });
});

describe("a secret that changes during a login", () => {
  it("is tried at once, although it was re-read a moment ago for another reason", async () => {
    const { fleet, member, run, logins } = setUp();
    const sealed = sealToken({ value: "x", expiresAt: 1, server: "s" }, secretVersion(8), {
      accountKey: "acct",
      generation: 4,
    });
    const far = Date.UTC(2026, 0, 2);
    fleet.records.plant(
      key,
      1,
      JSON.stringify({ ...emptyRecord, generation: 4, token: { issuedAt: 0, expiresAt: far, sealed } }),
    );
    fleet.ringCentral.accept(2);
    fleet.ringCentral.respondWith(() => {
      fleet.secret.rotateTo(2);
      fleet.ringCentral.respondWith(undefined);
      return undefined;
    });
    const { instance, ask } = member();
    expect((await run(instance, () => ask(8 * SECOND))).generation).toBe(5);
    expect(logins()).toBe(2);
  });
});

describe("a table that fails once", () => {
  it("is asked again before a caller is rejected", async () => {
    const { fleet, member, run, stored, logins } = setUp();
    let calls = 0;
    fleet.records.faults = {
      before: () => {
        if (++calls <= 2) throw new StorageUnavailable("blip");
      },
    };
    const { instance, ask } = member();
    expect((await run(instance, () => ask(20 * SECOND))).generation).toBe(1);
    expect(stored().generation).toBe(1);
    expect(fleet.events).not.toContainEqual({ type: "degraded", how: "no_token" });
    expect(logins()).toBe(1);
  });

  it("does not make an instance wait for its own lease", async () => {
    const { schedule, fleet, member, run, logins } = setUp();
    let writes = 0;
    fleet.records.faults = {
      after: ({ operation }) => {
        if (operation === "compareAndSet" && ++writes === 1) throw new StorageUnavailable("response lost");
      },
    };
    const { instance, ask } = member();
    const began = schedule.clock.now();
    const token = instance.start(() => ask(20 * SECOND));
    await schedule.run();
    expect((await token).at - began).toBeLessThan(4 * SECOND);
    expect(await run(instance, () => ask(20 * SECOND))).toMatchObject({ generation: 1 });
    expect(logins()).toBe(1);
  });
});

describe("without the table", () => {
  it.each([
    ["away", () => Promise.reject(new StorageUnavailable("down"))],
    ["silent", () => new Promise<void>(() => {})],
  ])(
    "while it is %s, a process without a token rejects within 2 s and does not log in",
    async (_, before) => {
      const { schedule, fleet, member, run, logins } = setUp();
      fleet.records.faults = { before };
      const { instance, ask } = member();
      const began = schedule.clock.now();
      const rejection = await rejectionOf(run(instance, () => ask(20 * SECOND)));
      expect(rejection).toMatchObject({ kind: "storage", retryAfterMs: 2_000, mayHaveTakenEffect: false });
      expect(schedule.clock.now() - began).toBeLessThanOrEqual(2 * SECOND);
      expect(fleet.events).toContainEqual({ type: "degraded", how: "no_token" });
      expect(logins()).toBe(0);
    },
  );

  it("rejects the next caller at once, and asks the table again a moment later", async () => {
    const { schedule, fleet, member, run, pass, logins } = setUp();
    fleet.records.faults = { before: () => new Promise<void>(() => {}) };
    const { instance, ask } = member();
    await rejectionOf(run(instance, () => ask(20 * SECOND)));
    const began = schedule.clock.now();
    expect((await rejectionOf(run(instance, () => ask(20 * SECOND)))).kind).toBe("storage");
    expect(schedule.clock.now()).toBe(began);
    fleet.records.faults = {};
    await pass(5 * SECOND);
    expect((await run(instance, () => ask(20 * SECOND))).generation).toBe(1);
    expect(logins()).toBe(1);
  });

  it("does not replace a token that RingCentral rejected", async () => {
    const { fleet, member, run, logins } = setUp();
    const { instance, tokens, ask } = member();
    const token = await run(instance, () => ask(20 * SECOND));
    fleet.records.faults = down;
    fleet.ringCentral.killAll();
    tokens.reject(token);
    expect((await rejectionOf(run(instance, () => ask(20 * SECOND)))).kind).toBe("storage");
    expect(logins()).toBe(1);
  });

  it("has no lease when the response to the write that takes it is lost", async () => {
    const { schedule, fleet, member, run, stored, logins } = setUp();
    const { instance, ask } = member();
    fleet.records.faults = {
      after: ({ operation }) =>
        operation === "compareAndSet" ? schedule.clock.sleep(5 * SECOND) : undefined,
    };
    expect((await rejectionOf(run(instance, () => ask(20 * SECOND)))).kind).toBe("storage");
    expect(stored().lease).toMatchObject({ owner: instance.name });
    expect(logins()).toBe(0);
    fleet.records.faults = {};
    await run(instance, () => ask(20 * SECOND));
    expect({ calls: stored().calls.length, logins: logins() }).toEqual({ calls: 1, logins: 1 });
  });

  it("says that the table fails when the login of another process does not end meanwhile", async () => {
    const { fleet, member, run, pass } = setUp();
    const { instance, ask } = member();
    fleet.records.faults = down;
    await rejectionOf(run(instance, () => ask(20 * SECOND)));
    fleet.records.faults = {};
    await pass(5 * SECOND);
    const lease = { owner: "other", fence: 1, until: fleet.schedule.clock.now() + 10 * SECOND };
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, fence: 1, lease }));
    expect((await rejectionOf(run(instance, () => ask(3 * SECOND)))).kind).toBe("storage");
  });

  it.each<[cause: string, responseMs: number, kind: string]>([
    ["the table's, when its own calls were slow", 650, "storage"],
    ["RingCentral's, when they were not", 20, "unavailable"],
  ])("takes a login of another process that does not end for %s", async (_, responseMs, kind) => {
    const { fleet, member, run } = setUp();
    const { instance, ask } = member();
    const lease = { owner: "other", fence: 1, until: fleet.schedule.clock.now() + 10 * SECOND };
    fleet.records.plant(key, 1, JSON.stringify({ ...emptyRecord, fence: 1, lease }));
    let reads = 0;
    fleet.records.faults = { before: () => fleet.schedule.clock.sleep(++reads === 1 ? responseMs : 0) };
    expect((await rejectionOf(run(instance, () => ask(5 * SECOND)))).kind).toBe(kind);
  });

  it("holds a caller up for 2 s at most after a login, while the table does not take the token", async () => {
    const { schedule, fleet, member } = setUp();
    const { instance, ask } = member();
    let hangsAt = Number.NaN;
    let writes = 0;
    fleet.records.faults = {
      before: ({ operation }) => {
        if (operation !== "compareAndSet" || ++writes === 1) return undefined;
        hangsAt = schedule.clock.now();
        return new Promise<void>(() => {});
      },
    };
    const asked = instance.start(() => ask(20 * SECOND));
    await schedule.run();
    const outcome = await asked;
    expect(outcome).toMatchObject({ status: "done", value: { value: expect.stringMatching(/^token-1/) } });
    expect(outcome.at - hangsAt).toBeLessThanOrEqual(2 * SECOND);
  });

  it("uses a token that the table did not take until it is due, then the fleet's", async () => {
    const { fleet, member, run, pass, stored, logins } = setUp();
    const { instance, ask } = member();
    let writes = 0;
    fleet.records.faults = {
      before: ({ operation }) => {
        if (operation === "compareAndSet" && ++writes > 1) throw new StorageUnavailable("down");
      },
    };
    const own = await run(instance, () => ask(20 * SECOND));
    expect(fleet.events).toContainEqual({ type: "degraded", how: "token_not_stored" });
    expect(stored().token).toBeUndefined();
    expect(await run(instance, () => ask(20 * SECOND))).toBe(own);
    fleet.records.faults = {};
    await pass(20 * MINUTE);
    const other = member();
    const shared = await run(other.instance, () => other.ask(20 * SECOND));
    expect(await run(instance, () => ask(20 * SECOND))).toBe(own);
    await pass(36 * MINUTE);
    expect(await run(instance, () => ask(20 * SECOND))).toEqual(shared);
    expect(logins()).toBe(2);
  });

  it("counts the login of a token that the table did not take, when that token is rejected", async () => {
    const { fleet, member, run, stored } = setUp();
    const { instance, ask, tokens } = member();
    let writes = 0;
    fleet.records.faults = {
      before: ({ operation }) => {
        if (operation === "compareAndSet" && ++writes > 1) throw new StorageUnavailable("down");
      },
    };
    const own = await run(instance, () => ask(20 * SECOND));
    fleet.records.faults = {};
    tokens.reject(own);
    await run(instance, () => ask(20 * SECOND));
    expect(stored()).toMatchObject({ generation: 1, fence: 2 });
    expect(stored().calls).toHaveLength(2);
  });

  it("recognises a stored token although the response to the write was lost", async () => {
    const { fleet, member, run, stored, logins } = setUp();
    const { instance, ask } = member();
    let writes = 0;
    fleet.records.faults = {
      after: ({ operation }) => {
        if (operation === "compareAndSet" && ++writes === 2) throw new StorageUnavailable("response lost");
      },
    };
    expect((await run(instance, () => ask(20 * SECOND))).generation).toBe(1);
    expect(stored().generation).toBe(1);
    expect(fleet.events.filter(({ type }) => type === "fenced_off")).toEqual([]);
    expect(logins()).toBe(1);
  });
});

describe("the description for operators", () => {
  it("tells generation, age and cool-down of the fleet's token, without a secret", async () => {
    const { schedule, fleet, member, run, pass } = setUp();
    const { instance, tokens, ask } = member();
    expect(await run(instance, () => tokens.describe())).toEqual({ seenBy: "fleet", generation: 0 });
    const token = await run(instance, () => ask(20 * SECOND));
    await pass(10 * MINUTE);
    const seen = await run(instance, () => tokens.describe());
    expect(seen).toMatchObject({ seenBy: "fleet", generation: 1, expiresAt: token.expiresAt });
    expect(seen.ageMs).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(JSON.stringify(seen)).not.toContain(token.value);

    const until = schedule.clock.now() + MINUTE;
    fleet.records.plant(key, 9, JSON.stringify({ ...emptyRecord, rateLimitedUntil: until }));
    expect(await run(instance, () => tokens.describe())).toMatchObject({
      coolDown: { until, reason: "rate_limited" },
    });
  });

  it("tells what this process knows while the table is unavailable", async () => {
    const { fleet, member, run } = setUp();
    const { instance, tokens, ask } = member();
    await run(instance, () => ask(20 * SECOND));
    fleet.records.faults = down;
    expect(await run(instance, () => tokens.describe())).toMatchObject({ seenBy: "process", generation: 1 });
  });
});
