import { describe, expect, it } from "vitest";
import type { Candidate } from "../../../../lib/ringcentral/auth/credential-candidates.ts";
import { type Action, type LocalState, nextAction } from "../../../../lib/ringcentral/auth/next-action.ts";
import { fingerprint, openToken, sealToken } from "../../../../lib/ringcentral/auth/sealed-token.ts";
import { emptyRecord, type TokenRecord } from "../../../../lib/ringcentral/auth/token-record.ts";
import { settings } from "../../../../lib/ringcentral/auth/token-settings.ts";
import { secretVersion } from "../../../property/shared-token-model.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const candidate = (version: number): Candidate => ({
  fingerprint: fingerprint(secretVersion(version), "acct"),
  credentials: secretVersion(version),
});
const [current, previous] = [candidate(2), candidate(1)];

function storing(over: { sealer?: Candidate; server?: string; lifeMs?: number } = {}): Partial<TokenRecord> {
  const { sealer = current, server = sealer.credentials.server, lifeMs = 50 * MINUTE } = over;
  const expiresAt = NOW + lifeMs;
  const sealed = sealToken({ value: "stored", expiresAt, server }, sealer.credentials, {
    accountKey: "acct",
    generation: 3,
  });
  return { generation: 3, token: { issuedAt: NOW - 10 * MINUTE, expiresAt, sealed } };
}

interface Part {
  record?: Partial<TokenRecord>;
  local?: Partial<LocalState>;
}

const atRest: LocalState = {
  now: NOW,
  isSession: false,
  open: () => undefined,
  instanceId: "me",
  candidates: [current],
  versionSeenSince: NOW,
  hasReread: false,
  loginTimeMs: 20_000,
};

type State = keyof typeof states;
/** The token in memory against the token in the record. */
const states = {
  "no token, none stored": {},
  "no token, one stored": { record: storing() },
  "no token, stored one rejected here": { record: storing(), local: { rejected: 3 } },
  "no token, stored one rejected in the record": { record: { ...storing(), rejectedGeneration: 3 } },
  "no token, stored one expires": { record: storing({ lifeMs: settings.minValidityMs }) },
  "no token, stored one does not open": { record: storing({ sealer: candidate(9) }) },
  "no token, stored one does not open after a re-read": {
    record: storing({ sealer: candidate(9) }),
    local: { hasReread: true },
  },
  "no token, stored one is of another server": { record: storing({ server: "https://old.test" }) },
  "token due for renewal, same stored": { record: storing(), local: { cached: 3 } },
  "token due for renewal, newer stored": { record: storing(), local: { cached: 2 } },
  "unpublished token, none stored": { local: { cached: 0.001 } },
} satisfies Record<string, Part>;

type Condition = keyof typeof conditions;
const lease = { owner: "other", fence: 1, until: NOW + 5_000 };
const rejected = ({ fingerprint: by }: Candidate) => ({ by, count: 1, until: NOW + MINUTE });
/** What else the record, the candidates and the deadline say about a login. */
const conditions = {
  free: {},
  "leased by another": { record: { lease } },
  "leased by itself": { record: { lease: { ...lease, owner: "me" } } },
  "lease past its stated end": { record: { lease: { ...lease, until: NOW - 2 * settings.maxSkewMs } } },
  "lease watched to its end": { record: { lease }, local: { versionSeenSince: NOW - settings.leaseMs } },
  "budget spent": { record: { calls: Array.from({ length: settings.callsPerWindow }, () => NOW - 1_000) } },
  "rate limited": { record: { rateLimitedUntil: NOW + 1 } },
  "in backoff": { record: { backoff: { count: 1, until: NOW + 1 } } },
  "current secret rejected": { record: { rejectedCredentials: [rejected(current)] } },
  "every candidate rejected, after a re-read": {
    record: { rejectedCredentials: [rejected(current), rejected(previous)] },
    local: { hasReread: true, candidates: [current, previous] },
  },
  "previous secret left, after a re-read": {
    record: { rejectedCredentials: [rejected(current)] },
    local: { hasReread: true, candidates: [current, previous] },
  },
  "sessions spent": { record: { openSessions: settings.spareSessions } },
  "too little time": { local: { loginTimeMs: settings.minLoginMs - 1 } },
} satisfies Record<string, Part>;

