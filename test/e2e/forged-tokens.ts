import { createHmac, createPublicKey } from "node:crypto";
import { OAuth2Server } from "oauth2-mock-server";
import * as z from "zod/mini";

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const decode = (part = ""): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, "base64url").toString("utf8"));

const Discovery = z.object({ jwks_uri: z.string() });
const Jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/**
 * Ways to be refused that start from a good token: its claims kept where the forgery is elsewhere, so that only the
 * forgery can be the reason.
 */
export async function forgedTokens(token: string, issuerUrl: string): Promise<Record<string, string>> {
  const [header, payload, signature] = token.split(".");
  const claims = decode(payload);
  const discovery = await fetch(`${issuerUrl}/.well-known/openid-configuration`);
  const { jwks_uri } = Discovery.parse(await discovery.json());
  const jwks = Jwks.parse(await (await fetch(jwks_uri)).json());
  const publicKey = createPublicKey({ key: jwks.keys[0] ?? {}, format: "jwk" }).export({
    type: "spki",
    format: "pem",
  });

  const hmacInput = `${encode({ ...decode(header), alg: "HS256" })}.${payload}`;
  const hmac = createHmac("sha256", publicKey).update(hmacInput).digest("base64url");

  const stranger = new OAuth2Server();
  await stranger.issuer.keys.generate("RS256");
  stranger.issuer.url = issuerUrl;
  const strangerKey = await stranger.issuer.buildToken({
    scopesOrTransform: (_header, body) => void Object.assign(body, claims),
  });

  return {
    "no signature (alg: none)": `${encode({ alg: "none", typ: "JWT" })}.${payload}.`,
    "HS256 with the public key as the secret": `${hmacInput}.${hmac}`,
    "a claim changed under the old signature": `${header}.${encode({ ...claims, scope: "account:manage" })}.${signature}`,
    "the same claims signed by another key": strangerKey,
    "a truncated signature": token.slice(0, -20),
    "not a token": "Robocaller",
  };
}
