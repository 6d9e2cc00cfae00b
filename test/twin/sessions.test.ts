import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { App, User } from "./data/world.ts";
import { Rejection } from "./edge/response.ts";
import { type OAuthSettings, oauthDefaults } from "./oauth/options.ts";
import { createSessions, type Session } from "./oauth/sessions.ts";
import { createRandom } from "./random.ts";
import { createManualClock } from "./twin.ts";

const app: App = { clientId: "app", permissions: [], grants: [], redirectUris: [] };
const person = (extensionId: string): User => ({
  accountId: "1",
  extensionId,
  admin: false,
  permissions: [],
});
const [ana, ben] = [person("1"), person("2")];
const lifetimes = { accessSeconds: 3600, refreshSeconds: 7200 };

/** Sessions on a clock of their own; `open` with an endpoint of each session's own unless one is given. */
function lab(settings: Partial<OAuthSettings> = {}) {
  const clock = createManualClock(0);
  const sessions = createSessions(clock, createRandom(1), () => ({ ...oauthDefaults, ...settings }));
  let opened = 0;
  const open = (user = ana, options: Partial<Session> = {}) => {
    opened += 1;
    const { id, accessToken, refreshToken } = sessions.open(app, user, {
      via: "code",
      endpointId: `endpoint-${opened}`,
      lifetimes,
      ...options,
    });
    return { id, access: accessToken, refresh: refreshToken };
  };
  const refresh = (token: string) => {
    try {
      const { accessToken, refreshToken } = sessions.refresh(app, token, lifetimes);
      return { access: accessToken, refresh: refreshToken };
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      return /OAU-\d+/.exec(error.response.body ?? "")?.[0];
    }
  };
  const use = (token: string) => {
    const lookup = sessions.useAccessToken(token);
    return lookup.found ? "found" : lookup.reason;
  };
  const alive = () => sessions.list().map(({ id }) => id);
  return { clock, sessions, open, refresh, use, alive };
}

describe("the readings of", () => {
  test.each([
    ["ends-oldest", [1, 2]],
    ["ends-least-used", [0, 2]],
    ["ends-all", [2]],
  ] as const)("one session too many: %s", (sessionLimit, left) => {
    const { clock, open, use, alive } = lab({ sessionLimit, maxSessions: 2 });
    const [first, second] = [open(), open()];
    open(ben);
    clock.advance(1);
    use(first.access);
    const third = open();
    const own = [first.id, second.id, third.id];
    expect(own.flatMap((id, index) => (alive().includes(id) ? [index] : []))).toEqual(left);
    expect(alive()).toHaveLength(left.length + 1);
  });

  test("a second log-in at the same endpoint", () => {
    for (const [sameEndpoint, count] of [
      ["replaces", 2],
      ["adds", 3],
    ] as const) {
      const { open, alive } = lab({ sameEndpoint });
      for (const user of [ana, ben, ana]) open(user, { endpointId: "phone" });
      expect(alive()).toHaveLength(count);
    }
  });

  test("the replay of a rotated refresh token", () => {
    const same = lab();
    const first = same.open();
    const second = same.refresh(first.refresh);
    expect(same.refresh(first.refresh)).toEqual(second);
    const other = lab({ replayReturns: "new-refresh-token" });
    const opened = other.open();
    const rotated = other.refresh(opened.refresh);
    const replayed = other.refresh(opened.refresh);
    if (typeof rotated !== "object" || typeof replayed !== "object") throw new Error("no tokens");
    expect(replayed.access).toBe(rotated.access);
    expect(other.refresh(rotated.refresh)).toBe("OAU-213");
    expect(other.refresh(replayed.refresh)).toBeTypeOf("object");
  });

  test("the grace after a rotation: none at all", () => {
    const { open, refresh } = lab({ graceUnusedMs: 0 });
    const { refresh: token } = open();
    expect(refresh(token)).toBeTypeOf("object");
    expect(refresh(token)).toBe("OAU-213");
  });

  test("the absolute timeout: no refresh outlives it", () => {
    const { clock, open, refresh, use } = lab({ absoluteSessionSeconds: 100 });
    const first = open();
    clock.advance(99_999);
    const second = refresh(first.refresh);
    if (typeof second !== "object") throw new Error("no tokens");
    expect(use(second.access)).toBe("found");
    clock.advance(1);
    expect([use(second.access), refresh(second.refresh)]).toEqual(["unknown", "OAU-213"]);
  });
});