type Row = Record<Condition, Action["type"]>;

const needsLogin: Row = {
  free: "login",
  "leased by another": "poll",
  "leased by itself": "login",
  "lease past its stated end": "login",
  "lease watched to its end": "login",
  "budget spent": "wait",
  "rate limited": "wait",
  "in backoff": "wait",
  "current secret rejected": "reread_secret",
  "every candidate rejected, after a re-read": "wait",
  "previous secret left, after a re-read": "login",
  "sessions spent": "login",
  "too little time": "reject",
};
const mayLogIn: Row = {
  ...needsLogin,
  "leased by another": "use",
  "budget spent": "use",
  "rate limited": "use",
  "in backoff": "use",
  "every candidate rejected, after a re-read": "use",
  "sessions spent": "use",
  "too little time": "use",
};
const always = (action: Action["type"]): Row => ({
  free: action,
  "leased by another": action,
  "leased by itself": action,
  "lease past its stated end": action,
  "lease watched to its end": action,
  "budget spent": action,
  "rate limited": action,
  "in backoff": action,
  "current secret rejected": action,
  "every candidate rejected, after a re-read": action,
  "previous secret left, after a re-read": action,
  "sessions spent": action,
  "too little time": action,
});

/** SPEC.md shows this table. A missing cell does not compile. */
const table: Record<State, Row> = {
  "no token, none stored": needsLogin,
  "no token, one stored": always("adopt"),
  "no token, stored one rejected here": needsLogin,
  "no token, stored one rejected in the record": needsLogin,
  "no token, stored one expires": needsLogin,
  "no token, stored one does not open": {
    ...always("reread_secret"),
    "every candidate rejected, after a re-read": "wait",
    "previous secret left, after a re-read": "login",
  },
  "no token, stored one does not open after a re-read": {
    ...needsLogin,
    "current secret rejected": "wait",
  },
  "no token, stored one is of another server": needsLogin,
  "token due for renewal, same stored": mayLogIn,
  "token due for renewal, newer stored": always("adopt"),
  "unpublished token, none stored": mayLogIn,
};

function decide(...parts: Part[]): Action {
  let [record, local]: [TokenRecord, LocalState] = [emptyRecord, atRest];
  for (const part of parts) {
    record = { ...record, ...part.record };
    local = { ...local, ...part.local };
  }
  const open: LocalState["open"] = (sealed, generation) => {
    const sealer = local.candidates.find(({ fingerprint }) => fingerprint === sealed.by);
    return sealer && openToken(sealed, sealer.credentials, { accountKey: "acct", generation });
  };
  return nextAction(record, { ...local, open });
}

describe.each(Object.entries(states))("with %s, the next action", (state, ofState: Part) => {
  it.each(Object.entries(conditions))("when %s is as the table says", (condition, ofCondition: Part) => {
    expect(decide(ofState, ofCondition).type).toBe(table[state as State][condition as Condition]);
  });
});

type SessionState = keyof typeof sessionStates;
const refreshable = (over: Partial<NonNullable<TokenRecord["token"]>> = {}): Partial<TokenRecord> => {
  const { token } = storing();
  if (token === undefined) throw new Error("it has one");
  return { generation: 3, token: { ...token, refreshUntil: NOW + MINUTE, ...over } };
};
/** The user's session in the record. `opens`: what its sealed tokens hold. */
const sessionStates = {
  "none, or ended": { record: {} },
  "active, token usable": { record: refreshable() },
  "active, token due for renewal": { record: refreshable(), local: { cached: 3 } },
  "active, token at its end": { record: refreshable({ expiresAt: NOW }) },
  "active, token rejected": { record: refreshable(), local: { rejected: 3 } },
  "active, refresh token at its end": { record: refreshable({ expiresAt: NOW, refreshUntil: NOW }) },
  "does not open": { record: refreshable(), opens: undefined },
  "does not open, token at its end": { record: refreshable({ expiresAt: NOW }), opens: undefined },
  "does not open after a re-read": { record: refreshable(), local: { hasReread: true }, opens: undefined },
  "of another server": { record: refreshable({ expiresAt: NOW }), opens: "https://old.test" },
} satisfies Record<string, Part & { opens?: string | undefined }>;

