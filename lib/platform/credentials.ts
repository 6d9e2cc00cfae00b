import type { Deadline } from "./deadline.ts";

/** RingCentral credentials of one account, as the secret holds them. */
export interface Credentials {
  /** Such as `https://platform.ringcentral.com`. */
  server: string;
  clientId: string;
  clientSecret: string;
  /** The JWT credential a user made in the developer console; opaque to us. [docs: JWT] */
  jwt: string;
}

/** Where credentials come from; Secrets Manager outside tests. */
export interface CredentialSource {
  /**
   * AWSCURRENT, cached with a TTL.
   * @throws ConfigurationError naming the secret's field, never its value; SecretUnavailableError
   */
  current(deadline: Deadline): Promise<Credentials>;
  /** Reads again, past the cache: AWSCURRENT, then AWSPREVIOUS when it exists and differs. */
  refreshed(deadline: Deadline): Promise<Credentials[]>;
}

/** Secrets Manager could not be reached or was too busy: nothing is known about the secret itself. */
export class SecretUnavailableError extends Error {
  /** It was the reader's own deadline that ended the reading. */
  readonly deadlineExceeded: boolean;
  constructor(options: { cause?: unknown; deadlineExceeded?: boolean } = {}) {
    super("Secrets Manager did not answer", { cause: options.cause });
    this.deadlineExceeded = options.deadlineExceeded ?? false;
    this.name = "SecretUnavailableError";
  }
}
