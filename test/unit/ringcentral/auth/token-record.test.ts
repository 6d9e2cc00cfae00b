import { describe, expect, it } from "vitest";
import { omitUndefined } from "../../../../lib/platform/omit-undefined.ts";
import {
  emptyRecord,
  loginPause,
  parseRecord,
  type TokenRecord,
  usableGeneration,
  withFailure,
  withLease,
  withoutLease,
  withToken,
  withUnusedLease,
} from "../../../../lib/ringcentral/auth/token-record.ts";
import { settings } from "../../../../lib/ringcentral/auth/token-settings.ts";

const NOW = 1_800_000_000_000;
const sealed = { by: "v1", text: "" };
const holding = (over: Partial<TokenRecord> = {}): TokenRecord => ({
  ...emptyRecord,
  generation: 3,
  token: { issuedAt: NOW - 60_000, expiresAt: NOW + 3_540_000, sealed },
  ...over,
});
const pause = (record: TokenRecord, candidates = ["v1"], now = NOW, replacing?: number) =>
  loginPause(record, candidates, replacing, now);
const withBackoff = (record: TokenRecord, retryAfterMs: number | undefined, now: number) =>
  withFailure(record, "v1", omitUndefined({ kind: "bad_response" as const, retryAfterMs }), now);
const withRateLimit = (record: TokenRecord, retryAfterMs: number | undefined, now: number) =>
  withFailure(record, "v1", omitUndefined({ kind: "rate_limited" as const, retryAfterMs }), now);
const withRejectedCredentials = (
  record: TokenRecord,
  by: string,
  errorCode: string | undefined,
  now: number,
) => withFailure(record, by, omitUndefined({ kind: "auth" as const, errorCode }), now);

describe("reading the record", () => {
  it("takes anything that is not a record for an empty one", () => {
    for (const junk of [
      undefined,
      null,
      7,
      "x",
      [],
      {},
      { generation: "3" },
      { ...holding(), calls: ["now"] },
    ]) {
      expect(parseRecord(junk)).toEqual(emptyRecord);
    }
    expect(parseRecord(JSON.parse(JSON.stringify(holding())))).toEqual(holding());
  });

  it("offers the token until shortly before its end, and not after its rejection", () => {
    expect(usableGeneration(holding(), NOW)).toBe(3);
    expect(usableGeneration(holding(), NOW + 3_540_000 - 30_000)).toBeUndefined();
    expect(usableGeneration(holding({ rejectedGeneration: 3 }), NOW)).toBeUndefined();
    expect(usableGeneration(holding({ rejectedGeneration: 2 }), NOW)).toBe(3);
    expect(usableGeneration(emptyRecord, NOW)).toBeUndefined();
  });
});

