import { hkdfSync } from "node:crypto";
import * as z from "zod/mini";
import { type Credentials, keyOf } from "../../platform/credentials.ts";
import { deriveKey, openText, sealText } from "../../platform/seal.ts";
import type { AccessToken, SessionUser } from "./ports.ts";

/** A token as the table stores it. */
export const sealedToken = z.object({
  /** Fingerprint of the credentials that seal it. */
  by: z.string(),
  text: z.string(),
});
export type SealedToken = z.infer<typeof sealedToken>;

const tokenContents = z.object({
  value: z.string(),
  expiresAt: z.number(),
  server: z.string(),
  ownerId: z.exactOptional(z.string()),
  scope: z.exactOptional(z.string()),
  refreshToken: z.exactOptional(z.string()),
});

/** The token, and the facts that must not be altered: its server and its end. */
export type TokenContents = Omit<AccessToken, "generation"> & {
  /** Of a user's session. */
  refreshToken?: string;
};

/** The record of the token. It is authenticated: a copy in another record does not open. */
export interface SealContext {
  accountKey: string;
  generation: number;
}

/** Encrypts a token with a key derived from the credentials: the table alone reveals nothing. */
export function sealToken(token: TokenContents, credentials: Credentials, context: SealContext): SealedToken {
  return {
    by: fingerprint(credentials, context.accountKey),
    text: sealText(JSON.stringify(token), tokenKey(credentials), contextText(context)),
  };
}

/** @returns `undefined` for a token of other credentials or of another record, and for an altered one */
export function openToken(
  sealed: SealedToken,
  credentials: Credentials,
  context: SealContext,
): TokenContents | undefined {
  return contentsOf(openText(sealed.text, [tokenKey(credentials)], contextText(context)));
}

const contentsOf = (text: string | undefined) =>
  text === undefined ? undefined : tokenContents.parse(JSON.parse(text));

/**
 * Encrypts a user's tokens with a key of their own, derived from a random one: no token shares a key with another user's.
 * @param by names the credentials that the tokens belong to
 */
export function sealSession(
  token: TokenContents,
  by: string,
  [key = ""]: readonly string[],
  context: SessionContext,
): SealedToken {
  return { by, text: sealText(JSON.stringify(token), sessionKey(key, context), sessionText(context)) };
}

/** @param keys any of them may have sealed @returns as `openToken` */
export function openSession(
  sealed: SealedToken,
  keys: readonly string[],
  context: SessionContext,
): TokenContents | undefined {
  const ofUser = keys.map((key) => sessionKey(key, context));
  return contentsOf(openText(sealed.text, ofUser, sessionText(context)));
}

/** The record of a session. It is authenticated. */
export interface SessionContext {
  user: SessionUser;
  generation: number;
}

const sessionKey = (key: string, { user }: SessionContext) =>
  deriveKey(key, JSON.stringify(["session key", user.accountId, user.extensionId]));

const sessionText = ({ user, generation }: SessionContext) =>
  JSON.stringify(["ringfront session", 1, user.accountId, user.extensionId, generation]);

/**
 * Identifies credentials without revealing them: 64 bits of HKDF output. It differs between accounts, so the table
 * does not show that two accounts share a secret.
 */
export function fingerprint(credentials: Credentials, accountKey: string): string {
  const { server, clientId, clientSecret, jwt } = credentials;
  const material = JSON.stringify([server, clientId, clientSecret, jwt]);
  return Buffer.from(hkdfSync("sha256", material, accountKey, "ringfront credentials", 8)).toString("hex");
}

const tokenKey = (credentials: Credentials) => keyOf(credentials, "ringfront token key");

const contextText = ({ accountKey, generation }: SealContext) =>
  JSON.stringify(["ringfront token", 2, accountKey, generation]);
