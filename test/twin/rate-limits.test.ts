import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { createRateLimiter } from "./edge/rate-limiter.ts";
import { companyNumbersPath, extensionPath, logIn, mainApp, requestJwtToken, type Send } from "./http-lab.ts";
import { createManualClock, SEED, startTwin } from "./twin.ts";

const clock = createManualClock();
const twin = await startTwin({ clock, numbers: 30 });
afterAll(() => twin.close());
let send: Send;
beforeEach(async () => {
  twin.reset();
  send = await logIn(twin);
});

const rate = (headers: Headers) =>
  Object.fromEntries(
    ["group", "limit", "remaining", "window"].map((name) => [name, headers.get(`x-rate-limit-${name}`)]),
  );

async function exhaust(path: string, times: number, as: Send = send) {
  for (let index = 0; index < times; index += 1) {
    expect((await as("GET", path)).status).toBe(200);
  }
}

describe("a usage plan group", () => {
  test("counts down and then rejects, with the documented headers", async () => {
    const first = await send("GET", companyNumbersPath);
    expect(rate(first.headers)).toEqual({ group: "heavy", limit: "10", remaining: "9", window: "60" });
    await exhaust(companyNumbersPath, 9);
    const rejected = await send("GET", companyNumbersPath);
    expect(rejected.status).toBe(429);
    expect(rejected.body).toEqual({
      errorCode: "CMN-301",
      message: "Request rate exceeded",
      errors: [{ errorCode: "CMN-301", message: "Request rate exceeded" }],
    });
    expect(rate(rejected.headers)).toEqual({ group: "heavy", limit: "10", remaining: "0", window: "60" });
    expect(rejected.headers.get("retry-after")).toBe("60");
  });

  test("restarts its penalty with every request made during it", async () => {
    await exhaust(companyNumbersPath, 10);
    expect((await send("GET", companyNumbersPath)).status).toBe(429);
    clock.advance(59_000);
    expect((await send("GET", companyNumbersPath)).status).toBe(429);
    clock.advance(59_000);
    expect((await send("GET", companyNumbersPath)).status).toBe(429);
    clock.advance(60_000);
    expect((await send("GET", companyNumbersPath)).status).toBe(200);
  });

  test("slides: a request more than a minute old no longer counts", async () => {
    await exhaust(companyNumbersPath, 5);
    clock.advance(30_000);
    await exhaust(companyNumbersPath, 5);
    clock.advance(30_000);
    await exhaust(companyNumbersPath, 5);
    expect((await send("GET", companyNumbersPath)).status).toBe(429);
  });

  test("is shared by all its calls, and by no others", async () => {
    twin.configure({ limits: { Light: 3 } });
    await exhaust(`${extensionPath()}/blocked-number`, 2);
    await exhaust(`${extensionPath()}/forwarding-number`, 1);
    expect((await send("GET", `${extensionPath()}/caller-blocking`)).status).toBe(429);
    await exhaust(companyNumbersPath, 1);
    await exhaust(`${extensionPath()}/blocked-number`, 3, await logIn(twin, SEED.jwts.user));
    await exhaust(
      `${extensionPath()}/blocked-number`,
      3,
      await logIn(twin, SEED.jwt, SEED.apps.editAccounts),
    );
    await exhaust(companyNumbersPath, 1);
  });

  test("counts rejected calls too, and can be lifted", async () => {
    const missing = await send("GET", `${extensionPath("1")}/blocked-number`);
    expect([missing.status, missing.headers.get("x-rate-limit-remaining")]).toEqual([404, "49"]);
    twin.configure({ limits: { Heavy: false } });
    await exhaust(companyNumbersPath, 12);
  });
});

test("an account may have a limit of its own, which no header announces", async () => {
  const [other, foreign] = [
    await logIn(twin, SEED.jwts.user),
    await logIn(twin, SEED.jwts.otherAccountAdmin),
  ];
  twin.configure({ accountLimit: 3 });
  const path = `${extensionPath("~")}/caller-blocking`;
  await exhaust(path, 2);
  await exhaust(path, 1, other);
  const { status, headers } = await other("GET", path);
  expect([status, headers.get("x-rate-limit-group"), headers.get("retry-after")]).toEqual([429, null, null]);
  await exhaust(path, 1, foreign);
});

describe("the Auth group", () => {
  test("gives an application five requests a minute, for all users together", async () => {
    const users = [SEED.jwts.user, SEED.jwts.otherUser, SEED.jwts.limited, SEED.jwts.admin];
    for (const jwt of users) expect((await requestJwtToken(twin, jwt)).status).toBe(200);
    const rejected = await requestJwtToken(twin);
    expect([rejected.status, rejected.headers.get("retry-after")]).toEqual([429, "60"]);
    expect((await requestJwtToken(twin, SEED.jwt, SEED.apps.public)).status).toBe(200);
    clock.advance(60_000);
    expect((await requestJwtToken(twin)).status).toBe(200);
  });

  test("counts failed logins and revocations", async () => {
    const wrong = { ...mainApp, clientSecret: "wrong" };
    for (let index = 0; index < 4; index += 1) {
      expect((await requestJwtToken(twin, SEED.jwt, wrong)).status).toBe(400);
    }
    expect((await requestJwtToken(twin)).status).toBe(429);
  });
});

test("a limiter never accepts more than its limit in a minute, nor anything within a minute of a rejection", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 70_000 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), gaps, (limit, waits) => {
      const limiter = createRateLimiter();
      let now = 0;
      let rejectedAt = Number.NEGATIVE_INFINITY;
      const accepted: number[] = [];
      for (const wait of waits) {
        now += wait;
        const lately = accepted.filter((at) => at > now - 60_000).length;
        const verdict = limiter.hit("key", limit, now);
        expect(verdict.accepted).toBe(lately < limit && now >= rejectedAt + 60_000);
        if (verdict.accepted) accepted.push(now);
        else rejectedAt = now;
      }
    }),
  );
});
