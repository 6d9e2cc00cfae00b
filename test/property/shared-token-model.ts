import type { CredentialSource, Credentials } from "../../lib/platform/credentials.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { withTimeout } from "../../lib/platform/with-timeout.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { OAuth } from "../../lib/ringcentral/auth/oauth.ts";
import type { AccessToken, TokenEvent } from "../../lib/ringcentral/auth/ports.ts";
import { SharedToken } from "../../lib/ringcentral/auth/shared-token.ts";
import { serviceTokens } from "../../lib/ringcentral/auth/token-kind.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import { createTableWait, limitedRecords } from "../../lib/storage/table-wait.ts";
import {
  createMemoryRecordStore,
  type MemoryRecordStore,
  overNetwork,
} from "../support/memory-record-store.ts";
import type { Instance, Schedule, ScheduleOptions } from "../support/schedule.ts";

const MINUTE = 60_000;

/** Every kind of failure besides the table's, at once. */
export const chaos: Omit<ScheduleOptions, "seed"> = {
  crashRate: 0.01,
  pauseRate: 0.01,
  pauseMs: [1_000, MINUTE],
  loseRequestRate: 0.01,
  lateRequestRate: 0.01,
  loseResponseRate: 0.01,
  duplicateRate: 0.05,
};

export const secretVersion = (n: number): Credentials => ({
  server: "https://rc.test",
  clientId: "app",
  clientSecret: `secret-${n}`,
  jwt: `jwt-${n}`,
});

/** RingCentral's token endpoint and the tokens it knows, by true time. */
export function createRingCentral(schedule: Schedule) {
  const live = new Map<string, number>();
  const arrivals: Array<{ at: number; secret: string; outcome: string }> = [];
  let accepted = new Set([secretVersion(1).clientSecret]);
  let penaltyUntil = 0;
  let forcedResponse: (() => RingCentralError | undefined) | undefined;
  let issued = 0;

  const model = {
    arrivals,
    /** Each session that RingCentral ended because five newer ones were open. */
    onEnded: undefined as ((token: string) => void) | undefined,
    accept(...versions: number[]) {
      accepted = new Set(versions.map((n) => secretVersion(n).clientSecret));
    },
    /** Replaces the token endpoint's response while it returns an error. */
    respondWith(respond: (() => RingCentralError | undefined) | undefined) {
      forcedResponse = respond;
    },
    kill: (token: string) => live.delete(token),
    killAll: () => live.clear(),
    isLive: (token: string) => (live.get(token) ?? 0) > schedule.clock.now(),
    get issued() {
      return issued;
    },
    get penaltyUntil() {
      return penaltyUntil;
    },
    /** The effect of one call of the token endpoint. */
    login(by: Instance, credentials: Credentials) {
      const now = schedule.clock.now();
      const reject = (kind: "auth" | "rate_limited", status: number, errorCode: string) => {
        arrivals.push({ at: now, secret: credentials.clientSecret, outcome: errorCode });
        const failure = { kind, status, errorCode, operation: "login", mayHaveTakenEffect: false };
        throw new RingCentralError(kind === "auth" ? failure : { ...failure, retryAfterMs: MINUTE });
      };
      const recent = arrivals.filter(({ at }) => at > now - MINUTE).length;
      if (now < penaltyUntil || recent >= 5) {
        penaltyUntil = now + MINUTE;
        reject("rate_limited", 429, "CMN-301");
      }
      const forced = forcedResponse?.();
      if (forced !== undefined) {
        arrivals.push({ at: now, secret: credentials.clientSecret, outcome: forced.failure.kind });
        if (forced.failure.kind === "rate_limited")
          penaltyUntil = now + (forced.failure.retryAfterMs ?? MINUTE);
        throw forced;
      }
      if (!accepted.has(credentials.clientSecret)) reject("auth", 400, "OAU-142");
      arrivals.push({ at: now, secret: credentials.clientSecret, outcome: "token" });
      issued++;
      const accessToken = `token-${issued}-of-${by.name}`;
      live.set(accessToken, now + 60 * MINUTE);
      // Five sessions per user and app: a sixth ends the oldest.
      const alive = [...live].filter(([, until]) => until > now).map(([token]) => token);
      for (const old of alive.slice(0, -5)) {
        live.delete(old);
        model.onEnded?.(old);
      }
      return { accessToken, expiresInSeconds: 3_600, ownerId: "100" };
    },
  };
  return model;
}
export type RingCentralModel = ReturnType<typeof createRingCentral>;

