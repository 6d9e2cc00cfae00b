import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { Logger } from "../platform/logger.ts";
import { outOfTime, RingCentralError } from "./errors.ts";
import type { OAuth } from "./oauth.ts";
import type { AccessToken, CredentialSource, Credentials, TokenSource } from "./ports.ts";
import { shareCalls } from "./shared-call.ts";

export interface ProcessTokenSourceDeps {
  credentials: CredentialSource;
  oauth: Pick<OAuth, "login">;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Logger;
}

/** A token is renewed this long before it expires [sdk source: JS], and earlier by up to `RENEW_JITTER_MS`. */
const RENEW_AHEAD_MS = 60_000;
const RENEW_JITTER_MS = 30_000;
/** A token with less life left is not handed out: the call it is for takes its time. */
const MIN_VALIDITY_MS = 10_000;
/** Both are at most this share of a token's life, or a short-lived one would be renewed all the time. */
const LARGEST_SHARE = 0.25;
/** Token calls of this process in any window; RingCentral allows the whole application 5 [docs: AUTH5]. */
export const TOKEN_CALLS_PER_WINDOW = 3;
const TOKEN_CALL_WINDOW_MS = 60_000;
/** No login for this long after one that was refused, or that RingCentral did not answer. */
const REFUSED_COOL_DOWN_MS = 30_000;
const TROUBLED_COOL_DOWN_MS = 3_000;

/**
 * One access token for the whole process, kept in memory: renewed ahead of its expiry, by exactly one login
 * whatever the concurrency. While a renewal fails, the old token serves for as long as it lives. When RingCentral
 * refuses the credentials, the secret is read again at once, and its other versions are tried.
 *
 * Failures have a cool-down, and no 60 s hold more than `TOKEN_CALLS_PER_WINDOW` token calls: neither a wrong
 * secret nor an API that refuses every token can get the application suspended [docs: AUTH5].
 */
export function createProcessTokenSource(deps: ProcessTokenSourceDeps): TokenSource {
  const { clock, log } = deps;
  const logins = shareCalls<AccessToken>(clock);
  let current: { token: AccessToken; renewAt: number; usableUntil: number } | undefined;
  let generation = 0;
  let recentCalls: number[] = [];
  let coolDown: { until: number; error: RingCentralError } | undefined;

  function usable(): AccessToken | undefined {
    return current && current.usableUntil > clock.now() ? current.token : undefined;
  }

  async function logIn(deadline: Deadline): Promise<AccessToken> {
    if (coolDown && coolDown.until > clock.now()) {
      const { until, error } = coolDown;
      throw new RingCentralError({ ...error.failure, retryAfterMs: until - clock.now() });
    }
    try {
      const token = await logInWithAnySecret(deadline);
      coolDown = undefined;
      return token;
    } catch (error) {
      if (error instanceof RingCentralError) startCoolDown(error);
      throw error;
    }
  }

  function startCoolDown(error: RingCentralError): void {
    const { kind, retryAfterMs, deadlineExceeded } = error.failure;
    // A caller who was short of time says nothing about the others.
    if (deadlineExceeded) return;
    const pauseMs = retryAfterMs ?? (kind === "auth" ? REFUSED_COOL_DOWN_MS : TROUBLED_COOL_DOWN_MS);
    coolDown = { until: clock.now() + pauseMs, error };
  }

  async function logInWithAnySecret(deadline: Deadline): Promise<AccessToken> {
    const first = await deps.credentials.current(deadline);
    try {
      return await logInWith(first, deadline);
    } catch (error) {
      if (!(error instanceof RingCentralError) || error.failure.kind !== "auth") throw error;
      const tried = [first];
      for (const candidate of await deps.credentials.refreshed(deadline)) {
        if (tried.some((one) => isSame(one, candidate))) continue;
        tried.push(candidate);
        log.warn("ringcentral refused the credentials; trying another version of the secret");
        const token = await logInWith(candidate, deadline).catch((reason: unknown) => {
          if (reason instanceof RingCentralError && reason.failure.kind === "auth") return undefined;
          throw reason;
        });
        if (token) return token;
      }
      throw error;
    }
  }

  async function logInWith(credentials: Credentials, deadline: Deadline): Promise<AccessToken> {
    spendTokenCall();
    const startedAt = clock.now();
    const grant = await deps.oauth.login(credentials, deadline);
    const lifeMs = grant.expiresInSeconds * 1000;
    const renewAheadMs = RENEW_AHEAD_MS + Math.floor(deps.random() * RENEW_JITTER_MS);
    // Counted from before the call, so that we never believe a token to live longer than it does.
    const expiresAt = startedAt + lifeMs;
    generation += 1;
    const token = {
      value: grant.accessToken,
      generation,
      expiresAt,
      server: credentials.server,
      ...(grant.ownerId !== undefined && { ownerId: grant.ownerId }),
    };
    current = {
      token,
      renewAt: expiresAt - Math.min(renewAheadMs, lifeMs * LARGEST_SHARE),
      usableUntil: expiresAt - Math.min(MIN_VALIDITY_MS, lifeMs * LARGEST_SHARE),
    };
    return token;
  }

  function spendTokenCall(): void {
    const now = clock.now();
    recentCalls = recentCalls.filter((at) => at > now - TOKEN_CALL_WINDOW_MS);
    const [oldest] = recentCalls;
    if (oldest !== undefined && recentCalls.length >= TOKEN_CALLS_PER_WINDOW) {
      throw new RingCentralError({
        kind: "auth",
        operation: "login",
        retryAfterMs: oldest + TOKEN_CALL_WINDOW_MS - now,
        mayHaveTakenEffect: false,
        cause: new Error("the process has spent its token calls"),
      });
    }
    recentCalls.push(now);
  }

  return {
    async accessToken(deadline) {
      const token = usable();
      if (token && current && current.renewAt > clock.now()) return token;
      try {
        return await logins.run(
          "login",
          deadline,
          () => logIn(deadline),
          () => outOfTime("login"),
        );
      } catch (error) {
        // Renewal began ahead of time exactly so that its failure would hurt nobody.
        const stillGood = usable();
        if (stillGood === undefined) throw error;
        log.warn("ringcentral token could not be renewed; the old one still serves", { error });
        return stillGood;
      }
    },

    async reject(token) {
      if (current?.token.generation === token.generation) current = undefined;
    },
  };
}

function isSame(one: Credentials, other: Credentials): boolean {
  return (
    one.server === other.server &&
    one.clientId === other.clientId &&
    one.clientSecret === other.clientSecret &&
    one.jwt === other.jwt
  );
}
