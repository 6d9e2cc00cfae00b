import { createHmac } from "node:crypto";
import type { Clock } from "./clock.ts";
import { deriveKey } from "./seal.ts";
import { createSecretSource, type LoadReader } from "./secrets.ts";
import { ConfigurationError } from "./settings.ts";

const SETTING = "PSEUDONYM_SECRET_ID";
/** 132 bits of the MAC. */
const LENGTH = 22;
/** Secrets Manager makes 64 characters; fewer than this could be guessed. */
const SHORTEST_KEY = 32;

/**
 * Names for people and requests in records and logs. They are MACs under a random key of the stage: without the key
 * nobody can tell whose a name is, even with a list of everybody's e-mails.
 */
export class Pseudonyms {
  readonly #key: string;
  /** By purpose. */
  readonly #sealingKeys = new Map<string, Uint8Array>();
  /** Tells with which key a pseudonym was made. */
  readonly keyId: string;

  constructor(key: string) {
    this.#key = key;
    this.keyId = this.of("key").slice(0, 8);
  }

  /** The same for the same parts, whatever the process. */
  of(...parts: readonly string[]): string {
    return createHmac("sha256", this.#key).update(JSON.stringify(parts)).digest("base64url").slice(0, LENGTH);
  }

  /** A key for sealing what need not outlive this key, such as cached responses. */
  sealingKey(purpose: string): Uint8Array {
    const key = this.#sealingKeys.get(purpose) ?? deriveKey(this.#key, purpose);
    this.#sealingKeys.set(purpose, key);
    return key;
  }

  /** A person's id in records, logs, shares and the audit. */
  ofPerson(issuer: string, subject: string): string {
    return this.of("person", issuer, subject);
  }
}

/** The key, which does not rotate by itself (docs/privacy.md). @param secretId name or ARN */
export const createPseudonymSource = (secretId: string, clock: Clock, load?: LoadReader) =>
  createSecretSource(secretId, clock, { setting: SETTING, parse }, load);

function parse(key: string): Pseudonyms {
  if (key.length < SHORTEST_KEY) throw new ConfigurationError(SETTING, "names a secret that is too short");
  return new Pseudonyms(key);
}
