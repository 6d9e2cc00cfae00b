import type { Deadline } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { CircuitBreaker } from "../../storage/circuit-breaker.ts";
import type { RingCentralError } from "../api/errors.ts";
import type { CachedToken } from "./cached-token.ts";
import type { Candidate, CredentialCandidates } from "./credential-candidates.ts";
import { type LeasedLoginDeps, type LeaseOutcome, loginUnderLease } from "./leased-login.ts";
import { type Action, type LocalState, nextAction, shortPause, storedToken } from "./next-action.ts";
import type { AccessToken } from "./ports.ts";
import {
  type LoginPause,
  parseRecord,
  type TokenRecord,
  withLease,
  withUnusedLease,
} from "./token-record.ts";

/** The result of one look at the record. */
export type Look =
  | { type: "token"; token: AccessToken }
  | { type: "poll" | "wait" | "reject"; pause: LoginPause; failure?: RingCentralError }
  | { type: "use" };

export interface RecordLookDeps extends LeasedLoginDeps {
  instanceId: string;
  cached: CachedToken;
  candidates: CredentialCandidates;
  table: CircuitBreaker;
}

/** Looks at the record once and carries out the action that the look allows. */
export class RecordLook {
  readonly #deps: RecordLookDeps;
  /** The fencing number of the last lease under which this process logged in. */
  #usedFence = 0;
  /** The version of the record at the last look, and the instant of its first look. */
  #watched: { version: number; since: number } | undefined;
  /** Fingerprint of the credentials of the last stored token that did not open. */
  #unreadable: string | undefined;

  constructor(deps: RecordLookDeps) {
    this.#deps = deps;
  }

  /**
   * @param reserveMs what must be left of the deadline after a login
   * @throws StorageUnavailable, and the errors of the credentials
   */
  async look(deadline: Deadline, reserveMs: number): Promise<Look> {
    const { records, key, cached, candidates, table, instanceId, settings } = this.#deps;
    const [stored, current] = await Promise.all([
      table.call(() => records.read(key)),
      candidates.list(deadline),
    ]);
    const record = this.#withoutVainLease(parseRecord(stored?.value));
    cached.sawGeneration(record.generation);
    const local = this.#localState(stored?.version ?? 0, deadline.remainingMs() - reserveMs);
    const action = await this.#decide(record, local, current, deadline);
    switch (action.type) {
      case "adopt":
        return { type: "token", token: cached.keep(action, action.generation) };
      case "login": {
        const { candidate, replacing } = action;
        const taken = withLease(record, instanceId, replacing, this.#now(), settings);
        // Without a response the process does not know that it has the lease, so it has none.
        const version = await table.call(() => records.compareAndSet(key, stored?.version ?? null, taken));
        if (version === undefined) return this.#poll();
        const generation = cached.nextGeneration(record.generation);
        const lease = { record: taken, version, candidate, generation };
        this.#usedFence = taken.fence;
        const outcome = await loginUnderLease(this.#deps, lease, deadline, reserveMs);
        return this.#afterLogin(outcome, generation, deadline);
      }
      default:
        return action;
    }
  }

  #localState(version: number, loginTimeMs: number): LocalState {
    const { accountKey, instanceId, cached } = this.#deps;
    return omitUndefined({
      accountKey,
      instanceId,
      cached: cached.usable()?.generation,
      rejected: cached.rejected,
      versionSeenSince: this.#seenSince(version),
      unreadable: this.#unreadable,
      hasReread: false,
      loginTimeMs,
    });
  }

  /** A lease of this process that it never used: the response to the write that took it was lost. */
  #withoutVainLease(record: TokenRecord): TokenRecord {
    const { lease } = record;
    const isVain = lease?.owner === this.#deps.instanceId && lease.fence !== this.#usedFence;
    return isVain ? withUnusedLease(record) : record;
  }

  /** Since when this process has seen the record unchanged, by its own clock. */
  #seenSince(version: number): number {
    if (this.#watched?.version !== version) this.#watched = { version, since: this.#now() };
    return this.#watched.since;
  }

  /** The next action, after at most one re-read of the secret. */
  async #decide(
    record: TokenRecord,
    local: LocalState,
    current: readonly Candidate[],
    deadline: Deadline,
  ): Promise<Exclude<Action, { type: "reread_secret" }>> {
    let [state, candidates] = [local, current];
    for (;;) {
      const decidedAt = this.#now();
      const action = nextAction(record, state, candidates, decidedAt, this.#deps.settings);
      if (action.type !== "reread_secret") return action;
      candidates = await this.#deps.candidates.reread(deadline, action.force);
      const loginTimeMs = state.loginTimeMs - (this.#now() - decidedAt);
      state = { ...state, hasReread: true, loginTimeMs };
      const stored = storedToken(record, state, candidates, this.#now(), this.#deps.settings);
      if (stored.type !== "unreadable") continue;
      this.#unreadable = stored.by;
      this.#deps.onEvent({ type: "unreadable", generation: record.generation });
    }
  }

  async #afterLogin(outcome: LeaseOutcome, generation: number, deadline: Deadline): Promise<Look> {
    switch (outcome.type) {
      case "published":
        return { type: "token", token: this.#deps.cached.keep(outcome.token, generation) };
      case "unpublished":
        return { type: "token", token: this.#deps.cached.keepUnpublished(outcome.token) };
      case "failed":
        // The other versions of the secret are tried under the next lease.
        if (outcome.failure.failure.kind === "auth") await this.#deps.candidates.reread(deadline, true);
        return { ...this.#poll(), failure: outcome.failure };
      default:
        return this.#poll();
    }
  }

  #poll() {
    return { type: "poll" as const, pause: shortPause(this.#now(), this.#deps.settings) };
  }

  #now(): number {
    return this.#deps.clock.now();
  }
}
