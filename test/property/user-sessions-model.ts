import type { Credentials, SecretSource } from "../../lib/platform/credentials.ts";
import { type Deadline, deadlineIn } from "../../lib/platform/deadline.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { SessionUser, TokenEvent } from "../../lib/ringcentral/auth/ports.ts";
import { openSession } from "../../lib/ringcentral/auth/sealed-token.ts";
import { SharedToken } from "../../lib/ringcentral/auth/shared-token.ts";
import { SharedTokenCalls } from "../../lib/ringcentral/auth/token-calls.ts";
import { serviceTokens, userTokens } from "../../lib/ringcentral/auth/token-kind.ts";
import { parseRecord } from "../../lib/ringcentral/auth/token-record.ts";
import { StoredSessions } from "../../lib/ringcentral/auth/user-sessions.ts";
import { createMemoryRecordStore, type MemoryRecordStore } from "../support/memory-record-store.ts";
import type { Instance, Schedule } from "../support/schedule.ts";
import { type TableState, tableSeenBy } from "./shared-token-model.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const GRACE_USED_MS = 10 * SECOND;
const GRACE_UNUSED_MS = 60 * MINUTE;
const MAX_SESSIONS = 5;
const REFRESH_LIFE_S = 7 * 24 * 3_600;

const credentials: Credentials = {
  server: "https://rc.test",
  clientId: "app",
  clientSecret: "secret",
  jwt: "jwt",
};

/** One session at RingCentral, by true time. Its tokens rotate. */
interface Session {
  user: string;
  access: string;
  accessUntil: number;
  refresh: string;
  refreshUntil: number;
  previousRefresh?: string;
  rotatedAt: number;
  firstUsedAt?: number;
  ended?: "by RingCentral" | "revoked";
}

/**
 * RingCentral as it meets users: rotation with its two grace windows, five sessions for each user, and one limit on the
 * token endpoint for the whole app [docs: REF, AUTH5].
 */
export function createUpstream(schedule: Schedule, lifeMs: number) {
  const sessions: Session[] = [];
  const arrivals: Array<{ at: number; what: string }> = [];
  let penaltyUntil = 0;
  let issued = 0;
  const now = () => schedule.clock.now();
  const live = (session: Session) => session.ended === undefined && session.refreshUntil > now();
  const mint = () => {
    issued += 1;
    return {
      access: `access-${issued}`,
      accessUntil: now() + lifeMs,
      refresh: `refresh-${issued}`,
      refreshUntil: now() + REFRESH_LIFE_S * SECOND,
      rotatedAt: now(),
    };
  };
  const grantOf = ({ access, refresh, accessUntil }: Session) => ({
    accessToken: access,
    refreshToken: refresh,
    expiresInSeconds: Math.max(1, Math.floor((accessUntil - now()) / SECOND)),
    refreshExpiresInSeconds: REFRESH_LIFE_S,
  });
  const reject = (failure: { kind: "auth" | "rate_limited"; status: number; oauthError?: string }) => {
    const retry = failure.kind === "rate_limited" ? { retryAfterMs: MINUTE } : {};
    throw new RingCentralError({ ...failure, ...retry, operation: "token", mayHaveTakenEffect: false });
  };
  const arrive = (what: string) => {
    const recent = arrivals.filter(({ at }) => at > now() - MINUTE).length;
    arrivals.push({ at: now(), what });
    if (now() >= penaltyUntil && recent < 5) return;
    penaltyUntil = now() + MINUTE;
    reject({ kind: "rate_limited", status: 429 });
  };

  return {
    sessions,
    arrivals,
    /** Refresh tokens that were used again when no grace was left. */
    usedTooLate: [] as Array<{ session: Session; at: number }>,
    get penaltyUntil() {
      return penaltyUntil;
    },
    isLive: live,
    newestOf: (user: string) => sessions.findLast((session) => session.user === user),
    endAll(user: string) {
      for (const session of sessions) if (session.user === user) session.ended ??= "by RingCentral";
    },
    logIn() {
      arrive("login");
      issued += 1;
      return { accessToken: `service-${issued}`, expiresInSeconds: 3_600 };
    },
    exchangeCode(user: string) {
      arrive(`code of ${user}`);
      const own = sessions.filter((session) => session.user === user && live(session));
      for (const old of own.slice(0, Math.max(0, own.length + 1 - MAX_SESSIONS)))
        old.ended = "by RingCentral";
      const session = { user, ...mint() };
      sessions.push(session);
      return grantOf(session);
    },
    refresh(token: string) {
      arrive(`refresh ${token}`);
      const session = sessions.find(
        ({ refresh, previousRefresh }) => refresh === token || previousRefresh === token,
      );
      if (session === undefined || !live(session))
        return reject({ kind: "auth", status: 400, oauthError: "invalid_grant" });
      if (session.refresh !== token) {
        const usedUntil = (session.firstUsedAt ?? Number.POSITIVE_INFINITY) + GRACE_USED_MS;
        if (now() < Math.min(session.rotatedAt + GRACE_UNUSED_MS, usedUntil)) return grantOf(session);
        this.usedTooLate.push({ session: { ...session }, at: now() });
        return reject({ kind: "auth", status: 400, oauthError: "invalid_grant" });
      }
      delete session.firstUsedAt;
      Object.assign(session, mint(), { previousRefresh: token });
      return grantOf(session);
    },
    revoke(token: string) {
      arrive("revoke");
      for (const session of sessions) {
        if ([session.access, session.refresh, session.previousRefresh].includes(token))
          session.ended ??= "revoked";
      }
    },
    /** An API call. @returns whether the token is accepted */
    use(access: string) {
      const session = sessions.find((each) => each.access === access);
      if (session === undefined || !live(session) || session.accessUntil <= now()) return false;
      session.firstUsedAt ??= now();
      return true;
    },
  };
}

