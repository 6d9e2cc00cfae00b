import type { Candidate } from "./credential-candidates.ts";
import type { SealedToken, TokenContents } from "./sealed-token.ts";
import {
  areSessionsSpent,
  type LoginPause,
  loginPause,
  type TokenRecord,
  usableGeneration,
} from "./token-record.ts";
import { settings } from "./token-settings.ts";

/** The state of one process that its decision depends on. */
export interface LocalState {
  now: number;
  /** The token is a user's session: it is refreshed, and ends for good. */
  isSession: boolean;
  /** Opens a sealed token with what the process knows. */
  open(sealed: SealedToken, generation: number): TokenContents | undefined;
  instanceId: string;
  candidates: readonly Candidate[];
  /** Generation of the usable token in memory. With one, the process only looks for a newer token. */
  cached?: number | undefined;
  /** The generation that RingCentral rejected when this process used it. */
  rejected?: number | undefined;
  /** Since when this process has seen this version of the record, by its own clock. */
  versionSeenSince: number;
  /** Fingerprint of the credentials whose sealed token did not open after a re-read. */
  unreadable?: string | undefined;
  /** Whether this look has already re-read the secret. */
  hasReread: boolean;
  /** Time that a login may take. */
  loginTimeMs: number;
}

export type Action =
  /** The cached token serves on; nothing newer can be had now. */
  | { type: "use" }
  /** The stored token is newer: cache it. */
  | { type: "adopt"; contents: TokenContents; issuedAt: number; generation: number }
  /** The known credentials do not suffice. `force`: regardless of the last re-read. */
  | { type: "reread_secret"; reason: "unreadable_token" | "rejected_credentials"; force: boolean }
  /** Take the lease and log in. `replacing`: the generation that RingCentral rejected. */
  | { type: "login"; candidate: Candidate; replacing: number | undefined; refreshToken?: string }
  /** The user has no session that could be refreshed. */
  | { type: "sign_in" }
  | Delay;

/**
 * No token now. `poll`: another process is logging in and may finish any moment. `wait`: no process may log in before
 * the end of the pause. `reject`: a login is possible, but not within this deadline.
 */
export interface Delay {
  type: "poll" | "wait" | "reject";
  pause: LoginPause;
}

/** Decides the next step towards a token. A pure function: the caller has read the record and carries the action out. */
export function nextAction(record: TokenRecord, local: LocalState): Action {
  const stored = storedToken(record, local);
  if (stored.type === "adopt") return stored;
  if (stored.type === "unreadable" && !local.hasReread) {
    // Unknown credentials are worth an immediate re-read, but only once.
    return { type: "reread_secret", reason: "unreadable_token", force: stored.by !== local.unreadable };
  }
  const refreshToken = local.isSession ? refreshTokenOf(record, local) : undefined;
  if (local.isSession && refreshToken === undefined) return { type: "sign_in" };
  if (local.cached !== undefined && areSessionsSpent(record)) return { type: "use" };
  const login = loginAction(record, local);
  if (local.cached !== undefined && "pause" in login) return { type: "use" };
  return login.type === "login" ? { ...login, ...(refreshToken && { refreshToken }) } : login;
}

/** It goes to the server that issued it, and to no other. */
function refreshTokenOf({ token, generation }: TokenRecord, local: LocalState): string | undefined {
  if (token === undefined || (token.refreshUntil ?? Number.POSITIVE_INFINITY) <= local.now) return undefined;
  const contents = local.open(token.sealed, generation);
  return contents?.server === local.candidates[0]?.credentials.server ? contents?.refreshToken : undefined;
}

type StoredToken = Extract<Action, { type: "adopt" }> | { type: "none" } | { type: "unreadable"; by: string };

/** The stored token, if this process may use it, can open it, and does not have it already. */
export function storedToken(record: TokenRecord, local: LocalState): StoredToken {
  const { candidates, rejected, cached } = local;
  const generation = usableGeneration(record, local.now);
  const isKnown = generation === rejected || generation === cached;
  if (record.token === undefined) return { type: "none" };
  const isNew = generation !== undefined && !isKnown;
  // A session's refresh token is needed in any case.
  if (!isNew && !local.isSession) return { type: "none" };
  const { sealed, issuedAt } = record.token;
  const contents = local.open(sealed, record.generation);
  if (contents === undefined) return { type: "unreadable", by: sealed.by };
  if (!isNew) return { type: "none" };
  // The secret may name another server by now; this token must not be sent there.
  if (contents.server !== candidates[0]?.credentials.server) return { type: "none" };
  return { type: "adopt", contents, issuedAt, generation };
}

function loginAction(
  record: TokenRecord,
  local: LocalState,
): Exclude<Action, { type: "use" | "adopt" | "sign_in" }> {
  const { now, candidates, loginTimeMs } = local;
  const leaseEnd = foreignLeaseEnd(record, local);
  // The holder's call is over by then, and its outcome is not in the table.
  const isOverdue = Number.isFinite(leaseEnd) && now >= leaseEnd - settings.leaseReserveMs;
  const reason = isOverdue ? "storage" : "unavailable";
  if (leaseEnd > now) return { type: "poll", pause: { until: leaseEnd, reason } };

  const rejections = record.rejectedCredentials;
  const fingerprints = candidates.map(({ fingerprint }) => fingerprint);
  if (rejections.some(({ by }) => fingerprints.includes(by)) && !local.hasReread) {
    return { type: "reread_secret", reason: "rejected_credentials", force: false };
  }

  const { generation } = record;
  const isDead = generation === local.rejected || generation === record.rejectedGeneration;
  const replacing = isDead && generation > 0 ? generation : undefined;
  const pause = loginPause(record, fingerprints, replacing, now);
  if (pause !== undefined) return { type: "wait", pause };

  if (loginTimeMs < settings.minLoginMs) {
    return { type: "reject", pause: { until: now + Math.max(0, loginTimeMs), reason } };
  }
  const candidate = candidates.find(
    ({ fingerprint }) => !rejections.some(({ by, until }) => by === fingerprint && until > now),
  );
  return candidate === undefined ? nextPoll(now) : { type: "login", candidate, replacing };
}

/**
 * The end of another process's lease, by this process's clock: the earlier of two. The stated end allows for the skew of
 * two clocks. The watched end is the algorithm of the DynamoDB lock client (`recordVersionNumber`): a record that stays
 * unchanged for a whole lease has a dead holder. It compares no clocks and is the earlier one for a waiting process.
 */
function foreignLeaseEnd({ lease }: TokenRecord, local: LocalState): number {
  if (lease === undefined || lease.owner === local.instanceId) return Number.NEGATIVE_INFINITY;
  return Math.min(lease.until + 2 * settings.maxSkewMs, local.versionSeenSince + settings.leaseMs);
}

export function nextPoll(now: number): Delay {
  return { type: "poll", pause: { until: now + settings.firstPollMs, reason: "unavailable" } };
}