/** The secret store: AWSCURRENT and AWSPREVIOUS, and each process's cache of the former. */
export function createSecret(...versions: number[]) {
  let stages = versions.map(secretVersion);
  return {
    rotateTo(n: number) {
      stages = [secretVersion(n), ...stages.slice(0, 1)];
    },
    sourceFor(instance: Instance, ttlMs = 5 * MINUTE): CredentialSource {
      let cached: { value: Credentials; until: number } | undefined;
      const fetch = () => instance.effect("secret", () => stages.slice(0, 2), { reliable: true });
      const keep = (value: Credentials | undefined): Credentials => {
        if (value === undefined) throw new Error("no secret");
        cached = { value, until: instance.clock.now() + ttlMs };
        return value;
      };
      return {
        async current() {
          if (cached !== undefined && cached.until > instance.clock.now()) return cached.value;
          return keep((await fetch())[0]);
        },
        async refreshed() {
          const fresh = await fetch();
          keep(fresh[0]);
          return fresh;
        },
      };
    },
  };
}
export type SecretModel = ReturnType<typeof createSecret>;

/**
 * How the table responds. `slow`: in 0.3 to 5 s, also after its client gave up. `500`: some writes take effect. `deaf`: reads
 * work, and the responses to writes are lost. `lossy`: a third of all responses are.
 */
export type TableState = "up" | "away" | "slow" | "500" | "deaf" | "lossy";

/** A call of the table or the token endpoint, by true time. */
export interface Exchange {
  by: string;
  from: number;
  to: number;
  hasFailed: boolean;
}

export interface Fleet {
  schedule: Schedule;
  records: MemoryRecordStore;
  table: { state: TableState };
  ringCentral: RingCentralModel;
  secret: SecretModel;
  events: TokenEvent[];
  /** One way, of a token call. */
  loginLatencyMs: readonly [number, number];
  tableCalls: Exchange[];
  logins: Exchange[];
}

export function createFleet(schedule: Schedule): Fleet {
  return {
    schedule,
    records: createMemoryRecordStore(),
    table: { state: "up" },
    ringCentral: createRingCentral(schedule),
    secret: createSecret(1),
    events: [],
    loginLatencyMs: [20, 800],
    tableCalls: [],
    logins: [],
  };
}

/** Logs when `work` began and ended. */
function watched<Result>(
  { schedule: { clock } }: Pick<Fleet, "schedule">,
  by: string,
  log: Exchange[],
  work: () => Promise<Result>,
): Promise<Result> {
  const exchange = { by, from: clock.now(), to: Number.POSITIVE_INFINITY, hasFailed: false };
  log.push(exchange);
  const end = (hasFailed: boolean) => Object.assign(exchange, { to: clock.now(), hasFailed });
  return work().then(
    (result) => {
      end(false);
      return result;
    },
    (error) => {
      end(true);
      throw error;
    },
  );
}

/** What the DynamoDB client allows a call. */
const CLIENT_TIMEOUT_MS = 2_250;