/** The sealing keys: an old one opens for as long as it is listed. */
export function createKeys() {
  let keys = ["key-1-".padEnd(43, "x")];
  return {
    all: () => keys,
    rotate() {
      keys = [`key-${keys.length + 1}-`.padEnd(43, "x"), ...keys];
    },
    /** @param ttlMs how long a process uses what it has read */
    sourceFor(instance: Instance, ttlMs = 5 * MINUTE): SecretSource<{ sealingKeys: readonly string[] }> {
      let cached: { keys: readonly string[]; until: number } | undefined;
      const read = async () => {
        const fresh = await instance.effect("keys", () => [...keys], { reliable: true });
        cached = { keys: fresh, until: instance.clock.now() + ttlMs };
        return { sealingKeys: fresh };
      };
      return {
        current: async () =>
          cached && cached.until > instance.clock.now() ? { sealingKeys: cached.keys } : read(),
        refreshed: async () => [await read()],
      };
    },
  };
}

export interface World {
  schedule: Schedule;
  records: MemoryRecordStore;
  table: { state: TableState };
  upstream: ReturnType<typeof createUpstream>;
  keys: ReturnType<typeof createKeys>;
  events: TokenEvent[];
  /** Every access and refresh token that the table has held. */
  stored: Set<string>;
  /** By user: the refresh token that the table holds. */
  current: Map<string, string>;
  /** What must never happen. */
  wrong: string[];
}

/** @param lifeMs of an access token; RingCentral's shortest is 10 min [spec: OAS] */
export function createWorld(schedule: Schedule, lifeMs = 10 * MINUTE): World {
  const records = createMemoryRecordStore();
  const keys = createKeys();
  const stored = new Set<string>();
  const current = new Map<string, string>();
  const upstream = createUpstream(schedule, lifeMs);
  records.onWrite = ({ partition }, _version, json) => {
    const [kind, accountId = "", extensionId = ""] = partition.split("#");
    if (kind !== "session") return;
    const { token, generation, endedAt } = parseRecord(JSON.parse(json));
    // After a log-out.
    if (token === undefined && endedAt === undefined) current.delete(extensionId);
    const user = { accountId, extensionId };
    const contents = token && openSession(token.sealed, keys.all(), { user, generation });
    if (contents?.refreshToken === undefined) return;
    stored.add(contents.value).add(contents.refreshToken);
    current.set(extensionId, contents.refreshToken);
  };
  const [events, wrong]: [TokenEvent[], string[]] = [[], []];
  return { schedule, records, table: { state: "up" }, upstream, keys, events, stored, current, wrong };
}

