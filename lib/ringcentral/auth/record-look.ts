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

/** Looks at the record once and carries out the action that the look allows. */
export class RecordLook {
  readonly #deps: LeasedLoginDeps;
  readonly #instanceId: string;
  readonly #cached: CachedToken;
  readonly #candidates: CredentialCandidates;
  readonly #table: CircuitBreaker;
  /** The fencing number of the last lease under which this process logged in. */
  #usedFence = 0;
  /** The version of the record at the last look, and the instant of its first look. */
  #watched: { version: number; since: number } | undefined;
  /** Fingerprint of the credentials of the last stored token that did not open. */
  #unreadable: string | undefined;

  constructor(
    deps: LeasedLoginDeps,
    instanceId: string,
    cached: CachedToken,
    candidates: CredentialCandidates,
    table: CircuitBreaker,
  ) {
    this.#deps = deps;
    this.#instanceId = instanceId;
    this.#cached = cached;
    this.#candidates = candidates;
    this.#table = table;
  }

  /**
   * @param reserveMs what must be left of the deadline after a login
   * @throws StorageUnavailable, and the errors of the credentials
   */
  async look(deadline: Deadline, reserveMs: number): Promise<Look> {
    const { records, key } = this.#deps;
    const [stored, current] = await Promise.all([
      this.#table.call(() => records.read(key)),
      this.#candidates.list(deadline),
    ]);
    const record = this.#withoutVainLease(parseRecord(stored?.value));
    this.#cached.sawGeneration(record.generation);
    const local = this.#localState(stored?.version ?? 0, deadline.remainingMs() - reserveMs);
    const action = await this.#decide(record, local, current, deadline);
    switch (action.type) {
      case "adopt":
        return { type: "token", token: this.#cached.keep(action, action.generation) };
      case "login": {
        const { candidate, replacing } = action;
        const taken = withLease(record, this.#instanceId, replacing, this.#now(), this.#deps.settings);
        // Without a response the process does not know that it has the lease, so it has none.
        const version = await this.#table.call(() =>
          records.compareAndSet(key, stored?.version ?? null, taken),
        );
        if (version === undefined) return this.#poll();
        const generation = this.#cached.nextGeneration(record.generation);
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
    return omitUndefined({
      accountKey: this.#deps.accountKey,
      instanceId: this.#instanceId,
      cached: this.#cached.usable()?.generation,
      rejected: this.#cached.rejected,
      versionSeenSince: this.#seenSince(version),
      unreadable: this.#unreadable,
      hasReread: false,
      loginTimeMs,
    });
  }

  /** A lease of this process that it never used: the response to the write that took it was lost. */
  #withoutVainLease(record: TokenRecord): TokenRecord {
    const { lease } = record;
    const isVain = lease?.owner === this.#instanceId && lease.fence !== this.#usedFence;
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
      candidates = await this.#candidates.reread(deadline, action.force);
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
        return { type: "token", token: this.#cached.keep(outcome.token, generation) };
      case "unpublished":
        return { type: "token", token: this.#cached.keepUnpublished(outcome.token) };
      case "failed":
        // The other versions of the secret are tried under the next lease.
        if (outcome.failure.failure.kind === "auth") await this.#candidates.reread(deadline, true);
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