/** The table as one process meets it, in the state of the moment. @param onFailure each call that fails */
export function tableSeenBy(
  fleet: Pick<Fleet, "schedule" | "records" | "table" | "tableCalls">,
  instance: Instance,
  onFailure: () => void,
): RecordStore {
  const { schedule, records, table, tableCalls } = fleet;
  const usual = overNetwork(records, instance);
  const slow = overNetwork(records, instance, { latencyMs: [150, 2_500] });
  const timeUp = () => new StorageUnavailable("no response");
  const patience = { clock: instance.clock, timeoutMs: CLIENT_TIMEOUT_MS, timeUp };
  const call = <Result>(act: (store: RecordStore) => Promise<Result>): Promise<Result> =>
    watched(fleet, instance.name, tableCalls, () => attempt(act)).catch((error) => {
      onFailure();
      throw error;
    });
  async function deafTo<Result>(act: (store: RecordStore) => Promise<Result>): Promise<Result> {
    let isWrite = false;
    const result = await act({
      read: (key) => usual.read(key),
      compareAndSet: (...args) => {
        isWrite = true;
        return usual.compareAndSet(...args);
      },
      remove: (...args) => usual.remove(...args),
    });
    if (!isWrite) return result;
    await instance.clock.sleep(CLIENT_TIMEOUT_MS);
    throw new StorageUnavailable("response lost");
  }
  async function attempt<Result>(act: (store: RecordStore) => Promise<Result>): Promise<Result> {
    switch (table.state) {
      case "up":
        return act(usual);
      case "slow":
        return withTimeout(act(slow), patience);
      case "500":
        if (schedule.chance(0.3)) await act(usual);
        throw new StorageUnavailable("500");
      case "deaf":
        return deafTo(act);
      case "lossy": {
        const result = await act(usual);
        if (!schedule.chance(1 / 3)) return result;
        await instance.clock.sleep(CLIENT_TIMEOUT_MS);
        throw new StorageUnavailable("response lost");
      }
      case "away":
        await instance.clock.sleep(schedule.between(20, 300));
        throw new StorageUnavailable("rejected");
    }
  }
  return {
    read: (key) => call((store) => store.read(key)),
    compareAndSet: (...args) => call((store) => store.compareAndSet(...args)),
    remove: (...args) => call((store) => store.remove(...args)),
  };
}

/** One Lambda instance of the fleet. */
export function createMember(fleet: Fleet, options: { name?: string; skewMs?: number } = {}) {
  const { schedule, ringCentral } = fleet;
  const instance = schedule.instance(options);
  const oauth: Pick<OAuth, "login"> = {
    // The real client gives up at its deadline; RingCentral may still serve the request.
    login: (credentials, deadline) =>
      watched(fleet, instance.name, fleet.logins, () =>
        Promise.race([
          instance.effect("login", () => ringCentral.login(instance, credentials), {
            once: true,
            latencyMs: fleet.loginLatencyMs,
            lost: () => timedOut(),
          }),
          instance.clock.sleep(deadline.remainingMs()).then(() => Promise.reject(timedOut())),
        ]),
      ),
  };
  let tableFailures = 0;
  const records = tableSeenBy(fleet, instance, () => {
    tableFailures += 1;
  });
  const tokens = new SharedToken({
    records,
    kind: serviceTokens({
      accountKey: "acct",
      credentials: fleet.secret.sourceFor(instance),
      clock: instance.clock,
      oauth,
    }),
    clock: instance.clock,
    random: instance.random,
    instanceId: instance.name,
    onEvent: (event) => fleet.events.push(event),
  });
  const ask = (withinMs: number) => tokens.get(deadlineIn(withinMs, instance.clock, 0));

  /**
   * An API client: calls, and after a 401 rejects the token and calls again, at most twice. When all tokens die at
   * once, the cached one and its successor in the record may both be dead, so one repetition would not be enough.
   * @param reads of other records before the first call, such as that of an idempotency key
   */
  async function callApi(withinMs: number, reads = 0): Promise<AccessToken> {
    const deadline = deadlineIn(withinMs, instance.clock, 0);
    const tableWait = createTableWait(instance.clock);
    for (let read = 0; read < reads; read++) {
      await limitedRecords(records, tableWait).read({ partition: "other", sort: instance.name });
    }
    for (let attempt = 1; ; attempt++) {
      const token = await tokens.get(deadline, tableWait);
      const isAccepted = await instance.effect("api", () => ringCentral.isLive(token.value), {
        reliable: true,
      });
      if (isAccepted) return token;
      if (attempt === 3) throw new Error(`${instance.name}: 401 again, generation ${token.generation}`);
      schedule.note(`${instance.name} gets 401 for generation ${token.generation}`);
      tokens.reject(token);
    }
  }
  return { instance, tokens, ask, callApi, tableFailures: () => tableFailures };
}

const timedOut = () =>
  new RingCentralError({ kind: "timeout", operation: "login", mayHaveTakenEffect: true });

/** The largest number of token calls that reached RingCentral within any minute. */
export function mostCallsInAMinute(arrivals: ReadonlyArray<{ at: number }>): number {
  let most = 0;
  let first = 0;
  for (const [last, { at }] of arrivals.entries()) {
    while ((arrivals[first]?.at ?? at) <= at - MINUTE) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
