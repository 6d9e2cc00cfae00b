import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Extension, User, World } from "../data/world.ts";
import type { Random } from "../random.ts";
import type { Grant } from "./codes.ts";

/** The id tokens of one twin, and the key that proves them. */
export interface IdTokens {
  mint(world: World, issuer: string, grant: Grant, expiresAt: number): string;
  /** The key set; empty until the first token. */
  keys(): object[];
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signs with RS256 [spec]. The key is made for the first token. */
export function createIdTokens(random: Random): IdTokens {
  let key: KeyObject | undefined;
  const kid = "twin-id-token-key";
  return {
    mint(world, issuer, { app, user, authorization, issuedAt }, expiresAt) {
      key ??= generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
      const seconds = (instant: number) => Math.floor(instant / 1000);
      const claims = {
        iss: issuer,
        aud: app.clientId,
        ...claimsOf(world, user),
        iat: seconds(issuedAt),
        auth_time: seconds(issuedAt),
        exp: seconds(expiresAt),
        jti: random.uuid(),
        ...(authorization.nonce !== undefined && { nonce: authorization.nonce }),
      };
      const signed = `${encode({ alg: "RS256", typ: "JWT", kid })}.${encode(claims)}`;
      return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
    },
    keys() {
      if (key === undefined) return [];
      return [{ ...createPublicKey(key).export({ format: "jwk" }), kid, use: "sig", alg: "RS256" }];
    },
  };
}

/** The claims of an id token and of userinfo: the subject is the extension [spec]. */
export function claimsOf(world: World, { accountId, extensionId }: User): Record<string, unknown> {
  const extension: Extension | undefined = world.accounts.get(accountId)?.extensions.get(extensionId ?? "");
  const [given = "", ...family] = (extension?.name ?? "").split(" ");
  return {
    sub: extensionId ?? accountId,
    account_id: accountId,
    ...(extension?.email !== undefined && { email: extension.email, email_verified: true }),
    ...(extension !== undefined && { given_name: given, family_name: family.join(" ") }),
  };
}
