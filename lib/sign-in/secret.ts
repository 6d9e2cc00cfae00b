import { createHash, timingSafeEqual } from "node:crypto";
import * as z from "zod/mini";
import { parseSecret } from "../platform/credentials.ts";
import { ConfigurationError } from "../platform/settings.ts";
import { redirectUriProblem } from "./redirect-uri.ts";

const word = z.string().check(z.regex(/^[\x21-\x7e]+$/));
/** 256 bits in base64url. */
const bits256 = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));

/** A private key for RS256 (RFC 7518, 6.3). */
const SigningKey = z.object({
  kty: z.literal("RSA"),
  kid: word,
  n: word,
  e: word,
  d: word,
  p: word,
  q: word,
  dp: word,
  dq: word,
  qi: word,
});
export type SigningKey = z.output<typeof SigningKey>;

const Client = z.object({
  /** It begins with a letter, so that it is no person's `sub`. */
  clientId: z.string().check(z.regex(/^[a-z][a-z0-9-]{2,63}$/)),
  name: z.string().check(z.minLength(1), z.maxLength(100)),
  redirectUris: z.array(z.string().check(z.refine((uri) => redirectUriProblem(uri) === undefined))),
  /** The most that its tokens may have. */
  scopes: z.array(z.string().check(z.regex(/^[a-z]+:[a-z]+$/))).check(z.minLength(1)),
  /** SHA-256 of its secret. Absent: an app on people's devices, which can keep none. */
  secretHash: z.optional(bits256),
  /** The account that its people sign in to, and its own tokens are of. Absent: the one account, or the app names it. */
  accountId: z.optional(z.string().check(z.regex(/^[0-9]{1,20}$/))),
});
export type Client = z.output<typeof Client>;

const SignInSecret = z.object({
  /** `current` signs; all of them are published. */
  signingKeys: z.object({
    current: SigningKey,
    next: SigningKey,
    previous: z.optional(SigningKey),
    /** Epoch milliseconds: since when `next` has been published. */
    changedAt: z.int(),
  }),
  /** The first signs cookies, all of them verify. */
  cookieKeys: z.array(bits256).check(z.minLength(1)),
  clients: z.array(Client),
});
/** The value of the sign-in server's secret. */
export type SignInSecret = z.output<typeof SignInSecret>;

/** @throws ConfigurationError naming the faulty field, never its value */
export function parseSignInSecret(text: string): SignInSecret {
  const secret = parseSecret(text, SignInSecret);
  const ids = secret.clients.map(({ clientId }) => clientId);
  if (new Set(ids).size < ids.length) throw new ConfigurationError("secret field clients", "has an id twice");
  return secret;
}

export const hashSecret = (secret: string) => createHash("sha256").update(secret).digest("base64url");

/** In constant time. */
export function isHashOf(hash: string, secret: string): boolean {
  const [a, b] = [Buffer.from(hash), Buffer.from(hashSecret(secret))];
  return a.length === b.length && timingSafeEqual(a, b);
}