describe("the pause before a login", () => {
  it("is absent for an empty record", () => {
    expect(pause(emptyRecord)).toBeUndefined();
  });

  it("lasts a minute, by any clock, after four calls within one", () => {
    let record = emptyRecord;
    for (let n = 0; n < 4; n++) {
      expect(pause(record, ["v1"], NOW + n * 1_000)).toBeUndefined();
      record = withoutLease(withLease(record, "me", undefined, NOW + n * 1_000), false, NOW + n * 1_000);
    }
    expect(pause(record, ["v1"], NOW + 69_999)).toEqual({ until: NOW + 70_000, reason: "rate_limited" });
    expect(pause(record, ["v1"], NOW + 70_000)).toBeUndefined();
  });

  it("counts a call whose end is unknown as late as its lease could let it be", () => {
    const record = withLease(emptyRecord, "me", undefined, NOW);
    expect(record.calls).toEqual([NOW + settings.leaseMs]);
    expect(withoutLease(record, false, NOW + 500).calls).toEqual([NOW + 500]);
  });

  it("delays the login after the fourth whose token was not stored, and doubles", () => {
    let [record, now] = [emptyRecord, NOW];
    const delays: number[] = [];
    for (let n = 0; n < 7; n++) {
      record = withoutLease(withLease(record, "me", undefined, now), true, now);
      const { until = now, reason } = pause(record, ["v1"], now) ?? {};
      delays.push((until - now) / 1_000);
      if (n >= 4) expect(reason).toBe("storage");
      now = Math.max(until, now + 60_000);
    }
    expect(delays).toEqual([0, 0, 0, 60, 120, 240, 480]);
    const stored = { issuedAt: now, expiresAt: now + 3_600_000, sealed };
    expect(pause(withToken(record, stored, 4, now), ["v1"], now)).toBeUndefined();
  });

  it("is RingCentral's, and no longer than its backoff, when logins without a response opened sessions", () => {
    let record = emptyRecord;
    for (let n = 0; n < 6; n++) {
      const leased = withLease(record, "me", undefined, NOW);
      record = withoutLease(withBackoff(leased, undefined, NOW), true, NOW);
    }
    const later = NOW + 71_000;
    const last = withBackoff(record, undefined, later);
    expect(pause(last, ["v1"], later)).toEqual({ until: later + 60_000, reason: "unavailable" });
  });

  it("does not count a session for a call that RingCentral rejected or that was not made", () => {
    const leased = withLease(emptyRecord, "me", undefined, NOW);
    expect(leased.openSessions).toBe(1);
    expect(withoutLease(leased, true, NOW).openSessions).toBe(1);
    expect(withoutLease(leased, false, NOW).openSessions).toBe(0);
    expect(withUnusedLease(leased)).toMatchObject({ openSessions: 0, calls: [] });
  });

  it("grows with each rejection of the credentials, and spares other credentials", () => {
    const lengths: number[] = [];
    let [record, now] = [emptyRecord, NOW];
    for (let n = 0; n < 6; n++) {
      record = withRejectedCredentials(record, "v1", "OAU-142", now);
      const until = pause(record, ["v1"], now)?.until ?? 0;
      lengths.push((until - now - 2 * settings.maxSkewMs) / 60_000);
      now = until;
    }
    expect(lengths).toEqual([1, 2, 4, 8, 15, 15]);
    expect(pause(record, ["v1"], now - 1)).toMatchObject({ reason: "auth", errorCode: "OAU-142" });
    expect(pause(record, ["v2", "v1"], now - 1)).toBeUndefined();
  });

  it("ends with the last of its reasons, and with the first of the credentials that may be tried", () => {
    const rejected = withRejectedCredentials(emptyRecord, "v1", undefined, NOW);
    const both = withRejectedCredentials(rejected, "v2", undefined, NOW + 20_000);
    expect(pause(both, ["v1", "v2"], NOW + 30_000)?.until).toBe(NOW + 60_000 + 2 * settings.maxSkewMs);
    const paused = withRateLimit(both, 300_000, NOW);
    expect(pause(paused, ["v1", "v2"], NOW + 30_000)).toMatchObject({ reason: "rate_limited" });
  });

  it("is lifted for the others when the credentials that worked are rejected", () => {
    const before = withRejectedCredentials({ ...emptyRecord, working: "v1" }, "v2", undefined, NOW);
    expect(pause(before, ["v2"], NOW + 20_000)).toBeDefined();
    const after = withRejectedCredentials(before, "v1", undefined, NOW + 20_000);
    expect(pause(after, ["v2"], NOW + 20_000)).toBeUndefined();
    const again = withRejectedCredentials(after, "v2", undefined, NOW + 21_000);
    expect(pause(again, ["v2", "v1"], NOW + 21_000)).toBeDefined();
  });

  it("applies to every process after a 429, as long as stated and by any clock", () => {
    expect(pause(withRateLimit(emptyRecord, 90_000, NOW), ["v2"])).toEqual({
      until: NOW + 100_000,
      reason: "rate_limited",
    });
    expect(pause(withRateLimit(emptyRecord, undefined, NOW))?.until).toBe(NOW + 70_000);
  });

  it("doubles while RingCentral does not respond, and is never shorter than Retry-After", () => {
    let record = emptyRecord;
    const pauses = Array.from({ length: 6 }, () => {
      record = withBackoff(record, undefined, NOW);
      return (pause(record)?.until ?? 0) - NOW;
    });
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(pause(withBackoff(emptyRecord, 45_000, NOW))).toEqual({
      until: NOW + 45_000,
      reason: "unavailable",
    });
  });

  it("is absent for the first two early rejections and doubles from the third on", () => {
    const replace = (streak: number, ageMs: number) =>
      pause(
        holding({
          earlyRejections: streak,
          token: { issuedAt: NOW - ageMs, expiresAt: NOW + 3_000_000, sealed },
        }),
        ["v1"],
        NOW,
        3,
      )?.until;
    expect(replace(0, 1_000)).toBeUndefined();
    expect(replace(1, 1_000)).toBeUndefined();
    expect(replace(2, 1_000)).toBe(NOW - 1_000 + 60_000);
    expect(replace(3, 1_000)).toBe(NOW - 1_000 + 120_000);
    expect(replace(9, settings.youngTokenMs)).toBeUndefined();
  });
});

describe("changing the record", () => {
  it("gives every lease a new fencing number and records the rejected token", () => {
    const first = withLease(holding(), "a", 3, NOW);
    expect(first).toMatchObject({
      fence: 1,
      lease: { owner: "a", fence: 1 },
      rejectedGeneration: 3,
      earlyRejections: 1,
    });
    const second = withLease(first, "b", 3, NOW + 20_000);
    expect(second).toMatchObject({
      fence: 2,
      lease: { owner: "b", fence: 2 },
      rejectedGeneration: 3,
      earlyRejections: 1,
    });
  });

  it("ends the lease and the pauses with a new token, and the rejection of its own credentials", () => {
    let record = withRejectedCredentials(holding(), "v1", undefined, NOW);
    record = withRejectedCredentials(record, "v2", undefined, NOW);
    record = withBackoff(withLease(record, "a", 3, NOW), undefined, NOW);
    const token = { issuedAt: NOW, expiresAt: NOW + 3_600_000, sealed };
    const done = withToken(record, token, 4, NOW + 300);
    expect(done).toMatchObject({ generation: 4, token, working: "v1", calls: [NOW + 300] });
    expect(done.rejectedCredentials.map(({ by }) => by)).toEqual(["v2"]);
    for (const gone of ["lease", "rejectedGeneration", "backoff", "rateLimitedUntil"])
      expect(done).not.toHaveProperty(gone);
  });
});
