import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TokenNeed } from "../../../../lib/ringcentral/auth/ports.ts";
import { readTokenCallOutcome } from "../../../../lib/ringcentral/auth/token-calls.ts";
import {
  lineSettings,
  readLine,
  type TokenCallsRecord,
  turnOf,
  withCall,
  withEndedCall,
  withPlace,
} from "../../../../lib/ringcentral/auth/token-line.ts";

const NOW = 1_800_000_000_000;
const SKEW = 5_000;
const at = (ms: number) => ({ earliest: NOW + ms - SKEW, latest: NOW + ms + SKEW });
const empty = readLine(undefined, at(0));

/** `count` calls that ended at `ms`. */
const spent = (count: number, ms = 0, record = empty): TokenCallsRecord =>
  Array.from({ length: count }, (_, n) => String(n)).reduce(
    (known, id) => withEndedCall(withCall(known, id, undefined, at(ms)), id, undefined, at(ms)),
    record,
  );
const turn = (record: TokenCallsRecord, need: TokenNeed = "request", ms = 0, who?: string) =>
  turnOf(readLine(record, at(ms)), need, who, at(ms));

describe("a call of the token endpoint", () => {
  it.each([
    ["request", 5],
    ["sign_in", 4],
    ["renewal", 3],
  ] as const)("for a %s may go while fewer than %i have gone in a minute", (need, calls) => {
    expect(turn(spent(calls - 1), need).type).toBe("now");
    expect(turn(spent(calls), need).type).toBe("later");
  });

  it("counts for a minute after it has ended on every clock, and until it must have ended if it never does", () => {
    const over = 60_000 + lineSettings.guardMs + 2 * SKEW;
    expect(turn(spent(5), "request", over - 1).type).toBe("later");
    expect(turn(spent(5), "request", over).type).toBe("now");
    const lost = [0, 1, 2, 3, 4].reduce((known, id) => withCall(known, String(id), undefined, at(0)), empty);
    expect(turn(lost, "request", over + lineSettings.callMs - 1).type).toBe("later");
    expect(turn(lost, "request", over + lineSettings.callMs).type).toBe("now");
  });

  it("waits behind those who were told to come back, who keep their turn for a while", () => {
    const full = spent(5);
    const first = turn(full, "sign_in", 0, "a");
    expect(first).toMatchObject({ type: "later", isPlaced: false });
    const due = first.type === "later" ? first.at : 0;
    const ms = due - NOW + SKEW;
    const freed = withPlace(spent(3, ms), "a", "sign_in", due);
    expect(turnOf(freed, "sign_in", "b", at(ms)).type).toBe("later");
    expect(turnOf(freed, "sign_in", "a", at(ms)).type).toBe("now");
    expect(turnOf(freed, "request", "r", at(ms)).type).toBe("now");
    expect(turn(freed, "sign_in", ms + lineSettings.keptMs - 1, "b").type).toBe("later");
    expect(turn(freed, "sign_in", ms + lineSettings.keptMs, "b").type).toBe("now");
  });

  it("serves each of a line in turn, although all come up to 4 s later than told", () => {
    let line = spent(5);
    const told: number[] = [];
    for (let n = 0; n < 30; n++) {
      const given = turn(line, "sign_in", 0, `s${n}`);
      if (given.type !== "later") throw new Error("it is full");
      line = withPlace(line, `s${n}`, "sign_in", given.at);
      told.push(given.at - NOW + SKEW);
    }
    for (const [n, ms] of told.entries()) {
      const [late, id] = [ms + (n % 8 < 4 ? 3_900 : 0), `s${n}`];
      expect(turn(line, "sign_in", late, id)).toEqual({ type: "now" });
      line = withEndedCall(withCall(readLine(line, at(late)), id, id, at(late)), id, undefined, at(late));
    }
  });

  it("is told the same time again when it asks too early", () => {
    const line = withPlace(spent(5), "a", "sign_in", NOW + 100_000);
    expect(turn(line, "sign_in", 10_000, "a")).toEqual({
      type: "later",
      at: NOW + 100_000,
      isPlaced: true,
    });
  });

  it("gets places as far apart as calls come free, and a request passes the sign-ins", () => {
    let line = spent(5);
    const places: number[] = [];
    for (let n = 0; n < 20; n++) {
      const given = turn(line, "sign_in", 0, `s${n}`);
      if (given.type !== "later") throw new Error("it is full");
      line = withPlace(line, `s${n}`, "sign_in", given.at);
      places.push(given.at);
    }
    for (const [n, place] of places.slice(1).entries())
      expect(place - (places[n] ?? 0)).toBeGreaterThan(12_000);
    const request = turn(line, "request", 0, "r");
    expect(request.type === "later" && request.at).toBe(places[0]);
  });

  it("learns limit and window from RingCentral, and pauses after a 429", () => {
    const headers = {
      "x-rate-limit-group": "auth",
      "x-rate-limit-limit": "8",
      "x-rate-limit-window": "30",
      "x-rate-limit-remaining": "7",
    };
    const learnt = withEndedCall(empty, "0", readTokenCallOutcome({ status: 200, headers }, NOW), at(0));
    expect(learnt).toMatchObject({ limit: 8, windowMs: 30_000 });
    const outcome = readTokenCallOutcome({ status: 429, headers: { "retry-after": "40" } }, NOW);
    const paused = withEndedCall(empty, "0", outcome, at(0));
    expect(turn(paused, "request", 40_000 + 2 * SKEW - 1).type).toBe("later");
    expect(turn(paused, "request", 40_000 + 2 * SKEW).type).toBe("now");
  });

  it("keeps to the operator's limit whatever headers state, pauses after a 429, and learns again without it", () => {
    const known = readLine({ ...empty, limit: 8, windowMs: 30_000 }, at(0), 30);
    const sent = withCall(known, "0", undefined, at(0));
    const stated = { limit: 5, windowSeconds: 90, remaining: 0 };
    const ended = (status: number) => withEndedCall(sent, "0", { status, ...stated }, at(0));
    const set = readLine(ended(200), at(0), 30);
    expect(set).toMatchObject({ limit: 30, windowMs: 60_000 });
    expect(turnOf(spent(28, 0, set), "request", undefined, at(0)).type).toBe("now");
    expect(turnOf(spent(29, 0, set), "request", undefined, at(0)).type).toBe("later");
    const paused = readLine(ended(429), at(1_000), 30);
    expect(turnOf(paused, "request", undefined, at(1_000)).type).toBe("later");
    const without = readLine(set, at(0));
    expect(without).toMatchObject({ limit: 5, windowMs: 60_000 });
    expect(withEndedCall(without, "0", { status: 200, limit: 8 }, at(0)).limit).toBe(8);
  });

  it("is not made while another client of the app has spent the limit", () => {
    const outcome = { status: 200, remaining: 0 };
    expect(turn(withEndedCall(spent(2), "1", outcome, at(0)), "request", 1_000).type).toBe("later");
    expect(turn(withEndedCall(spent(5), "4", outcome, at(0)), "request", 71_000).type).toBe("now");
  });

  it("never makes more than the limit in any minute, on any clocks, whatever is asked", () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 30_000 }),
      skewMs: fc.integer({ min: -SKEW, max: SKEW }),
      need: fc.constantFrom<TokenNeed>("request", "sign_in", "renewal"),
      who: fc.constantFrom("a", "b", "c", "d"),
      lastsMs: fc.integer({ min: 0, max: lineSettings.callMs }),
      ends: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let [now, record, id] = [0, empty, 0];
        const arrivals: number[] = [];
        for (const { afterMs, skewMs, need, who, lastsMs, ends } of steps) {
          now += afterMs;
          const seen = at(now + skewMs);
          record = readLine(record, seen);
          const given = turnOf(record, need, who, seen);
          if (given.type === "later") {
            record = withPlace(record, who, need, given.at);
            continue;
          }
          id += 1;
          record = withCall(record, String(id), who, seen);
          arrivals.push(now + lastsMs);
          if (ends) record = withEndedCall(record, String(id), undefined, at(now + lastsMs + skewMs));
        }
        const sorted = arrivals.toSorted((a, b) => a - b);
        for (const [n, arrival] of sorted.entries())
          expect((sorted[n + 5] ?? Number.POSITIVE_INFINITY) - arrival).toBeGreaterThanOrEqual(60_000);
      }),
    );
  });
});
