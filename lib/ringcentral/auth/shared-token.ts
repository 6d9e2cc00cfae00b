import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { withTimeout } from "../../platform/with-timeout.ts";
import { createCircuitBreaker } from "../../storage/circuit-breaker.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import { createTableWait } from "../../storage/table-wait.ts";
import { RingCentralError } from "../api/errors.ts";
import { CachedToken } from "./cached-token.ts";
import type { TokenDeps } from "./leased-login.ts";
import type { AccessToken, TokenEvent, TokenSource } from "./ports.ts";
import { RecordLook } from "./record-look.ts";
import { type LoginPause, loginPause, parseRecord } from "./token-record.ts";
import { settings } from "./token-settings.ts";

export interface SharedTokenOptions
  extends Pick<TokenDeps, "records" | "kind" | "tokenCalls" | "clock" | "instanceId"> {
  /** In [0, 1). */
  random: () => number;
  onEvent?: (event: TokenEvent) => void;
}

/** The end of the search for a token. */
type Outcome =
  | { type: "token"; token: AccessToken }
  /** A renewal is over; the cached token may serve on. */
  | { type: "renewed" }
  /** The user has to sign in again. */
  | { type: "sign_in" }
  /** `retryFrom`: a caller with a later deadline may succeed from then on. */
  | { type: "rejected"; pause: LoginPause; retryFrom: number; failure?: RingCentralError };

const LEAST_RETRY_AFTER_MS = 1_000;
const MAX_CIRCUIT_PAUSE_MS = 5_000;
/** What a look reserves of its deadline so that no time is left for a login. */
const NO_LOGIN_MS = Number.POSITIVE_INFINITY;

/**
 * One RingCentral access token for the whole fleet: the service's, or a user's. SPEC.md has the protocol, its reasons
 * and its invariants.
 *
 * Errors: RingCentralError kind `session_ended`, `storage`, `auth`, `rate_limited`, `unavailable`, `timeout` or `bad_response`, with
 * `retryAfterMs`; ConfigurationError from the credentials.
 */
