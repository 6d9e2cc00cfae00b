import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource, Credentials } from "../../platform/credentials.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { fingerprint } from "./sealed-token.ts";
import { settings } from "./token-settings.ts";

/** Credentials, and their name in the shared record. */
export interface Candidate {
  fingerprint: string;
  credentials: Credentials;
}

/** The credentials worth trying: AWSCURRENT, and AWSPREVIOUS after a re-read. */
export class CredentialCandidates {
  readonly #source: CredentialSource;
  readonly #accountKey: string;
  readonly #clock: Clock;
  #known: Candidate[] = [];
  #nextReread = Number.NEGATIVE_INFINITY;

  constructor(source: CredentialSource, accountKey: string, clock: Clock) {
    this.#source = source;
    this.#accountKey = accountKey;
    this.#clock = clock;
  }

  /**
   * In the order of trying, AWSCURRENT first. Reads the secret when its cached copy is too old.
   * @throws as `CredentialSource.current`
   */
  async list(deadline: Deadline): Promise<Candidate[]> {
    const current = this.#candidate(await this.#source.current(deadline));
    const isNew = !this.#known.some(({ fingerprint: known }) => known === current.fingerprint);
    // A new AWSCURRENT makes the known AWSPREVIOUS two versions old: forget it.
    const others = isNew ? [] : this.#known.filter(({ fingerprint: known }) => known !== current.fingerprint);
    this.#known = [current, ...others];
    return this.#known;
  }

  /** Bypasses every cache; at most once in `secretRereadMs` unless `force`. Never throws. */
  async reread(deadline: Deadline, force = false): Promise<Candidate[]> {
    const now = this.#clock.now();
    if (!force && now < this.#nextReread) return this.#known;
    this.#nextReread = now + settings.secretRereadMs;
    try {
      const fresh = await this.#source.refreshed(deadline);
      if (fresh.length > 0) this.#known = fresh.map((credentials) => this.#candidate(credentials));
    } catch {
      // The known candidates remain the best; a caller that fails has its own reason.
    }
    return this.#known;
  }

  #candidate(credentials: Credentials): Candidate {
    return { fingerprint: fingerprint(credentials, this.#accountKey), credentials };
  }
}
