import { generateKeyPairSync, sign } from "node:crypto";

/** An issuer of access tokens in this process, without a server: it signs them, and has the documents that verify them. */
export class SigningIssuer {
  /** The key's id: with another one, it is another key for all who know the former. */
  kid = "k1";
  readonly #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

  /** @returns an access token (RFC 9068) */
  sign(claims: object): string {
    const parts = [{ alg: "RS256", kid: this.kid, typ: "at+jwt" }, claims];
    const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${input}.${sign("sha256", Buffer.from(input), this.#keys.privateKey).toString("base64url")}`;
  }

  /** Its metadata, or its keys: the same for each origin. */
  document({ origin, pathname }: URL): object {
    if (pathname !== "/jwks") return { issuer: origin, jwks_uri: `${origin}/jwks` };
    const jwk = this.#keys.publicKey.export({ format: "jwk" });
    return { keys: [{ ...jwk, kid: this.kid, alg: "RS256", use: "sig" }] };
  }
}