export class SharedToken implements TokenSource {
  readonly #deps: TokenDeps;
  readonly #random: () => number;
  readonly #record: RecordLook;
  /** The search for a token that is under way. */
  #flight: Promise<Outcome> | undefined;
  /** How many searches this process has begun. */
  #searches = 0;
  #tableFailedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SharedTokenOptions) {
    const { clock, random, onEvent = () => {} } = options;
    const { firstPollMs: pauseMs, tableTimeoutMs: timeoutMs } = settings;
    this.#random = random;
    this.#deps = {
      ...options,
      onEvent,
      cached: new CachedToken(clock, random),
      table: createCircuitBreaker({ clock, pauseMs, maxPauseMs: MAX_CIRCUIT_PAUSE_MS, timeoutMs }),
    };
    this.#record = new RecordLook(this.#deps);
  }

  async get(deadline: Deadline, tableWait = createTableWait(this.#deps.clock)): Promise<AccessToken> {
    const { cached } = this.#deps;
    const begunBefore = this.#searches;
    for (;;) {
      const token = cached.usable();
      if (token !== undefined) {
        const mayRenew = this.#flight === undefined && deadline.remainingMs() >= 2 * settings.minLoginMs;
        if (!mayRenew || !cached.isDueForRenewal()) return token;
        cached.postponeRenewal();
        // A failure is harmless: the next try is at the postponed renewal.
        await this.#share(deadline, tableWait, () => this.#renew(deadline, tableWait)).catch(() => {});
        continue;
      }
      const search = this.#share(deadline, tableWait, () => this.#obtain(deadline, tableWait));
      const isOlder = this.#searches <= begunBefore;
      const outcome = await search;
      if (outcome.type === "token") return outcome.token;
      if (outcome.type === "sign_in") {
        // The user may have signed in since that search read the record.
        if (isOlder) continue;
        throw sessionEnded();
      }
      // The caller that started the flight may have had less time than this one.
      const mayRetry = outcome.type === "renewed" || outcome.retryFrom < deadline.at - settings.minLoginMs;
      if (!mayRetry) throw this.#rejection(outcome.pause, outcome.failure);
    }
  }

  /** Caches the fleet's token, if there is one. It does not log in, and writes nothing. */
  async prefetch(deadline: Deadline, tableWait: WaitLimit): Promise<void> {
    const { cached, clock, table } = this.#deps;
    if (cached.usable() !== undefined) return;
    await this.#share(deadline, tableWait, async () => {
      const looking = this.#renew(deadline, tableWait, NO_LOGIN_MS);
      // A failure is not yet that of a request: a `get` that waits for this asks again.
      const outcome = await looking.catch((): Outcome => ({ type: "renewed" }));
      const failedAt = clock.now();
      if (table.openMs() > 0) await clock.sleep(table.openMs());
      tableWait.count(failedAt);
      return outcome;
    });
  }

  /** Writes nothing: the next `get` reads the record first. */
  reject(token: AccessToken): void {
    this.#deps.cached.reject(token);
  }

  /** The state of the fleet's token, for `GET /v1/limits`; of this process's own while the table is unavailable. */
  async describe() {
    const { records, kind, clock, table, cached } = this.#deps;
    const now = clock.now();
    try {
      const [stored, known] = await Promise.all([
        table.call(() => records.read(kind.key)),
        kind.candidates.list(deadlineIn(settings.maxPollMs, clock, 0)).catch(() => []),
      ]);
      const record = parseRecord(stored?.value);
      const fingerprints = known.map(({ fingerprint }) => fingerprint);
      const coolDown = loginPause(record, fingerprints, undefined, now);
      return description("fleet", record.generation, record.token, now, coolDown);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      const last = cached.last();
      const token = last && { issuedAt: last.issuedAt, expiresAt: last.token.expiresAt };
      return description("process", last?.token.generation ?? 0, token, now);
    }
  }

  /**
   * One search at a time in this process: later callers share its outcome. A caller whose time is up leaves it; the next
   * caller finds its outcome.
   */
  #share(deadline: Deadline, tableWait: WaitLimit, search: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#flight === undefined) {
      this.#searches += 1;
      this.#flight = search().finally(() => {
        this.#flight = undefined;
      });
    }
    const timeoutMs = deadline.remainingMs();
    const { clock } = this.#deps;
    const until = clock.now() + timeoutMs + settings.maxPollMs;
    const timeUp = () => {
      if (tableWait.isSlow()) this.#tableFailedAt = clock.now();
      return this.#rejection(this.#blamed({ until, reason: "unavailable" }));
    };
    return withTimeout(this.#flight, { clock, timeoutMs, timeUp });
  }

  /** Looks once for a newer token, and leaves its caller the time to use the one in memory. */
  async #renew(deadline: Deadline, tableWait: WaitLimit, reserveMs = settings.minLoginMs): Promise<Outcome> {
    if (this.#deps.table.openMs() > 0) return { type: "renewed" };
    const look = await this.#look(deadline, reserveMs, tableWait);
    return look.type === "token" ? look : { type: "renewed" };
  }

  /** Looks at the record until there is a token, or no time. */
  async #obtain(deadline: Deadline, tableWait: WaitLimit): Promise<Outcome> {
    const { clock, table } = this.#deps;
    let pollMs = settings.firstPollMs;
    // Always longer than the pause of the circuit, which doubles too.
    let tablePauseMs = settings.firstPollMs;
    let failure: RingCentralError | undefined;
    for (;;) {
      if (table.openMs() > 0) return this.#withoutTable(failure);
      const look = await this.#look(deadline, 0, tableWait);
      if (look.type === "token" || look.type === "sign_in") return look;
      if (look.type === "use") return { type: "renewed" };

      const now = clock.now();
      const hasFailed = look.type === "table_failed";
      if (hasFailed || tableWait.isSlow()) this.#tableFailedAt = now;
      if (hasFailed) {
        const pauseMs = tablePauseMs * (1 + this.#random());
        if (pauseMs > tableWait.leftMs()) return this.#withoutTable(failure);
        await clock.sleep(pauseMs);
        tableWait.count(now);
        tablePauseMs *= 2;
        continue;
      }
      failure = look.failure ?? failure;
      const isPaused = look.type === "wait";
      // Random, so that waiting processes do not come back together.
      let delayMs = look.pause.until - now + this.#random() * settings.firstPollMs;
      if (!isPaused) {
        delayMs = pollMs * (0.5 + this.#random());
        pollMs = Math.min(pollMs * 1.7, settings.maxPollMs);
      }
      // After a pause comes a login; another's may end at any moment.
      const neededMs = isPaused ? delayMs + settings.minLoginMs : delayMs;
      if (look.type === "reject" || neededMs >= deadline.remainingMs()) {
        const pause = isPaused ? look.pause : this.#blamed(look.pause);
        const retryFrom = isPaused ? now + delayMs : now;
        return omitUndefined({ type: "rejected" as const, pause, retryFrom, failure });
      }
      // Another's login may leave no outcome while the table fails: it is waited for as long as the table is.
      const isTables = look.type === "poll" && now - this.#tableFailedAt < settings.windowMs;
      if (isTables && delayMs > tableWait.leftMs()) return this.#withoutTable(failure);
      await clock.sleep(delayMs);
      if (isTables) tableWait.count(now);
    }
  }

  async #look(deadline: Deadline, reserveMs: number, tableWait: WaitLimit) {
    try {
      return await this.#record.look(deadline, reserveMs, tableWait);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      return { type: "table_failed" as const };
    }
  }

  #withoutTable(failure: RingCentralError | undefined): Outcome {
    const { clock, onEvent } = this.#deps;
    onEvent({ type: "degraded", how: "no_token" });
    const pause = { until: clock.now() + settings.tableRetryAfterMs, reason: "storage" as const };
    const retryFrom = Number.POSITIVE_INFINITY;
    return omitUndefined({ type: "rejected" as const, pause, retryFrom, failure });
  }

  /** A wait that no response of RingCentral caused is the table's fault while the table fails. */
  #blamed(pause: LoginPause): LoginPause {
    const hasFailed = this.#deps.clock.now() - this.#tableFailedAt < settings.windowMs;
    return hasFailed ? { ...pause, reason: "storage" } : pause;
  }

  /** No token, the reason, and when to retry. No call was sent on the caller's behalf. */
  #rejection({ until, reason, errorCode }: LoginPause, failure?: RingCentralError): RingCentralError {
    return new RingCentralError({
      kind: reason,
      ...(errorCode !== undefined && { errorCode }),
      ...failure?.failure,
      operation: "login",
      retryAfterMs: Math.max(LEAST_RETRY_AFTER_MS, Math.ceil(until - this.#deps.clock.now())),
      mayHaveTakenEffect: false,
      ...(failure && { cause: failure }),
    });
  }
}

function sessionEnded(): RingCentralError {
  return new RingCentralError({ kind: "session_ended", operation: "login", mayHaveTakenEffect: false });
}

/** Instants in epoch milliseconds. @param generation 0 before the first token */
function description(
  seenBy: "fleet" | "process",
  generation: number,
  token: { issuedAt: number; expiresAt: number } | undefined,
  now: number,
  coolDown?: LoginPause,
) {
  const ageMs = token && Math.max(0, now - token.issuedAt);
  return { seenBy, generation, issuedAt: token?.issuedAt, expiresAt: token?.expiresAt, ageMs, coolDown };
}