const unreadableSession: Row = {
  ...always("reread_secret"),
  "every candidate rejected, after a re-read": "sign_in",
  "previous secret left, after a re-read": "sign_in",
};
const sessionTable: Record<SessionState, Row> = {
  "none, or ended": always("sign_in"),
  "active, token usable": always("adopt"),
  "active, token due for renewal": mayLogIn,
  "active, token at its end": needsLogin,
  "active, token rejected": needsLogin,
  "active, refresh token at its end": always("sign_in"),
  "does not open": unreadableSession,
  "does not open, token at its end": unreadableSession,
  "does not open after a re-read": always("sign_in"),
  "of another server": always("sign_in"),
};

describe.each(Object.entries(sessionStates))("with a session that is %s, the next action", (state, given) => {
  const server = "opens" in given ? given.opens : "https://rc.test";
  const contents = server && { value: "a", expiresAt: 0, server, refreshToken: "r" };
  it.each(Object.entries(conditions))(
    "of a session, when %s, is as the table says",
    (condition, ofCondition: Part) => {
      const { record, local = {} }: Part = given;
      const action = nextAction(
        { ...emptyRecord, ...record, ...ofCondition.record },
        {
          ...atRest,
          ...local,
          ...ofCondition.local,
          isSession: true,
          open: () => contents || undefined,
        },
      );
      expect(action.type).toBe(sessionTable[state as SessionState][condition as Condition]);
      if (action.type === "login") expect(action.refreshToken).toBe("r");
    },
  );
});

describe("the next action", () => {
  it("is to log in with the first candidate that is not rejected, and says which token it replaces", () => {
    expect(decide(states["no token, stored one rejected here"])).toEqual({
      type: "login",
      candidate: current,
      replacing: 3,
    });
    expect(decide(conditions["previous secret left, after a re-read"])).toEqual({
      type: "login",
      candidate: previous,
      replacing: undefined,
    });
  });

  it("is to adopt what the stored token holds", () => {
    expect(decide(states["no token, one stored"])).toMatchObject({
      type: "adopt",
      contents: { value: "stored", server: "https://rc.test" },
      generation: 3,
      issuedAt: NOW - 10 * MINUTE,
    });
  });

  it("forces a re-read of the secret once for each unknown sealer", () => {
    const unreadable = states["no token, stored one does not open"];
    expect(decide(unreadable)).toMatchObject({ type: "reread_secret", force: true });
    const known = { local: { unreadable: candidate(9).fingerprint } };
    expect(decide(unreadable, known)).toMatchObject({ type: "reread_secret", force: false });
  });

  it("waits for another lease until its stated or its watched end, the earlier of the two", () => {
    const until = (leftMs: number, seenMs: number) => {
      const record = { lease: { ...lease, until: NOW + leftMs } };
      const action = decide({ record, local: { versionSeenSince: NOW - seenMs } });
      return action.type === "poll" ? action.pause.until - NOW : action.type;
    };
    const { leaseMs, maxSkewMs } = settings;
    expect(until(leaseMs, 0)).toBe(leaseMs);
    expect(until(leaseMs, 4_000)).toBe(leaseMs - 4_000);
    expect(until(1 - 2 * maxSkewMs, 0)).toBe(1);
    expect(until(-2 * maxSkewMs, 0)).toBe("login");
  });

  it("waits for RingCentral while another's login may be under way, and for the table after it", () => {
    const { leaseMs, leaseReserveMs } = settings;
    const waitsFor = (seenMs: number, loginTimeMs: number) => {
      const record = { lease: { ...lease, until: NOW + leaseMs } };
      const action = decide({ record, local: { versionSeenSince: NOW - seenMs, loginTimeMs } });
      return "pause" in action ? [action.type, action.pause.reason] : action.type;
    };
    expect(waitsFor(leaseMs - leaseReserveMs - 1, 20_000)).toEqual(["poll", "unavailable"]);
    expect(waitsFor(leaseMs - leaseReserveMs, 20_000)).toEqual(["poll", "storage"]);
    expect(waitsFor(leaseMs, 1_000)).toEqual(["reject", "storage"]);
    expect(decide({ local: { loginTimeMs: 1_000 } })).toMatchObject({ pause: { reason: "unavailable" } });
  });
});
