import type { Deadline } from "./deadline.ts";
import { deriveKey } from "./seal.ts";

/** RingCentral credentials of one account, as the secret holds them. */
export interface Credentials {
  /** Such as `https://platform.ringcentral.com`. */
  server: string;
  clientId: string;
  /** Empty for a public client. */
  clientSecret: string;
  /** The JWT credential that a user created in the developer console; opaque to us. [docs: JWT] */
  jwt: string;
}

/** Source of credentials; Secrets Manager outside tests. */
export interface CredentialSource {
  /**
   * AWSCURRENT, cached with a TTL.
   * @throws ConfigurationError naming the secret's field, never its value; SecretUnavailableError
   */
  current(deadline: Deadline): Promise<Credentials>;
  /** Bypasses the cache: AWSCURRENT, then AWSPREVIOUS when it exists and differs. */
  refreshed(deadline: Deadline): Promise<Credentials[]>;
}

/** A key that only holders of the secret can derive. A public client has no client secret; its JWT is as secret. */
export function keyOf({ clientSecret, jwt }: Credentials, purpose: string): Uint8Array {
  return deriveKey(clientSecret || jwt, purpose);
}

/** Secrets Manager was unreachable or too busy. This says nothing about the secret itself. */
export class SecretUnavailableError extends Error {
  override name = "SecretUnavailableError";
  /** The reader's own deadline ended the reading. */
  readonly deadlineExceeded: boolean;
  constructor(options: { cause?: unknown; deadlineExceeded?: boolean } = {}) {
    super("Secrets Manager did not respond", { cause: options.cause });
    this.deadlineExceeded = options.deadlineExceeded ?? false;
  }
}
