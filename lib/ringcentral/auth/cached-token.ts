import type { Clock } from "../../platform/clock.ts";
import type { AccessToken } from "./ports.ts";
import type { TokenContents } from "./sealed-token.ts";
import { settings } from "./token-settings.ts";

/** A token and the instant its login was sent. */
export interface IssuedToken {
  contents: TokenContents;
  issuedAt: number;
  /** Of a user's session: the end of its refresh token. */
  refreshUntil?: number;
}

/** The memory of one process: its token, the generation it knows as rejected, and the highest it has seen. */
export class CachedToken {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** `renewAt`: when this process looks for a newer token; it differs from process to process. */
  #entry: { token: AccessToken; issuedAt: number; renewAt: number } | undefined;
  #rejected: number | undefined;
  #highest = 0;
  #unpublished = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The token, unless it is rejected or too near its end. */
  usable(): AccessToken | undefined {
    const token = this.#entry?.token;
    if (token === undefined || token.generation === this.#rejected) return undefined;
    return token.expiresAt - this.#clock.now() > settings.minValidityMs ? token : undefined;
  }

  last(): { token: AccessToken; issuedAt: number } | undefined {
    return this.#entry;
  }

  get rejected(): number | undefined {
    return this.#rejected;
  }

  isDueForRenewal(): boolean {
    return this.#entry !== undefined && this.#clock.now() >= this.#entry.renewAt;
  }

  /** Caches a token of the fleet. */
  keep(issued: IssuedToken, generation: number): AccessToken {
    this.sawGeneration(generation);
    return this.#keep(issued, generation);
  }

  /** Caches a token that the table does not hold. Its generation is a fraction, so it equals none of the fleet's. */
  keepUnpublished(issued: IssuedToken): AccessToken {
    this.#unpublished += 1;
    return this.#keep(issued, Math.floor(this.#highest) + (this.#unpublished % 1_000) / 1_000);
  }

  #keep({ contents, issuedAt }: IssuedToken, generation: number): AccessToken {
    const aheadMs = Math.min(settings.renewAheadMs, (contents.expiresAt - issuedAt) / 6);
    const { refreshToken: _, ...usable } = contents;
    const token = { ...usable, generation };
    this.#entry = { token, issuedAt, renewAt: contents.expiresAt - aheadMs * (1 + this.#random()) };
    return token;
  }

  /** An older token than the cached one is already replaced; its rejection changes nothing. */
  reject({ generation }: AccessToken): void {
    if (this.#entry === undefined || this.#entry.token.generation === generation) this.#rejected = generation;
  }

  postponeRenewal(): void {
    if (this.#entry === undefined) return;
    this.#entry.renewAt = this.#clock.now() + settings.renewRetryMs * (1 + this.#random());
  }

  sawGeneration(generation: number): void {
    this.#highest = Math.max(this.#highest, generation);
  }

  /** Higher than every generation this process has seen, so that a lost record does not start over. */
  nextGeneration(stored: number): number {
    return Math.floor(Math.max(stored, this.#highest, this.#rejected ?? 0)) + 1;
  }
}
