import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource } from "../../platform/credentials.ts";
import { type Deadline, deadlineIn } from "../../platform/deadline.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { RingCentralError } from "../api/errors.ts";
import type { OnTokenEvent } from "./events.ts";
import { createHeldToken, type Held } from "./held-token.ts";
import { createKnownSecrets } from "./known-secrets.ts";
import { createLeaseLogin } from "./lease-login.ts";
import { defaultLimits, type TokenSettings } from "./limits.ts";
import { createNextStep } from "./next-step.ts";
import type { OAuth } from "./oauth.ts";
import type { AccessToken, TokenSource } from "./ports.ts";
import { createProcessLogin } from "./process-login.ts";
import { type TokenDescription, tokenDescription } from "./token-description.ts";
import { closedGate, type Gate, parseRecord, recordKey } from "./token-record.ts";

export interface SharedTokenOptions {
  records: RecordStore;
  credentials: CredentialSource;
  oauth: Pick<OAuth, "login">;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** Names the RingCentral account (or its secret); one record each. */
  accountKey: string;
  /** Different for every process, also for two that follow each other: it owns leases. */
  instanceId: string;
  limits?: Partial<TokenSettings>;
  onEvent?: OnTokenEvent;
}

export interface SharedToken extends TokenSource {
  /** The state of the fleet's token, for `GET /v1/limits`; of this process's own while the table is unavailable. */
  describe(): Promise<TokenDescription>;
}

/**
 * One RingCentral access token for the whole fleet.
 *
 * **How.** One record per account holds the sealed token, its generation, a lease, the recent token calls and
 * all cool-downs; every change is a compare-and-set on its version. An instance uses its in-memory copy; without
 * one it reads the record; only when that has no usable token either does it try to take the lease, and only the
 * holder calls RingCentral, after the lease and the call have been written down. So a thousand cold starts make
 * one call, a holder that was overtaken cannot write any more, and whoever reads the record knows what has been
 * spent. Everybody else polls until their deadline, or is refused at once when it cannot work out in time.
 *
 * **No refresh tokens.** Every new token is a new JWT login, for these reasons:
 * - A refresh kills the previous access token at once [docs: REF], while it is in use all over the fleet: every
 *   renewal would be a wave of 401s. A login leaves it alive until it expires, so renewal goes unnoticed.
 * - A refresh token is single-use: a crash between the answer and our write leaves a grace window to be found
 *   again in time. A crashed login costs one more login after the lease, and nothing else to go wrong.
 * - It would have to be stored, and opens the account for a week; an access token for an hour.
 * - It exists only if the app is set so; the JWT has to be there anyway.
 * The price is a new session for each login, of which RingCentral keeps five per user and app and then drops,
 * by inference, the oldest [docs: REF] [unsure]. With one login an hour the oldest has long expired; should a
 * storm of logins drop one that is in use, the holder gets a 401, rejects it and finds the newer one.
 *
 * **A dead token** (`reject`): the record is read again; only when it still holds the generation that failed is
 * there one login, leased like any other. Tokens refused while young are a streak: from the third on they are
 * spaced out, so that a server refusing good tokens cannot make the fleet log in without end.
 *
 * **What is spent.** At most 4 token calls in any 60 s. Each set of credentials RingCentral refuses is tried
 * once, then not for 60 s, doubling up to 15 min; so a wrong secret costs one call a minute at most, two when
 * AWSPREVIOUS is wrong too (and one more whenever credentials that used to work are refused). A 429 closes the
 * gate for everyone until Retry-After has passed on every clock.
 *
 * **Rotation.** The record knows credentials by fingerprint: those refused are skipped by everybody, the secret
 * is read again, and new ones are tried at once, then AWSPREVIOUS. Renewal begins minutes before expiry, so while
 * secret and RingCentral disagree the old token goes on serving.
 *
 * **Without the table** a process uses its token while it lives, then logs in on its own within a small budget,
 * and goes back to sharing (handing in its token if the fleet has none) when the table answers again.
 *
 * Errors: RingCentralError kind `auth`, `rate_limited`, `unavailable`, `timeout` or `broken`, with `retryAfterMs`;
 * ConfigurationError from the credentials.
 */
