import type { Deadline } from "../../platform/deadline.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { Candidate } from "./credential-candidates.ts";
import { type LoginResult, loginUnderLease, type TokenDeps } from "./leased-login.ts";
import { type Action, type LocalState, nextAction, nextPoll, storedToken } from "./next-action.ts";
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
  ): Promise<LoginResult | { type: "use" }> {
    const { records, key, cached, candidates, table, clock, instanceId } = this.#deps;
    const [stored, current] = await Promise.all([
      tableWait.limit(() => table.call(() => records.read(key))),
      candidates.list(deadline),
    ]);
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
      table.call(() => records.compareAndSet(key, stored?.version ?? null, taken)),
    );
    if (version === undefined) return nextPoll(clock.now());
    this.#usedFence = taken.fence;
    const generation = cached.nextGeneration(record.generation);
    const lease = { record: taken, version, candidate: action.candidate, generation };
    return loginUnderLease(this.#deps, lease, deadline, reserveMs);
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
    const { accountKey, instanceId, cached, candidates, clock, onEvent } = this.#deps;
    let local: LocalState = {
      now: clock.now(),
      accountKey,
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
      const reread = await candidates.reread(deadline, action.force);
      const loginTimeMs = deadline.remainingMs() - reserveMs;
      local = { ...local, now: clock.now(), candidates: reread, hasReread: true, loginTimeMs };
      const stored = storedToken(record, local);
      if (stored.type !== "unreadable") continue;
      this.#unreadable = stored.by;
      onEvent({ type: "unreadable", generation: record.generation });
    }
  }
}
