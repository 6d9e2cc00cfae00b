import type { Deadline } from "../../platform/deadline.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { IssuedToken } from "./cached-token.ts";
import type { Candidate } from "./credential-candidates.ts";
import {
  type LoginResult,
  loginUnderLease,
  publish,
  type TokenDeps,
  type TokenLease,
} from "./leased-login.ts";
import { type Action, type LocalState, nextAction, nextPoll, storedToken } from "./next-action.ts";
import type { SealedToken } from "./sealed-token.ts";
import { keptUntil } from "./session-record.ts";
import { parseRecord, type TokenRecord, withLease, withUnusedLease } from "./token-record.ts";

/** One may be a crashed holder's. */
const VAIN_LEASES = 2;

/** Looks at the record once and carries out the action that the look allows. */
export class RecordLook {
  readonly #deps: TokenDeps;
  /** The fencing number of the last lease under which this process logged in. */
  #usedFence = 0;
  /** The version of the record at the last look, and the instant of its first look. */
  #watched = { version: -1, since: 0 };
  /** What the last login left in the record, and the fencing number then. */
  #outcome = { seen: "", fence: 0 };
  /** Fingerprint of the credentials of the last stored token that did not open. */
  #unreadable: string | undefined;
  /** New tokens of a session that the table has not taken yet. */
  #unstored: { lease: TokenLease; token: IssuedToken } | undefined;

  constructor(deps: TokenDeps) {
    this.#deps = deps;
  }

  /**
   * @param reserveMs what must be left of the deadline after a login
   * @throws StorageUnavailable, and the errors of the credentials
   */
  async look(
    deadline: Deadline,
    reserveMs: number,
    tableWait: WaitLimit,
  ): Promise<Exclude<LoginResult, { type: "unstored" }> | { type: "use" }> {
    const { records, kind, cached, table, clock, instanceId } = this.#deps;
    const [stored, current] = await Promise.all([
      tableWait.limit(() => table.call(() => records.read(kind.key))),
      kind.candidates.list(deadline),
    ]);
    const unstored = this.#unstored;
    this.#unstored = undefined;
    // No other process has taken the lease since: they are still the session's tokens.
    if (unstored !== undefined && unstored.lease.version === stored?.version) {
      return this.#whenStored(unstored.lease, publish(this.#deps, unstored.lease, unstored.token, deadline));
    }
    const record = this.#withoutLostLease(parseRecord(stored?.value));
    cached.sawGeneration(record.generation);
    this.#watch(stored?.version ?? 0);
    const action = await this.#decide(record, current, deadline, reserveMs);
    if (action.type === "adopt") return { type: "token", token: cached.keep(action, action.generation) };
    if (action.type === "poll" && this.#leavesNoOutcome(record)) {
      throw new StorageUnavailable("one lease after the other leaves no outcome");
    }
    if (action.type !== "login") return action;
    const taken = withLease(record, instanceId, action.replacing, clock.now());
    // Without a response the process does not know that it has the lease, so it has none.
    const version = await tableWait.limit(() =>
      table.call(() =>
        records.compareAndSet(kind.key, stored?.version ?? null, taken, keptUntil(taken, clock.now())),
      ),
    );
    if (version === undefined) return nextPoll(clock.now());
    this.#usedFence = taken.fence;
    const generation = cached.nextGeneration(record.generation);
    const { candidate, refreshToken } = action;
    const lease = { record: taken, version, candidate, refreshToken, generation };
    return this.#whenStored(lease, loginUnderLease(this.#deps, lease, deadline, reserveMs, tableWait));
  }

  /** A session's new tokens are used once they are stored: a lost refresh token would be the end of the session. */
  async #whenStored(lease: TokenLease, login: Promise<LoginResult>) {
    const result = await login;
    if (result.type !== "unstored") return result;
    this.#unstored = { lease, token: result.token };
    throw new StorageUnavailable("the new tokens of a session are not stored");
  }

  /** A lease of this process that it never used: the response to the write that took it was lost. */
  #withoutLostLease(record: TokenRecord): TokenRecord {
    const { lease } = record;
    const isLost = lease?.owner === this.#deps.instanceId && lease.fence !== this.#usedFence;
    return isLost ? withUnusedLease(record) : record;
  }

  /** Others take the lease again and again: the table takes their writes, and they do not hear of it. */
  #leavesNoOutcome({ generation, backoff, rateLimitedUntil, rejectedCredentials, fence }: TokenRecord) {
    const seen = JSON.stringify([generation, backoff, rateLimitedUntil, rejectedCredentials]);
    if (seen !== this.#outcome.seen) this.#outcome = { seen, fence };
    return fence - this.#outcome.fence >= VAIN_LEASES;
  }

  #watch(version: number): void {
    if (this.#watched.version !== version) this.#watched = { version, since: this.#deps.clock.now() };
  }

  /** The next action, after at most one re-read of the secret. */
  async #decide(
    record: TokenRecord,
    current: readonly Candidate[],
    deadline: Deadline,
    reserveMs: number,
  ): Promise<Exclude<Action, { type: "reread_secret" }>> {
    const { kind, instanceId, cached, clock, onEvent } = this.#deps;
    const opening = (known: readonly Candidate[]) => (sealed: SealedToken, generation: number) =>
      kind.open(sealed, known, generation);
    let local: LocalState = {
      now: clock.now(),
      isSession: kind.isSession,
      open: opening(current),
      instanceId,
      candidates: current,
      cached: cached.usable()?.generation,
      rejected: cached.rejected,
      versionSeenSince: this.#watched.since,
      unreadable: this.#unreadable,
      hasReread: false,
      loginTimeMs: deadline.remainingMs() - reserveMs,
    };
    for (;;) {
      const action = nextAction(record, local);
      if (action.type !== "reread_secret") return action;
      const reread = await kind.candidates.reread(deadline, action.force);
      const loginTimeMs = deadline.remainingMs() - reserveMs;
      const now = clock.now();
      local = { ...local, now, open: opening(reread), candidates: reread, hasReread: true, loginTimeMs };
      const stored = storedToken(record, local);
      if (stored.type !== "unreadable") continue;
      this.#unreadable = stored.by;
      onEvent({ type: "unreadable", generation: record.generation });
    }
  }
}
