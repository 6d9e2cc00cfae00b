import { Events, OAuth2Server } from "oauth2-mock-server";
import { LOOPBACK } from "./ports.ts";

/** What `.local/stack.json` lists under `tokens`. */
const tokenNames = ["user", "otherUser", "readOnly", "admin", "service"] as const;
export type TokenName = (typeof tokenNames)[number];

/** Who the tokens speak for. */
export interface Identities {
  extensionId: string;
  otherExtensionId: string;
  accountId: string;
}

export interface OidcIssuer {
  /** The issuer's identifier: `iss` of its tokens. */
  url: string;
  /** Where it listens; differs from `url` behind a proxy. */
  ownUrl: string;
  tokens: Record<TokenName, string>;
  /** A token of the user's with other claims, for tests; `undefined` takes one away. */
  mint(claims: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

const TOKEN_LIFETIME_SECONDS = 12 * 3600;

const adminScopes = [
  "numbers:read",
  "numbers:write",
  "account:read",
  "account:manage",
  "sync:read",
  "sync:run",
  "ops:read",
];

function claimsOf(name: TokenName, who: Identities): Record<string, string> {
  const person = (extensionId: string, scope: string) => ({
    sub: name,
    scope,
    rc_extension_id: extensionId,
    rc_account_id: who.accountId,
  });
  switch (name) {
    case "user":
      return person(who.extensionId, "numbers:read numbers:write");
    case "otherUser":
      return person(who.otherExtensionId, "numbers:read numbers:write");
    case "readOnly":
      return person(who.extensionId, "numbers:read");
    case "admin":
      return person(who.extensionId, adminScopes.join(" "));
    case "service":
      return { sub: name, scope: "account:read sync:read sync:run", rc_account_id: who.accountId };
  }
}

/**
 * Starts a real OpenID Connect issuer (RS256, discovery, JWKS, token endpoint) and mints the five tokens.
 * @param publicUrl the issuer's identifier when callers reach it through a proxy
 * Its token endpoint mints fresh ones: a client-credentials request whose `client_id` is the name of a token.
 */
export async function startOidcIssuer(
  audience: string,
  who: Identities,
  publicUrl?: string,
): Promise<OidcIssuer> {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("RS256");
  await server.start(undefined, LOOPBACK);
  const ownUrl = `http://${LOOPBACK}:${server.address().port}`;
  const url = publicUrl ?? ownUrl;
  server.issuer.url = url;

  server.service.on(Events.BeforeTokenSigning, (token, request) => {
    const asked = clientIdOf(request.body.client_id, request.headers.authorization);
    const name = tokenNames.find((candidate) => candidate === asked);
    Object.assign(token.payload, { aud: audience }, name && claimsOf(name, who));
  });

  const mint = async (name: TokenName) => {
    const token = await server.issuer.buildToken({
      expiresIn: TOKEN_LIFETIME_SECONDS,
      scopesOrTransform: (_header, payload) =>
        void Object.assign(payload, { aud: audience }, claimsOf(name, who)),
    });
    return [name, token] as const;
  };
  const [user, otherUser, readOnly, admin, service] = await Promise.all(tokenNames.map(mint));
  if (!user || !otherUser || !readOnly || !admin || !service) throw new Error("a token was not minted");
  return {
    url,
    ownUrl,
    tokens: {
      user: user[1],
      otherUser: otherUser[1],
      readOnly: readOnly[1],
      admin: admin[1],
      service: service[1],
    },
    mint: (claims) =>
      server.issuer.buildToken({
        expiresIn: TOKEN_LIFETIME_SECONDS,
        scopesOrTransform: (_header, payload) =>
          void Object.assign(payload, { aud: audience }, claimsOf("user", who), claims),
      }),
    close: () => server.stop(),
  };
}

/** Client credentials come in the body or, as most libraries send them, in a Basic header. */
function clientIdOf(inBody: unknown, authorization: string | undefined): string | undefined {
  if (typeof inBody === "string") return inBody;
  const basic = /^basic (.+)$/i.exec(authorization ?? "")?.[1];
  return basic && Buffer.from(basic, "base64").toString("utf8").split(":")[0];
}
