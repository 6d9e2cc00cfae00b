import type { Candidate } from "./credential-candidates.ts";
import { openToken, type TokenContents } from "./sealed-token.ts";
import {
  areSessionsSpent,
  type LoginPause,
  loginPause,
  type TokenRecord,
  usableGeneration,
} from "./token-record.ts";
import type { TokenSettings } from "./token-settings.ts";

/** The state of one process that its decision depends on. */
export interface LocalState {
  accountKey: string;
  instanceId: string;
  /** Generation of the usable token in memory. With one, the process only looks for a newer token. */
  cached?: number;
  /** The generation that RingCentral rejected when this process used it. */
  rejected?: number;
  /** Since when this process has seen this version of the record, by its own clock. */
  versionSeenSince: number;
  /** Fingerprint of the credentials whose sealed token did not open after a re-read. */
  unreadable?: string;
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
  | { type: "login"; candidate: Candidate; replacing: number | undefined }
  /** Another process is logging in and may finish any moment: look again soon. */
  | { type: "poll"; pause: LoginPause }
  /** No process may log in before the end of the pause. */
  | { type: "wait"; pause: LoginPause }
  /** A login is possible, but not within this deadline. */
  | { type: "reject"; pause: LoginPause };

/** Decides the next step towards a token. A pure function: the caller has read the record and carries the action out. */
export function nextAction(
  record: TokenRecord,
  local: LocalState,
  candidates: readonly Candidate[],
  now: number,
  settings: TokenSettings,
): Action {
  const stored = storedToken(record, local, candidates, now, settings);
  if (stored.type === "adopt") return stored;
  if (stored.type === "unreadable" && !local.hasReread) {
    // Unknown credentials are worth an immediate re-read, but only once.
    return { type: "reread_secret", reason: "unreadable_token", force: stored.by !== local.unreadable };
  }
  const needsToken = local.cached === undefined;
  if (!needsToken && areSessionsSpent(record, settings)) return { type: "use" };
  const login = loginAction(record, local, candidates, now, settings);
  return needsToken || login.type === "login" || login.type === "reread_secret" ? login : { type: "use" };
}

type StoredToken = Extract<Action, { type: "adopt" }> | { type: "none" } | { type: "unreadable"; by: string };

/** The stored token, if this process may use it, can open it, and does not have it already. */
export function storedToken(
  record: TokenRecord,
  local: LocalState,
  candidates: readonly Candidate[],
  now: number,
  settings: TokenSettings,
): StoredToken {
  const generation = usableGeneration(record, now, settings);
  const isKnown = generation === local.rejected || generation === local.cached;
  if (record.token === undefined || generation === undefined || isKnown) return { type: "none" };
  const { sealed, issuedAt } = record.token;
  const sealer = candidates.find(({ fingerprint }) => fingerprint === sealed.by);
  const context = { accountKey: local.accountKey, generation };
  const contents = sealer && openToken(sealed, sealer.credentials, context);
  if (contents === undefined) return { type: "unreadable", by: sealed.by };
  // The secret may name another server by now; this token must not be sent there.
  if (contents.server !== candidates[0]?.credentials.server) return { type: "none" };
  return { type: "adopt", contents, issuedAt, generation };
}

function loginAction(
  record: TokenRecord,
  local: LocalState,
  candidates: readonly Candidate[],
  now: number,
  settings: TokenSettings,
): Exclude<Action, { type: "use" | "adopt" }> {
  const leaseEnd = foreignLeaseEnd(record, local, settings);
  if (leaseEnd > now) return { type: "poll", pause: { until: leaseEnd, reason: "unavailable" } };

  const rejections = record.rejectedCredentials;
  const isRejected = ({ fingerprint }: Candidate) => rejections.some(({ by }) => by === fingerprint);
  if (candidates.some(isRejected) && !local.hasReread) {
    return { type: "reread_secret", reason: "rejected_credentials", force: false };
  }

  const { generation } = record;
  const isDead = generation === local.rejected || generation === record.rejectedGeneration;
  const replacing = isDead && generation > 0 ? generation : undefined;
  const fingerprints = candidates.map(({ fingerprint }) => fingerprint);
  const pause = loginPause(record, fingerprints, replacing, now, settings);
  if (pause !== undefined) return { type: "wait", pause };

  if (local.loginTimeMs < settings.minLoginMs) {
    return { type: "reject", pause: { until: now + Math.max(0, local.loginTimeMs), reason: "unavailable" } };
  }
  const candidate = candidates.find(
    ({ fingerprint }) => !rejections.some(({ by, until }) => by === fingerprint && until > now),
  );
  if (candidate === undefined) return { type: "poll", pause: shortPause(now, settings) };
  return { type: "login", candidate, replacing };
}

/**
 * The end of another process's lease, by this process's clock: the earlier of two. The stated end allows for the skew of
 * two clocks. The watched end is the algorithm of the DynamoDB lock client (`recordVersionNumber`): a record that stays
 * unchanged for a whole lease has a dead holder. It compares no clocks and is the earlier one for a waiting process.
 */
function foreignLeaseEnd({ lease }: TokenRecord, local: LocalState, settings: TokenSettings): number {
  if (lease === undefined || lease.owner === local.instanceId) return Number.NEGATIVE_INFINITY;
  return Math.min(lease.until + 2 * settings.maxSkewMs, local.versionSeenSince + settings.leaseMs);
}

/** The pause of a process that looks again at the next poll. */
export function shortPause(now: number, settings: TokenSettings): LoginPause {
  return { until: now + settings.firstPollMs, reason: "unavailable" };
}
