import * as z from "zod/mini";
import type { Deadline } from "./deadline.ts";
import { deriveKey } from "./seal.ts";
import { ConfigurationError } from "./settings.ts";

/** RingCentral credentials of one account, as the secret holds them. */
export interface Credentials {
  /** Such as `https://platform.ringcentral.com`. */
  server: string;
  clientId: string;
  /** Empty for a public client. */
  clientSecret: string;
  /** The JWT credential that a user created in the developer console; opaque to us. [docs: JWT] */
  jwt: string;
  /** The partner brand whose log-in page people see; RingCentral's own without it. */
  brandId?: string;
}

/** Source of a secret's value; Secrets Manager outside tests. */
export interface SecretSource<Value> {
  /**
   * AWSCURRENT, cached with a TTL.
   * @throws ConfigurationError naming the secret's field, never its value; SecretUnavailableError
   */
  current(deadline: Deadline): Promise<Value>;
  /** Bypasses the cache: AWSCURRENT, then AWSPREVIOUS when it exists and differs. */
  refreshed(deadline: Deadline): Promise<Value[]>;
}
export type CredentialSource = SecretSource<Credentials>;

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

const word = z.string().check(z.regex(/^[\x21-\x7e]+$/));
const secretValue = z.object({
  server: z.string(),
  clientId: word,
  /** Empty for a public client. */
  clientSecret: z.string().check(z.regex(/^[\x21-\x7e]*$/)),
  jwt: word,
  brandId: z.exactOptional(word),
});

/**
 * Parses a secret's text: `{ server, clientId, clientSecret, jwt }`.
 * @throws ConfigurationError naming the faulty field, never its value
 */
export function parseSecretValue(text: string): Credentials {
  const credentials = parseSecret(text, secretValue);
  return { ...credentials, server: parseServer(credentials.server) };
}

/** A secret's JSON object of this form. @throws ConfigurationError naming the faulty field, never its value */
export function parseSecret<Form extends z.ZodMiniType>(text: string, form: Form): z.output<Form> {
  let json: unknown;
  try {
    // Editors on Windows begin a file with a byte order mark.
    json = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    // The parser's message quotes the text.
    throw new ConfigurationError("secret", "is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ConfigurationError("secret", "is not a JSON object");
  }
  const parsed = form.safeParse(json);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0]);
    throw new ConfigurationError(`secret field ${field}`, field in json ? "is malformed" : "is missing");
  }
  return parsed.data;
}

/** An origin: https, or http to this machine. Every request there carries credentials. */
function parseServer(text: string): string {
  const fault = (problem: string) => new ConfigurationError("secret field server", problem);
  if (!URL.canParse(text)) throw fault("is not a URL");
  const url = new URL(text);
  const encrypted = url.protocol === "https:";
  if (!encrypted && !(url.protocol === "http:" && isLoopback(url.hostname))) throw fault("is not https");
  if (url.username !== "" || url.password !== "") throw fault("holds a user name or password");
  if (url.pathname !== "/" || text.includes("?") || text.includes("#"))
    throw fault("holds more than an origin");
  return url.origin;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