export function createSharedToken(options: SharedTokenOptions): SharedToken {
  const { records, clock, random, accountKey, instanceId, oauth, onEvent = () => {} } = options;
  const limits: TokenSettings = { ...defaultLimits, ...options.limits };
  const key = recordKey(accountKey);
  const held = createHeldToken(clock, random, limits);
  const secrets = createKnownSecrets(options.credentials, accountKey, clock, limits.secretRereadMs);
  const shared = { records, key, accountKey, secrets, held, clock, limits, onEvent };
  const leased = createLeaseLogin({ ...shared, oauth });
  const nextStep = createNextStep({ ...shared, instanceId, leased });
  const loginAlone = createProcessLogin(leased.attempt, secrets, clock, limits);

  let storageDownAt = Number.NEGATIVE_INFINITY;
  let flight: { outcome: Promise<Outcome>; patient: boolean } | undefined;

  async function get(deadline: Deadline): Promise<AccessToken> {
    for (;;) {
      const now = held.usable();
      if (now !== undefined) {
        const isDue = clock.now() >= now.renewAt && deadline.remainingMs() >= 2 * limits.minLoginMs;
        if (!isDue || flight !== undefined) return now.token;
        await renew(now, deadline);
        continue;
      }
      const { outcome, patient } = flight ?? fly(deadline, true);
      const result = await within(deadline, outcome);
      if (result.status === "token") return result.token;
      // Whoever began the flight may have had less time, or less need, than this caller.
      const mayTryAgain = patient
        ? result.retryFrom < deadline.at - limits.minLoginMs
        : deadline.remainingMs() > 0;
      if (!mayTryAgain) throw refusal(result, clock.now());
    }
  }

  /** Tries to replace a token that still works; whatever comes of it, the token goes on serving. */
  async function renew(due: Held, deadline: Deadline): Promise<void> {
    held.postponeRenewal(due);
    try {
      await within(deadline, fly(deadline, false).outcome);
    } catch {
      // Reported by `onEvent` where it happened; asked again at `renewAt`.
    }
  }

  /** One at a time in this process: those who come later get what the first one gets. */
  function fly(deadline: Deadline, patient: boolean) {
    const started = { outcome: obtain(deadline, patient), patient };
    flight = started;
    const landed = () => {
      if (flight === started) flight = undefined;
    };
    started.outcome.then(landed, landed);
    return started;
  }

  async function obtain(deadline: Deadline, patient: boolean): Promise<Outcome> {
    const reserveMs = patient ? 0 : limits.minLoginMs;
    let pollMs = limits.firstPollMs;
    let storageFailures = 0;
    let failure: RingCentralError | undefined;
    /** False when there is no time for it. */
    const pause = async (ms: number): Promise<boolean> => {
      if (!patient || ms >= deadline.remainingMs()) return false;
      await clock.sleep(ms);
      return true;
    };
    const poll = () => {
      const ms = pollMs * (0.5 + random());
      pollMs = Math.min(pollMs * 1.7, limits.maxPollMs);
      return pause(ms);
    };
    for (;;) {
      try {
        const step = await nextStep(deadline, reserveMs);
        storageDownAt = Number.NEGATIVE_INFINITY;
        storageFailures = 0;
        if (step.status === "token") return step;
        const { gate } = step;
        if (step.status === "busy") {
          failure = step.failure ?? failure;
          if (await poll()) continue;
        } else if (step.status === "gated") {
          // Spread, so that those who waited do not all come back at once.
          if (await pause(gate.until - clock.now() + random() * limits.firstPollMs)) continue;
        }
        const retryFrom = step.status === "gated" ? gate.until : clock.now();
        return { status: "closed", gate, retryFrom, ...(failure && { failure }) };
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
        // A busy table is no reason to do without it: that would turn a burst of cold starts into logins.
        if (!error.throttled) storageFailures++;
        const isDown = clock.now() - storageDownAt < limits.windowMs;
        if (storageFailures >= (isDown ? 1 : limits.storageAttempts)) {
          storageDownAt = clock.now();
          return withoutStorage(deadline, patient);
        }
        if (await poll()) continue;
        const gate: Gate = { until: clock.now() + limits.maxPollMs, reason: "unavailable" };
        return { status: "closed", gate, retryFrom: clock.now() };
      }
    }
  }

  async function withoutStorage(deadline: Deadline, patient: boolean): Promise<Outcome> {
    const until = clock.now() + limits.renewRetryMs;
    // A renewal needs no token of its own: the one in memory still serves.
    if (!patient) return { status: "closed", retryFrom: until, gate: { until, reason: "unavailable" } };
    const outcome = limits.localLoginsPerWindow > 0 ? await loginAlone(deadline) : undefined;
    if (outcome !== undefined && "token" in outcome) {
      onEvent({ type: "degraded", how: "local_login" });
      return { status: "token", token: held.keepOwn(outcome.token) };
    }
    onEvent({ type: "degraded", how: "gave_up" });
    return { status: "closed", retryFrom: NEVER, gate: { until, reason: "unavailable" }, ...outcome };
  }

  /** The flight goes on without a caller whose time is up; the next one finds what it brings. */
  async function within(deadline: Deadline, work: Promise<Outcome>): Promise<Outcome> {
    const settled = new AbortController();
    const remainingMs = deadline.remainingMs();
    const gate: Gate = { until: clock.now() + remainingMs + limits.maxPollMs, reason: "unavailable" };
    const timeUp = clock.sleep(remainingMs, settled.signal).then(
      (): Outcome => ({ status: "closed", retryFrom: NEVER, gate }),
      () => work,
    );
    try {
      return await Promise.race([work, timeUp]);
    } finally {
      settled.abort();
      timeUp.catch(() => {});
    }
  }

  async function describe(): Promise<TokenDescription> {
    const now = clock.now();
    try {
      const [stored, current] = await Promise.all([
        records.read(key),
        secrets.candidates(deadlineIn(limits.maxPollMs, clock, 0)).catch(() => []),
      ]);
      const record = parseRecord(stored?.value);
      const names = current.map(({ by }) => by);
      return tokenDescription("fleet", record, closedGate(record, names, undefined, now, limits), now);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      const last = held.last();
      const token = last && { issuedAt: last.issuedAt, expiresAt: last.token.expiresAt };
      const generation = last?.token.generation ?? 0;
      return tokenDescription("process", { generation, ...(token && { token }) }, undefined, now);
    }
  }

  return {
    get,
    // The next `get` reads the record before anything else; nothing needs to be written for that.
    reject: (token) => held.reject(token),
    describe,
  };
}

type Outcome =
  | { status: "token"; token: AccessToken }
  /** `retryFrom`: from when on somebody with a later deadline may fare better. */
  | { status: "closed"; gate: Gate; retryFrom: number; failure?: RingCentralError };

const NEVER = Number.POSITIVE_INFINITY;

const LEAST_RETRY_AFTER_MS = 1_000;

/** No token, why, and when it is worth asking again. Nothing was sent on the caller's behalf. */
function refusal({ gate, failure }: Outcome & { status: "closed" }, now: number): RingCentralError {
  return new RingCentralError({
    kind: gate.reason,
    ...(gate.errorCode !== undefined && { errorCode: gate.errorCode }),
    ...failure?.failure,
    operation: "login",
    retryAfterMs: Math.max(LEAST_RETRY_AFTER_MS, Math.ceil(gate.until - now)),
    mayHaveTakenEffect: false,
    ...(failure && { cause: failure }),
  });
}
