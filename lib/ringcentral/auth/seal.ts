import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import * as z from "zod/mini";
import type { Credentials } from "../ports.ts";

/** A token as it lies in the table: AES-256-GCM, parts in base64url. */
export const sealedToken = z.object({
  /** Fingerprint of the credentials whose client secret opens it. */
  by: z.string(),
  salt: z.string(),
  iv: z.string(),
  data: z.string(),
  tag: z.string(),
});
export type SealedToken = z.infer<typeof sealedToken>;

const contents = z.object({
  value: z.string(),
  expiresAt: z.number(),
  server: z.string(),
  ownerId: z.optional(z.string()),
  scope: z.optional(z.string()),
});

/** What is worth hiding, and what nobody may change: where the token is sent, and until when. */
export interface SealedContents {
  value: string;
  expiresAt: number;
  server: string;
  ownerId?: string;
  scope?: string;
}

/** Which record the token belongs to; authenticated, so that a copy elsewhere does not open. */
export interface SealContext {
  accountKey: string;
  generation: number;
}

const CIPHER = "aes-256-gcm";

/**
 * Encrypts a token with a key derived (HKDF-SHA256, a new random salt each time) from the client secret, so that
 * reading the table without the secret yields nothing.
 */
export function sealToken(
  token: SealedContents,
  credentials: Credentials,
  context: SealContext,
): SealedToken {
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const cipher = createCipheriv(CIPHER, keyOf(credentials, salt), iv);
  cipher.setAAD(associatedData(context));
  const data = Buffer.concat([cipher.update(JSON.stringify(token), "utf8"), cipher.final()]);
  const text = (bytes: Buffer) => bytes.toString("base64url");
  return {
    by: fingerprint(credentials, context.accountKey),
    salt: text(salt),
    iv: text(iv),
    data: text(data),
    tag: text(cipher.getAuthTag()),
  };
}

/** @returns `undefined` when it was sealed with another secret, for another record, or was tampered with */
export function openToken(
  sealed: SealedToken,
  credentials: Credentials,
  context: SealContext,
): SealedContents | undefined {
  try {
    const bytes = (text: string) => Buffer.from(text, "base64url");
    const key = keyOf(credentials, bytes(sealed.salt));
    const decipher = createDecipheriv(CIPHER, key, bytes(sealed.iv), { authTagLength: 16 });
    decipher.setAAD(associatedData(context));
    decipher.setAuthTag(bytes(sealed.tag));
    const text = Buffer.concat([decipher.update(bytes(sealed.data)), decipher.final()]).toString("utf8");
    const { ownerId, scope, ...token } = contents.parse(JSON.parse(text));
    return { ...token, ...(ownerId !== undefined && { ownerId }), ...(scope !== undefined && { scope }) };
  } catch {
    return undefined;
  }
}

/**
 * Names a set of credentials without revealing it: 64 bits of HKDF output, different for every account, so that
 * two accounts with the same secret cannot be told from the table.
 */
export function fingerprint(credentials: Credentials, accountKey: string): string {
  const { server, clientId, clientSecret, jwt } = credentials;
  const material = JSON.stringify([server, clientId, clientSecret, jwt]);
  return Buffer.from(hkdfSync("sha256", material, accountKey, "ringfront credentials", 8)).toString("hex");
}

function keyOf(credentials: Credentials, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", credentials.clientSecret, salt, "ringfront token key", 32));
}

function associatedData({ accountKey, generation }: SealContext): Buffer {
  return Buffer.from(JSON.stringify(["ringfront token", 1, accountKey, generation]));
}
