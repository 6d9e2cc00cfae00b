import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource } from "../../platform/credentials.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { withTimeout } from "../../platform/with-timeout.ts";
import { createCircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { RingCentralError } from "../api/errors.ts";
import { CachedToken } from "./cached-token.ts";
import { CredentialCandidates } from "./credential-candidates.ts";
import type { OnTokenEvent } from "./events.ts";
import type { OAuth } from "./oauth.ts";
import type { AccessToken, TokenSource } from "./ports.ts";
import { RecordLook, type RecordLookDeps } from "./record-look.ts";
import { type LoginPause, loginPause, parseRecord, recordKey } from "./token-record.ts";
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

/** The result of looking until there is a token, or no time. */
type Outcome =
  | { type: "token"; token: AccessToken }
  /** A renewal is over; the cached token may serve on. */
  | { type: "renewed" }
  /** `retryFrom`: a caller with a later deadline may succeed from then on. */
  | { type: "rejected"; pause: LoginPause; retryFrom: number; failure?: RingCentralError };

type Purpose = "first_token" | "renewal";

const NEVER = Number.POSITIVE_INFINITY;
const LEAST_RETRY_AFTER_MS = 1_000;
const MAX_CIRCUIT_PAUSE_MS = 5_000;

/**
 * One RingCentral access token for the whole fleet. SPEC.md has the protocol, its reasons and its invariants.
 *
 * A process uses the token in memory. Without one it reads the account's record. If that has no usable token either,
 * it takes the lease in the record and logs in. Every write is a compare-and-set on the record's version.
 *
 * Without the record there is no lease, and without the lease no login: a process uses the token in memory, and
 * rejects its callers when that is no longer usable.
 *
 * Errors: RingCentralError kind `storage`, `auth`, `rate_limited`, `unavailable`, `timeout` or `broken`, with
 * `retryAfterMs`; ConfigurationError from the credentials.
 */
export class SharedToken implements TokenSource {
  readonly #deps: RecordLookDeps;
  readonly #random: () => number;
  readonly #record: RecordLook;
  /** The search for a token that is under way. */
  #flight: Promise<Outcome> | undefined;
  #tableFailedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SharedTokenOptions) {
    const { credentials, clock, random, accountKey, onEvent = () => {} } = options;
    const settings = { ...defaultTokenSettings, ...options.settings };
    this.#random = random;
    this.#deps = {
      ...options,
      settings,
      onEvent,
      key: recordKey(accountKey),
      cached: new CachedToken(clock, random, settings),
      candidates: new CredentialCandidates(credentials, accountKey, clock, settings.secretRereadMs),
      table: createCircuitBreaker({
        clock,
        pauseMs: settings.firstPollMs,
        maxPauseMs: MAX_CIRCUIT_PAUSE_MS,
        timeoutMs: settings.tableTimeoutMs,
      }),
    };
    this.#record = new RecordLook(this.#deps);
  }

  async get(deadline: Deadline): Promise<AccessToken> {
    for (;;) {
      const cached = this.#deps.cached.usable();
      if (cached !== undefined) {
        const mayRenew =
          this.#flight === undefined && deadline.remainingMs() >= 2 * this.#deps.settings.minLoginMs;
        if (!mayRenew || !this.#deps.cached.isDueForRenewal()) return cached;
        await this.#renew(deadline);
        continue;
      }
      const flight = this.#flight ?? this.#startFlight(deadline, "first_token");
      const outcome = await this.#within(deadline, flight);
      if (outcome.type === "token") return outcome.token;
      // The caller that started the flight may have had less time than this one.
      const mayRetry =
        outcome.type === "renewed" || outcome.retryFrom < deadline.at - this.#deps.settings.minLoginMs;
      if (!mayRetry) throw rejection(outcome, this.#now());
    }
  }

  /** Writes nothing: the next `get` reads the record first. */
  reject(token: AccessToken): void {
    this.#deps.cached.reject(token);
  }

  /** The state of the fleet's token, for `GET /v1/limits`; of this process's own while the table is unavailable. */
  async describe(): Promise<TokenDescription> {
    const now = this.#now();
    const { records, key, clock } = this.#deps;
    try {
      const [stored, candidates] = await Promise.all([
        this.#deps.table.call(() => records.read(key)),
        this.#deps.candidates.list(deadlineIn(this.#deps.settings.maxPollMs, clock, 0)).catch(() => []),
      ]);
      const record = parseRecord(stored?.value);
      const fingerprints = candidates.map(({ fingerprint }) => fingerprint);
      const pause = loginPause(record, fingerprints, undefined, now, this.#deps.settings);
      const coolDown = pause && { coolDownUntil: pause.until, coolDownReason: pause.reason };
      return { ...description("fleet", record.generation, record.token, now), ...coolDown };
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      const last = this.#deps.cached.last();
      const token = last && { issuedAt: last.issuedAt, expiresAt: last.token.expiresAt };
      return description("process", last?.token.generation ?? 0, token, now);
    }
  }

  /** Tries to replace a token that still works. A failure is harmless: the next try is at the postponed renewal. */
  async #renew(deadline: Deadline): Promise<void> {
    this.#deps.cached.postponeRenewal();
    try {
      await this.#within(deadline, this.#startFlight(deadline, "renewal"));
    } catch {
      // Reported by `onEvent` where it happened.
    }
  }

  /** One flight at a time in this process: later callers share its outcome. */
  #startFlight(deadline: Deadline, purpose: Purpose): Promise<Outcome> {
    const flight = this.#obtain(deadline, purpose).finally(() => {
      this.#flight = undefined;
    });
    this.#flight = flight;
    return flight;
  }

  /** A caller whose time is up leaves the flight; the next caller finds its outcome. */
  #within(deadline: Deadline, outcome: Promise<Outcome>): Promise<Outcome> {
    const timeoutMs = deadline.remainingMs();
    const until = this.#now() + timeoutMs + this.#deps.settings.maxPollMs;
    const timeUp = () => rejection({ pause: this.#blamed({ until, reason: "unavailable" }) }, this.#now());
    return withTimeout(outcome, { clock: this.#deps.clock, timeoutMs, timeUp });
  }

  /** Looks at the record until there is a token, or no time. A renewal looks once. */
  async #obtain(deadline: Deadline, purpose: Purpose): Promise<Outcome> {
    // A renewal leaves its caller the time to use the token in memory.
    const reserveMs = purpose === "renewal" ? this.#deps.settings.minLoginMs : 0;
    let failingSince: number | undefined;
    let pollMs = this.#deps.settings.firstPollMs;
    // Always longer than the pause of the circuit, which doubles too.
    let tablePauseMs = this.#deps.settings.firstPollMs;
    let failure: RingCentralError | undefined;
    for (;;) {
      if (this.#deps.table.isOpen()) return this.#withoutTable(purpose, failure);
      const lookedAt = this.#now();
      const look = await this.#record.look(deadline, reserveMs).catch(asTableFailure);
      if (look.type === "token") return look;
      if (purpose === "renewal" || look.type === "use") return { type: "renewed" };

      const now = this.#now();
      if (look.type === "table_failed") {
        this.#tableFailedAt = now;
        failingSince ??= lookedAt;
        const pauseMs = tablePauseMs * (1 + this.#random());
        const isOver = now + pauseMs - failingSince > this.#deps.settings.tablePatienceMs;
        if (isOver) return this.#withoutTable(purpose, failure);
        await this.#deps.clock.sleep(pauseMs);
        tablePauseMs *= 2;
        continue;
      }
      failingSince = undefined;
      if (look.type === "poll") failure = look.failure ?? failure;
      // Random, so that waiting processes do not come back together.
      let delayMs = look.pause.until - now + this.#random() * this.#deps.settings.firstPollMs;
      if (look.type !== "wait") {
        delayMs = pollMs * (0.5 + this.#random());
        pollMs = Math.min(pollMs * 1.7, this.#deps.settings.maxPollMs);
      }
      if (look.type === "reject" || delayMs >= deadline.remainingMs()) {
        const retryFrom = look.type === "wait" ? look.pause.until : now;
        const pause = look.type === "wait" ? look.pause : this.#blamed(look.pause);
        return omitUndefined({ type: "rejected" as const, pause, retryFrom, failure });
      }
      await this.#deps.clock.sleep(delayMs);
    }
  }

  #withoutTable(purpose: Purpose, failure: RingCentralError | undefined): Outcome {
    if (purpose === "renewal") return { type: "renewed" };
    this.#deps.onEvent({ type: "degraded", how: "no_token" });
    const until = this.#now() + this.#deps.settings.tableRetryAfterMs;
    const pause = { until, reason: "storage" as const };
    return omitUndefined({ type: "rejected" as const, pause, retryFrom: NEVER, failure });
  }

  /** A wait that no response of RingCentral caused is the table's fault while the table fails. */
  #blamed(pause: LoginPause): LoginPause {
    const hasFailed = this.#now() - this.#tableFailedAt < this.#deps.settings.windowMs;
    return hasFailed ? { ...pause, reason: "storage" } : pause;
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
function asTableFailure(error: unknown) {
  if (!(error instanceof StorageUnavailable)) throw error;
  return { type: "table_failed" as const };
}
