import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { outOfTime, RingCentralError } from "../../../lib/ringcentral/errors.ts";
import type { Credentials } from "../../../lib/ringcentral/ports.ts";
import {
  createProcessTokenSource,
  TOKEN_CALLS_PER_WINDOW,
} from "../../../lib/ringcentral/process-token-source.ts";
import { captureLog } from "./capture-log.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";

const CREDENTIALS = { server: "https://rc.test", clientId: "app", clientSecret: "s1", jwt: "j1" };

function refusal(more: object = {}): RingCentralError {
  return new RingCentralError({ kind: "auth", operation: "login", mayHaveTakenEffect: false, ...more });
}

interface World {
  clock?: ManualClock;
  expiresInSeconds?: number;
  /** What the login answers after `tookMs`: undefined for a token. */
  outcome?: (credentials: Credentials, call: number) => RingCentralError | undefined;
  tookMs?: number;
  versions?: Credentials[];
}

function setUp(world: World = {}) {
  const { clock = manualClock(), expiresInSeconds = 3600, tookMs = 0, versions = [CREDENTIALS] } = world;
  const logins: { at: number; clientSecret: string }[] = [];
  let rereads = 0;
  const source = createProcessTokenSource({
    clock,
    random: () => 0,
    log: captureLog().log,
    credentials: {
      current: async () => CREDENTIALS,
      refreshed: async () => {
        rereads += 1;
        return versions;
      },
    },
    oauth: {
      async login(credentials, deadline) {
        logins.push({ at: clock.now(), clientSecret: credentials.clientSecret });
        const call = logins.length;
        const timeLeftMs = deadline.remainingMs();
        if (tookMs > 0) await clock.sleep(Math.min(tookMs, timeLeftMs));
        if (timeLeftMs < tookMs) throw outOfTime("login");
        const error = world.outcome?.(credentials, call);
        if (error) throw error;
        return { accessToken: `SIM-at-${call}`, expiresInSeconds, ownerId: "3800222" };
      },
    },
  });
  const obtain = (withinMs = 10_000) => source.accessToken(deadlineIn(withinMs, clock, 0));
  return { source, clock, logins, obtain, rereads: () => rereads };
}

async function failureOf(pending: Promise<unknown>) {
  const error = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RingCentralError)) throw new Error(`expected a RingCentralError, got ${error}`);
  return error.failure;
}

describe("the token of a process", () => {
  it("comes from one login, whatever the concurrency", async () => {
    const { clock, logins, obtain } = setUp({ tookMs: 200 });
    const waiting = Array.from({ length: 100 }, () => obtain());
    await clock.advance(200);
    const tokens = await Promise.all(waiting);
    expect(logins).toHaveLength(1);
    expect(new Set(tokens.map(({ value }) => value))).toEqual(new Set(["SIM-at-1"]));
    expect(tokens[0]).toMatchObject({ generation: 1, server: "https://rc.test", ownerId: "3800222" });
  });

  it("is believed to expire no later than it does: counted from before the login", async () => {
    const { clock, obtain } = setUp({ tookMs: 200 });
    const before = clock.now();
    const pending = obtain();
    await clock.advance(200);
    expect((await pending).expiresAt).toBe(before + 3_600_000);
  });

  it("serves until 60 s before it expires, and is then renewed", async () => {
    const { clock, logins, obtain } = setUp();
    await obtain();
    await clock.advance(3_600_000 - 60_000 - 1);
    expect((await obtain()).generation).toBe(1);
    await clock.advance(1);
    expect((await obtain()).generation).toBe(2);
    expect(logins).toHaveLength(2);
  });

  it("goes on serving while its renewal fails, for as long as it lives", async () => {
    const { clock, obtain } = setUp({ outcome: (_, call) => (call > 1 ? refusal() : undefined) });
    await obtain();
    await clock.advance(3_600_000 - 30_000);
    expect((await obtain()).generation).toBe(1);
    await clock.advance(25_000);
    expect((await failureOf(obtain())).kind).toBe("auth");
  });

  it("is not renewed all the time when it is short-lived", async () => {
    const { clock, logins, obtain } = setUp({ expiresInSeconds: 40 });
    await obtain();
    await clock.advance(29_000);
    await obtain();
    expect(logins).toHaveLength(1);
    await clock.advance(2_000);
    await obtain();
    expect(logins).toHaveLength(2);
  });
});

