import type { Deadline } from "../../platform/deadline.ts";
import type { RingCentralError } from "../api/errors.ts";
import type { IssuedToken } from "./cached-token.ts";
import type { CredentialCandidates } from "./credential-candidates.ts";
import { type LoginDeps, logIn } from "./login.ts";
import type { LoginPause } from "./token-record.ts";
import type { TokenSettings } from "./token-settings.ts";

export type FallbackResult =
  | { ok: true; token: IssuedToken }
  | { ok: false; pause: LoginPause; failure: RingCentralError | undefined };

/**
 * Logs in without the table, for a process that has no token. It knows nothing of other processes: it has its own
 * small budget, and every failure but a rejection of the credentials pauses it.
 */
export class FallbackLogin {
  readonly #deps: LoginDeps;
  readonly #candidates: CredentialCandidates;
  readonly #settings: TokenSettings;
  #calls: number[] = [];
  #pausedUntil = 0;

  constructor(deps: LoginDeps, candidates: CredentialCandidates, settings: TokenSettings) {
    this.#deps = deps;
    this.#candidates = candidates;
    this.#settings = settings;
  }

  async login(deadline: Deadline): Promise<FallbackResult> {
    const { clock } = this.#deps;
    const { loginTimeoutMs, minLoginMs, maxPollMs, defaultRetryAfterMs } = this.#settings;
    let failure: RingCentralError | undefined;
    for (const candidate of await this.#candidates.list(deadline)) {
      const now = clock.now();
      const freeAt = this.#freeAt(now);
      if (freeAt > now) return paused(freeAt, failure);
      const timeoutMs = Math.min(loginTimeoutMs, deadline.remainingMs());
      if (timeoutMs < minLoginMs) return paused(now + maxPollMs, failure);
      this.#calls.push(now);
      const result = await logIn(this.#deps, candidate, timeoutMs);
      if (result.ok) return result;
      failure = result.failure;
      const { kind, retryAfterMs } = failure.failure;
      if (kind === "auth") await this.#candidates.reread(deadline);
      else this.#pausedUntil = clock.now() + (retryAfterMs ?? defaultRetryAfterMs);
    }
    return paused(this.#freeAt(clock.now()), failure);
  }

  #freeAt(now: number): number {
    const { windowMs, fallbackLoginsPerWindow } = this.#settings;
    this.#calls = this.#calls.filter((at) => at > now - windowMs);
    const isSpent = this.#calls.length >= fallbackLoginsPerWindow;
    return Math.max(this.#pausedUntil, isSpent ? (this.#calls[0] ?? now) + windowMs : 0);
  }
}

function paused(until: number, failure: RingCentralError | undefined): FallbackResult {
  return { ok: false, pause: { until, reason: "unavailable" }, failure };
}
