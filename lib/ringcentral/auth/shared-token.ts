import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource } from "../../platform/credentials.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { withTimeout } from "../../platform/with-timeout.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { RingCentralError } from "../api/errors.ts";
import { CachedToken } from "./cached-token.ts";
import { type Candidate, CredentialCandidates } from "./credential-candidates.ts";
import type { OnTokenEvent } from "./events.ts";
import { FallbackLogin } from "./fallback-login.ts";
import { type LeasedLoginDeps, type LeaseOutcome, loginUnderLease } from "./leased-login.ts";
import { type Action, type LocalState, nextAction, shortPause, storedToken } from "./next-action.ts";
import type { OAuth } from "./oauth.ts";
import type { AccessToken, TokenSource } from "./ports.ts";
import {
  type LoginPause,
  loginPause,
  parseRecord,
  recordKey,
  type TokenRecord,
  withLease,
} from "./token-record.ts";
import { defaultTokenSettings, type TokenSettings } from "./token-settings.ts";

export interface SharedTokenOptions {
  records: RecordStore;
  credentials: CredentialSource;
  oauth: Pick<OAuth, "login">;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** Identifies the RingCentral account (or its secret); one record each. */
  accountKey: string;
  /** Different for every process, also for two in succession: it owns leases. */
  instanceId: string;
  settings?: Partial<TokenSettings>;
  onEvent?: OnTokenEvent;
}

/** Instants in epoch milliseconds. */
export interface TokenDescription {
  seenBy: "fleet" | "process";
  /** 0 before the first token. */
  generation: number;
  issuedAt?: number;
  expiresAt?: number;
  ageMs?: number;
  /** No process logs in before. */
  coolDownUntil?: number;
  coolDownReason?: LoginPause["reason"];
}

/** The result of one look at the record. */
type Look =
  | { type: "token"; token: AccessToken }
  | { type: "poll" | "wait" | "reject"; pause: LoginPause; failure?: RingCentralError }
  | { type: "use" };

/** The result of looking until there is a token, or no time. */
type Outcome =
  | { type: "token"; token: AccessToken }
  /** A renewal is over; the cached token may serve on. */
  | { type: "renewed" }
  /** `retryFrom`: a caller with a later deadline may succeed from then on. */
  | { type: "rejected"; pause: LoginPause; retryFrom: number; failure?: RingCentralError };

interface Flight {
  outcome: Promise<Outcome>;
  purpose: "first_token" | "renewal";
}

const NEVER = Number.POSITIVE_INFINITY;
const LEAST_RETRY_AFTER_MS = 1_000;

/**
 * One RingCentral access token for the whole fleet. SPEC.md has the protocol, its reasons and its invariants.
 *
 * A process uses the token in memory. Without one it reads the account's record. If that has no usable token either,
 * it takes the lease in the record and logs in. Every write is a compare-and-set on the record's version.
 *
 * Errors: RingCentralError kind `auth`, `rate_limited`, `unavailable`, `timeout` or `broken`, with `retryAfterMs`;
 * ConfigurationError from the credentials.
 */
export class SharedToken implements TokenSource {
  readonly #deps: LeasedLoginDeps;
  readonly #instanceId: string;
  readonly #random: () => number;
  readonly #settings: TokenSettings;
  readonly #cached: CachedToken;
  readonly #candidates: CredentialCandidates;
  readonly #fallback: FallbackLogin;
  #flight: Flight | undefined;
  /** The version of the record at the last look, and the instant of its first look. */
  #watched: { version: number; since: number } | undefined;
  /** Fingerprint of the credentials of the last stored token that did not open. */
  #unreadable: string | undefined;
  #tableDownAt = Number.NEGATIVE_INFINITY;