describe("a rejected token", () => {
  it("is never handed out again, and its successor is of a later generation", async () => {
    const { source, logins, obtain } = setUp();
    const dead = await obtain();
    await source.reject(dead);
    const next = await obtain();
    expect(next.generation).toBeGreaterThan(dead.generation);
    expect(next.value).not.toBe(dead.value);
    expect(logins).toHaveLength(2);
  });

  it("rejected by many at once costs one login", async () => {
    const { source, clock, logins, obtain } = setUp({ tookMs: 100 });
    const first = obtain();
    await clock.advance(100);
    const dead = await first;
    const again = Array.from({ length: 20 }, async () => {
      await source.reject(dead);
      return obtain();
    });
    await clock.advance(100);
    expect(new Set((await Promise.all(again)).map(({ generation }) => generation))).toEqual(new Set([2]));
    expect(logins).toHaveLength(2);
  });

  it("rejected late does not take its successor with it", async () => {
    const { source, logins, obtain } = setUp();
    const dead = await obtain();
    await source.reject(dead);
    await obtain();
    await source.reject(dead);
    expect((await obtain()).generation).toBe(2);
    expect(logins).toHaveLength(2);
  });
});

describe("refused credentials", () => {
  const rotated = { ...CREDENTIALS, clientSecret: "s2" };
  const onlySecond = (credentials: Credentials) =>
    credentials.clientSecret === "s2" ? undefined : refusal();

  it("are read again at once, and the other version is tried", async () => {
    const { logins, obtain } = setUp({ versions: [rotated, CREDENTIALS], outcome: onlySecond });
    expect((await obtain()).generation).toBe(1);
    expect(logins.map(({ clientSecret }) => clientSecret)).toEqual(["s1", "s2"]);
  });

  it("are not tried again when the secret has not changed", async () => {
    const { logins, obtain, rereads } = setUp({ outcome: () => refusal({ oauthError: "invalid_client" }) });
    expect(await failureOf(obtain())).toMatchObject({ kind: "auth", oauthError: "invalid_client" });
    expect(logins).toHaveLength(1);
    expect(rereads()).toBe(1);
  });

  it("cool down: the same failure at once, with the time to wait", async () => {
    const { clock, logins, obtain } = setUp({ outcome: () => refusal() });
    await failureOf(obtain());
    await clock.advance(10_000);
    expect(await failureOf(obtain())).toMatchObject({ kind: "auth", retryAfterMs: 20_000 });
    expect(logins).toHaveLength(1);
    await clock.advance(20_000);
    await failureOf(obtain());
    expect(logins).toHaveLength(2);
  });

  it("a 429 cools down for as long as it says", async () => {
    const limited = new RingCentralError({
      kind: "rate_limited",
      operation: "login",
      status: 429,
      retryAfterMs: 60_000,
      mayHaveTakenEffect: false,
    });
    const { clock, logins, obtain } = setUp({ outcome: (_, call) => (call === 1 ? limited : undefined) });
    await failureOf(obtain());
    await clock.advance(59_999);
    expect(await failureOf(obtain())).toMatchObject({ kind: "rate_limited", retryAfterMs: 1 });
    await clock.advance(1);
    await obtain();
    expect(logins).toHaveLength(2);
  });
});

describe("deadlines", () => {
  it("one with little time neither waits past it nor fails the others", async () => {
    const { clock, logins, obtain } = setUp({ tookMs: 500 });
    const hurried = failureOf(obtain(100));
    const patient = obtain(5_000);
    await clock.advance(100);
    expect((await hurried).kind).toBe("timeout");
    await clock.advance(500);
    expect((await patient).generation).toBe(1);
    expect(logins).toHaveLength(2);
  });
});

describe("the budget of token calls", () => {
  it("holds however many tokens are rejected, callers come and secrets are wrong", async () => {
    const step = fc.record({
      pauseMs: fc.nat(20_000),
      callers: fc.integer({ min: 1, max: 4 }),
      reject: fc.boolean(),
      refuse: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        let refuse = false;
        const clock = manualClock(0);
        const { source, logins, obtain } = setUp({
          clock,
          versions: [{ ...CREDENTIALS, jwt: "j2" }, CREDENTIALS],
          outcome: () => (refuse ? refusal() : undefined),
        });
        for (const { pauseMs, callers, reject, ...next } of steps) {
          refuse = next.refuse;
          await clock.advance(pauseMs);
          const tokens = await Promise.all(
            Array.from({ length: callers }, () => obtain().catch(() => undefined)),
          );
          if (reject) for (const token of tokens) if (token) await source.reject(token);
        }
        for (const { at } of logins) {
          const inWindow = logins.filter((other) => other.at >= at && other.at < at + 60_000);
          expect(inWindow.length).toBeLessThanOrEqual(TOKEN_CALLS_PER_WINDOW);
        }
      }),
      { numRuns: Number(process.env.DEEP_RUNS ?? 150) },
    );
  });
});