test("sessions end by their id, app, person or way of log-in", () => {
  const { sessions, open, alive } = lab();
  const ids = [open(ana), open(ana, { via: "jwt" }), open(ben), open(ben)].map(({ id }) => id);
  sessions.end({ extensionId: "1", via: "code" });
  expect(alive()).toEqual(ids.slice(1));
  sessions.end({ clientId: "another" });
  sessions.end({ sessionId: ids[2] ?? "" });
  expect(alive()).toEqual([ids[1], ids[3]]);
  sessions.end({});
  expect(alive()).toEqual([]);
});

interface Generation {
  access: string;
  refresh: string;
  at: number;
  firstUsedAt?: number;
}

const maxSessions = 2;

/** What the documentation promises of a session's tokens, written a second time. */
class Model {
  sessions: { extensionId: string; generations: Generation[] }[] = [];

  open(extensionId: string, generation: Generation): void {
    const [oldest, ...others] = this.sessions.filter((session) => session.extensionId === extensionId);
    if (others.length === maxSessions - 1)
      this.sessions = this.sessions.filter((session) => session !== oldest);
    this.sessions.push({ extensionId, generations: [generation] });
  }

  refresh(token: string, now: number): "new" | Pick<Generation, "access" | "refresh"> | string {
    for (const { generations } of this.sessions) {
      const [last, before] = generations.toReversed();
      if (last?.refresh === token) return now < last.at + 7_200_000 ? "new" : "OAU-210";
      if (last === undefined || before?.refresh !== token) continue;
      const until = Math.min(last.at + 3_600_000, (last.firstUsedAt ?? Number.POSITIVE_INFINITY) + 10_000);
      if (now < until) return { access: last.access, refresh: last.refresh };
    }
    return "OAU-213";
  }

  use(token: string, now: number): "found" | "expired" | "unknown" {
    const last = this.sessions
      .map(({ generations }) => generations.at(-1))
      .find((each) => each?.access === token);
    if (last === undefined) return "unknown";
    if (now >= last.at + 3_600_000) return "expired";
    last.firstUsedAt ??= now;
    return "found";
  }

  revoke(token: string): void {
    const index = this.sessions.findIndex(({ generations }) =>
      generations.slice(-2).some(({ access, refresh }, position, { length }) => {
        return refresh === token || (access === token && position === length - 1);
      }),
    );
    if (index >= 0) this.sessions.splice(index, 1);
  }
}

test("log-ins, uses, refreshes, replays and revocations in any order are as the documentation says", () => {
  const step = fc.record({
    act: fc.constantFrom(
      "open",
      "use",
      "use",
      "use",
      "refresh",
      "refresh",
      "refresh",
      "revoke",
      "wait",
      "wait",
    ),
    /** Which token, counted from the newest. */
    which: fc.constantFrom(0, 0, 0, 1, 1, 2, 5),
    extensionId: fc.constantFrom("1", "1", "2"),
    waitMs: fc.constantFrom(1, 9_999, 10_000, 3_599_999, 3_600_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const { clock, sessions, open, refresh, use } = lab({ maxSessions });
      const model = new Model();
      const issued: { access: string; refresh: string }[] = [];
      for (const { act, which, extensionId, waitMs } of steps) {
        const token = issued.at(-1 - which) ?? { access: "none", refresh: "none" };
        const now = clock.now();
        if (act === "open") {
          // A person's credentials differ; their sessions are counted together.
          const tokens = open(person(extensionId));
          issued.push(tokens);
          model.open(extensionId, { ...tokens, at: now });
        } else if (act === "use") {
          expect(use(token.access)).toBe(model.use(token.access, now));
        } else if (act === "refresh") {
          const expected = model.refresh(token.refresh, now);
          const result = refresh(token.refresh);
          if (expected !== "new") expect(result).toEqual(expected);
          else if (typeof result !== "object") expect(result).toBeTypeOf("object");
          else {
            issued.push(result);
            const renewed = model.sessions.find(
              ({ generations }) => generations.at(-1)?.refresh === token.refresh,
            );
            renewed?.generations.push({ ...result, at: now });
          }
        } else if (act === "revoke") {
          const either = extensionId === "1" ? token.access : token.refresh;
          sessions.revoke(app, either);
          model.revoke(either);
        } else clock.advance(waitMs);
        expect(sessions.list()).toHaveLength(model.sessions.length);
      }
    }),
    { numRuns: Number(process.env.DEEP_RUNS ?? 150) },
  );
});
