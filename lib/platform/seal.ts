import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A 256-bit key for one purpose (HKDF-SHA256). Keys of different purposes reveal nothing about each other.
 * @throws Error for an empty secret: anyone could derive that key
 */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  if (secret === "") throw new Error("a key needs a secret");
  return new Uint8Array(hkdfSync("sha256", secret, "ringfront", purpose, 32));
}

/** AES-256-GCM with a random IV. `context` is authenticated: the text does not open in another place. */
export function sealText(text: string, key: Uint8Array, context: string): string {
  return sealBytes(Buffer.from(text, "utf8"), key, context);
}

export function sealBytes(bytes: Uint8Array, key: Uint8Array, context: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
}

/** @returns undefined when no key opens the text: another secret, another context, or altered bytes */
export function openText(sealed: string, keys: readonly Uint8Array[], context: string): string | undefined {
  return openBytes(sealed, keys, context)?.toString("utf8");
}

export function openBytes(sealed: string, keys: readonly Uint8Array[], context: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, "base64url");
  const iv = bytes.subarray(0, IV_BYTES);
  const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
  const body = bytes.subarray(IV_BYTES + TAG_BYTES);
  for (const key of keys) {
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      return Buffer.concat([decipher.update(body), decipher.final()]);
    } catch {
      // The next key may open it.
    }
  }
  return undefined;
}
