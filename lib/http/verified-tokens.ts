import { hash } from "node:crypto";
import type { SigningKey } from "./issuer-keys.ts";

/** Of one key: a client has one token for many requests. */
const MAX_TOKENS = 1_000;

/**
 * The tokens that each key has verified, so that a token's later requests spare the computation. It says nothing of
 * their claims and times. A key that is read again from its issuer is a new object, which verifies anew: one that the issuer
 * has removed vouches no longer than it would without.
 */
export class VerifiedTokens {
  readonly #tokens = new WeakMap<SigningKey, Set<string>>();

  has(token: string, keys: readonly SigningKey[]): boolean {
    const name = nameOf(token);
    return keys.some((key) => this.#tokens.get(key)?.has(name));
  }

  add(token: string, key: SigningKey): void {
    const tokens = this.#tokens.get(key) ?? new Set<string>();
    this.#tokens.set(key, tokens.add(nameOf(token)));
    const [oldest] = tokens;
    if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
  }
}

/** No memory holds a token longer than its request. */
const nameOf = (token: string) => hash("sha256", token, "base64url");
