import { createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import * as z from "zod/mini";

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

const Jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** A token's claims and header, unverified. */
export function decodeToken(token: string): {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
} {
  const [header = "", payload = ""] = token.split(".");
  const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { header: decode(header), payload: decode(payload) };
}

/** Variants of a valid token that must all be rejected, by their fault. */
export async function forgedTokens(good: string, issuerUrl: string): Promise<Record<string, string>> {
  const { header, payload } = decodeToken(good);
  const [head = "", body = "", signature = ""] = good.split(".");
  const publicKey = await publicKeyOf(issuerUrl);
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const rs256 = (claims: object, key = stranger) => {
    const input = `${encode(header)}.${encode(claims)}`;
    return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
  };
  const hs256Input = `${encode({ ...header, alg: "HS256" })}.${body}`;
  return {
    "alg none": `${encode({ alg: "none", typ: "JWT" })}.${body}.`,
    "alg none, signature kept": `${encode({ alg: "none" })}.${body}.${signature}`,
    "HS256 keyed with the public key": `${hs256Input}.${createHmac("sha256", publicKey).update(hs256Input).digest("base64url")}`,
    "another key": rs256(payload),
    "claims changed": `${head}.${encode({ ...payload, rc_extension_id: "3800333" })}.${signature}`,
    "a scope added": `${head}.${encode({ ...payload, scope: "account:manage" })}.${signature}`,
    "a truncated signature": good.slice(0, -20),
    "no signature": `${head}.${body}.`,
    "not a token": "abc.def.ghi",
  };
}

async function publicKeyOf(issuerUrl: string): Promise<string | Buffer> {
  const { keys } = Jwks.parse(await (await fetch(`${issuerUrl}/jwks`)).json());
  return createPublicKey({ key: keys[0] ?? {}, format: "jwk" }).export({ type: "spki", format: "pem" });
}
