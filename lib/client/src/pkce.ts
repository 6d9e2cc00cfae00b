/** SHA-256 of some bytes, such as `expo-crypto`'s `digest`. */
export type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Digest | Promise<Digest>;
type Digest = ArrayBuffer | Uint8Array;

/** Browsers have it on https pages and loopback addresses, React Native not at all. */
export const webSha256: Sha256 = (bytes) => {
  const { subtle } = globalThis.crypto;
  if (subtle === undefined) throw new Error("This runtime has no crypto.subtle: pass sha256.");
  return subtle.digest("SHA-256", bytes);
};

/** 256 random bits, as a state or PKCE's verifier. */
export const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** PKCE's challenge by the method S256 (RFC 7636). The verifier is ASCII. */
export async function challengeOf(verifier: string, sha256: Sha256): Promise<string> {
  const ascii = Uint8Array.from(verifier, (character) => character.charCodeAt(0));
  return base64url(new Uint8Array(await sha256(ascii)));
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Not `btoa`: React Native has had none. */
function base64url(bytes: Uint8Array): string {
  let text = "";
  for (let bit = 0; bit < bytes.length * 8; bit += 6) {
    const [high = 0, low = 0] = bytes.subarray(bit >> 3, (bit >> 3) + 2);
    text += ALPHABET[(((high << 8) | low) >> (10 - (bit & 7))) & 63];
  }
  return text;
}

/** An address's query. Not `URL.searchParams`: React Native has none. */
export function parametersOf(url: string): Record<string, string | undefined> {
  const [, query = ""] = /\?([^#]*)/.exec(url) ?? [];
  const decode = (text = "") => decodeURIComponent(text.replaceAll("+", " "));
  return Object.fromEntries(query.split("&").map((pair) => pair.split("=").map(decode)));
}
