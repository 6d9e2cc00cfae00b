import { hkdfSync } from "node:crypto";
import * as z from "zod/mini";
import { type Credentials, keyOf } from "../../platform/credentials.ts";
import { openText, sealText } from "../../platform/seal.ts";
import type { AccessToken } from "./ports.ts";

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
});

/** The token, and the facts that must not be altered: its server and its end. */
export type TokenContents = Omit<AccessToken, "generation">;

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
  const text = openText(sealed.text, [tokenKey(credentials)], contextText(context));
  return text === undefined ? undefined : tokenContents.parse(JSON.parse(text));
}

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