const userOf = (name: string): SessionUser => ({ accountId: "37", extensionId: name });
const timedOut = () =>
  new RingCentralError({ kind: "timeout", operation: "token", mayHaveTakenEffect: true });

/** One Lambda instance: it serves the service and any user. */
export function createProcess(world: World) {
  const { schedule, upstream } = world;
  const instance = schedule.instance();
  const { clock, random } = instance;
  const records = tableSeenBy({ ...world, tableCalls: [] }, instance, () => {});
  const sealingKeys = world.keys.sourceFor(instance);
  const source = { current: async () => credentials, refreshed: async () => [credentials] };
  /** The real client gives up at its deadline; RingCentral may still serve the request. */
  const send = <T>(label: string, act: () => T, deadline: Deadline): Promise<T> =>
    Promise.race([
      instance.effect(label, act, { once: true, latencyMs: [20, 800], lost: timedOut }),
      clock.sleep(deadline.remainingMs()).then(() => Promise.reject(timedOut())),
    ]);
  const oauth = {
    login: (_: Credentials, deadline: Deadline) => send("login", () => upstream.logIn(), deadline),
    refresh: (_: Credentials, token: string, deadline: Deadline) => {
      if (!world.stored.has(token)) world.wrong.push(`${token} is sent before it is stored`);
      return send(`refresh ${token}`, () => upstream.refresh(token), deadline);
    },
    revoke: (_: Credentials, token: string, deadline: Deadline) =>
      send("revoke", () => upstream.revoke(token), deadline).then(
        () => true,
        () => false,
      ),
  };
  const tokenCalls = new SharedTokenCalls({ records, clock, random, appOf: source.current });
  const sessions = new StoredSessions({
    ...{ records, clock, random, oauth, sealingKeys },
    appOf: () => ({ credentials: source, tokenCalls }),
  });
  const common = {
    ...{ records, clock, random, tokenCalls, instanceId: instance.name },
    onEvent: (event: TokenEvent) => world.events.push(event),
  };
  const service = new SharedToken({
    ...common,
    kind: serviceTokens({ accountKey: "37", credentials: source, clock, oauth }),
  });
  const users = new Map<string, SharedToken>();
  const tokensOf = (name: string) => {
    const kind = () => userTokens({ credentials: source, clock, oauth, sealingKeys, user: userOf(name) });
    const known = users.get(name) ?? new SharedToken({ ...common, kind: kind() });
    users.set(name, known);
    return known;
  };
  const within = (ms: number) => deadlineIn(ms, clock, 0);

  return {
    instance,
    sessions,
    tokenCalls,
    askService: (withinMs: number) => service.get(within(withinMs)),
    /** A call for the user, with one repetition after a 401. @returns whether it is served */
    async callFor(name: string, withinMs: number): Promise<boolean> {
      const deadline = within(withinMs);
      const tokens = tokensOf(name);
      for (let attempt = 1; ; attempt++) {
        const token = await tokens.get(deadline);
        if (!world.stored.has(token.value)) world.wrong.push(`${token.value} is used before it is stored`);
        const accepted = await instance.effect("api", () => upstream.use(token.value), { reliable: true });
        if (accepted) return true;
        tokens.reject(token);
        if (attempt === 3) return false;
      }
    },
    /** RingCentral has given the app a code. */
    async signIn(name: string, withinMs: number): Promise<void> {
      const deadline = within(withinMs);
      const call = await tokenCalls.take("sign_in", deadline, `sign-in of ${name}`);
      const sentAt = clock.now();
      const grant = await send(`code of ${name}`, () => upstream.exchangeCode(name), within(call.leftMs()));
      await call.ended({ status: 200 });
      await sessions.begin(userOf(name), { ...grant, sentAt }, deadline);
    },
    signOut: (name: string, withinMs: number) => sessions.end(userOf(name), within(withinMs)),
    stateOf: (name: string) => sessions.state(userOf(name)),
  };
}