  constructor(options: SharedTokenOptions) {
    const { records, oauth, clock, random, accountKey, onEvent = () => {} } = options;
    const settings = { ...defaultTokenSettings, ...options.settings };
    const key = recordKey(accountKey);
    this.#deps = { records, key, accountKey, oauth, clock, settings, onEvent };
    this.#instanceId = options.instanceId;
    this.#random = random;
    this.#settings = settings;
    this.#cached = new CachedToken(clock, random, settings);
    this.#candidates = new CredentialCandidates(
      options.credentials,
      accountKey,
      clock,
      settings.secretRereadMs,
    );
    this.#fallback = new FallbackLogin(this.#deps, this.#candidates, settings);
  }

  async get(deadline: Deadline): Promise<AccessToken> {
    for (;;) {
      const cached = this.#cached.usable();
      if (cached !== undefined) {
        const mayRenew =
          this.#flight === undefined && deadline.remainingMs() >= 2 * this.#settings.minLoginMs;
        if (!mayRenew || !this.#cached.isDueForRenewal()) return cached;
        await this.#renew(deadline);
        continue;
      }
      const flight = this.#flight ?? this.#startFlight(deadline, "first_token");
      const outcome = await this.#within(deadline, flight.outcome);
      if (outcome.type === "token") return outcome.token;
      // The caller that started the flight may have had less time than this one.
      const mayRetry =
        outcome.type === "renewed" || outcome.retryFrom < deadline.at - this.#settings.minLoginMs;
      if (!mayRetry) throw rejection(outcome, this.#now());
    }
  }

  /** Writes nothing: the next `get` reads the record first. */
  reject(token: AccessToken): void {
    this.#cached.reject(token);
  }

  /** The state of the fleet's token, for `GET /v1/limits`; of this process's own while the table is unavailable. */
  async describe(): Promise<TokenDescription> {
    const now = this.#now();
    const { records, key, clock } = this.#deps;
    try {
      const [stored, candidates] = await Promise.all([
        records.read(key),
        this.#candidates.list(deadlineIn(this.#settings.maxPollMs, clock, 0)).catch(() => []),
      ]);
      const record = parseRecord(stored?.value);
      const fingerprints = candidates.map(({ fingerprint }) => fingerprint);
      const pause = loginPause(record, fingerprints, undefined, now, this.#settings);
      const coolDown = pause && { coolDownUntil: pause.until, coolDownReason: pause.reason };
      return { ...description("fleet", record.generation, record.token, now), ...coolDown };
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      const last = this.#cached.last();
      const token = last && { issuedAt: last.issuedAt, expiresAt: last.token.expiresAt };
      return description("process", last?.token.generation ?? 0, token, now);
    }
  }

  /** Tries to replace a token that still works. A failure is harmless: the next try is at the postponed renewal. */
  async #renew(deadline: Deadline): Promise<void> {
    this.#cached.postponeRenewal();
    try {
      await this.#within(deadline, this.#startFlight(deadline, "renewal").outcome);
    } catch {
      // Reported by `onEvent` where it happened.
    }
  }

  /** One flight at a time in this process: later callers share its outcome. */
  #startFlight(deadline: Deadline, purpose: Flight["purpose"]): Flight {
    const flight = { outcome: this.#obtain(deadline, purpose), purpose };
    this.#flight = flight;
    const landed = () => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    flight.outcome.then(landed, landed);
    return flight;
  }

  /** A caller whose time is up leaves the flight; the next caller finds its outcome. */
  #within(deadline: Deadline, outcome: Promise<Outcome>): Promise<Outcome> {
    const timeoutMs = deadline.remainingMs();
    const pause: LoginPause = {
      until: this.#now() + timeoutMs + this.#settings.maxPollMs,
      reason: "unavailable",
    };
    const timeUp = () => rejection({ pause }, this.#now());
    return withTimeout(outcome, { clock: this.#deps.clock, timeoutMs, timeUp });
  }

  /** Looks at the record until there is a token, or no time. A renewal looks once. */
  async #obtain(deadline: Deadline, purpose: Flight["purpose"]): Promise<Outcome> {
    let pollMs = this.#settings.firstPollMs;
    let storageFailures = 0;
    let failure: RingCentralError | undefined;
    for (;;) {
      const look = await this.#look(deadline, purpose).catch(asStorageFailure);
      if (look.type === "token") return look;
      if (look.type === "storage_failed") {
        // A throttled table is no reason to work without it: a burst of cold starts would become a burst of logins.
        if (!look.throttled) storageFailures += 1;
        if (this.#isTableDown(storageFailures)) return this.#withoutTable(deadline, purpose);
      } else {
        this.#tableDownAt = Number.NEGATIVE_INFINITY;
        storageFailures = 0;
      }
      if (purpose === "renewal" || look.type === "use") return { type: "renewed" };

      const now = this.#now();
      const pause =
        look.type === "storage_failed"
          ? ({ until: now + this.#settings.maxPollMs, reason: "unavailable" } as const)
          : look.pause;
      if (look.type === "poll") failure = look.failure ?? failure;
      // Random, so that waiting processes do not come back together.
      let delayMs = pause.until - now + this.#random() * this.#settings.firstPollMs;
      if (look.type !== "wait") {
        delayMs = pollMs * (0.5 + this.#random());
        pollMs = Math.min(pollMs * 1.7, this.#settings.maxPollMs);
      }
      if (look.type === "reject" || delayMs >= deadline.remainingMs()) {
        const retryFrom = look.type === "wait" ? pause.until : now;
        return omitUndefined({ type: "rejected" as const, pause, retryFrom, failure });
      }
      await this.#deps.clock.sleep(delayMs);
    }
  }

  /** One look at the record, and the action it allows. @throws StorageUnavailable, and the errors of the credentials */
  async #look(deadline: Deadline, purpose: Flight["purpose"]): Promise<Look> {
    const { records, key } = this.#deps;
    const [stored, current] = await Promise.all([records.read(key), this.#candidates.list(deadline)]);
    const record = parseRecord(stored?.value);
    this.#cached.sawGeneration(record.generation);
    const reserveMs = purpose === "renewal" ? this.#settings.minLoginMs : 0;
    const local = this.#localState(stored?.version ?? 0, deadline.remainingMs() - reserveMs);
    const action = await this.#decide(record, local, current, deadline);
    switch (action.type) {
      case "adopt":
        return { type: "token", token: this.#cached.keep(action, action.generation) };
      case "login": {
        const { candidate, replacing } = action;
        const taken = withLease(record, this.#instanceId, replacing, this.#now(), this.#settings);
        const version = await records.compareAndSet(key, stored?.version ?? null, taken);
        if (version === undefined) return this.#poll();
        const generation = this.#cached.nextGeneration(record.generation);
        const lease = { record: taken, version, candidate, generation };
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
      const action = nextAction(record, state, candidates, this.#now(), this.#settings);
      if (action.type !== "reread_secret") return action;
      candidates = await this.#candidates.reread(deadline, action.force);
      state = { ...state, hasReread: true };
      const stored = storedToken(record, state, candidates, this.#now(), this.#settings);
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
    return { type: "poll" as const, pause: shortPause(this.#now(), this.#settings) };
  }

  #isTableDown(storageFailures: number): boolean {
    const wasDown = this.#now() - this.#tableDownAt < this.#settings.windowMs;
    return storageFailures >= (wasDown ? 1 : this.#settings.storageAttempts);
  }

  /** A renewal needs no other token: the one in memory serves on. */
  async #withoutTable(deadline: Deadline, purpose: Flight["purpose"]): Promise<Outcome> {
    this.#tableDownAt = this.#now();
    if (purpose === "renewal") return { type: "renewed" };
    const result = await this.#fallback.login(deadline);
    this.#deps.onEvent({ type: "degraded", how: result.ok ? "local_login" : "gave_up" });
    if (result.ok) return { type: "token", token: this.#cached.keepUnpublished(result.token) };
    const { pause, failure } = result;
    return omitUndefined({ type: "rejected" as const, pause, retryFrom: NEVER, failure });
  }

  #now(): number {
    return this.#deps.clock.now();
  }
}

function description(
  seenBy: TokenDescription["seenBy"],
  generation: number,
  token: { issuedAt: number; expiresAt: number } | undefined,
  now: number,
): TokenDescription {
  if (token === undefined) return { seenBy, generation };
  const { issuedAt, expiresAt } = token;
  return { seenBy, generation, issuedAt, expiresAt, ageMs: Math.max(0, now - issuedAt) };
}

/** No token, the reason, and when to retry. No call was sent on the caller's behalf. */
function rejection(
  { pause, failure }: { pause: LoginPause; failure?: RingCentralError },
  now: number,
): RingCentralError {
  return new RingCentralError({
    kind: pause.reason,
    ...(pause.errorCode !== undefined && { errorCode: pause.errorCode }),
    ...failure?.failure,
    operation: "login",
    retryAfterMs: Math.max(LEAST_RETRY_AFTER_MS, Math.ceil(pause.until - now)),
    mayHaveTakenEffect: false,
    ...(failure && { cause: failure }),
  });
}

/** @throws every other error again */
function asStorageFailure(error: unknown) {
  if (!(error instanceof StorageUnavailable)) throw error;
  return { type: "storage_failed" as const, throttled: error.throttled };
}
