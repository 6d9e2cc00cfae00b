import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Events, OAuth2Server } from "oauth2-mock-server";
import * as z from "zod/mini";
import { SEED } from "../../test/twin/twin.ts";
import { isPortTaken, LOOPBACK } from "./ports.ts";

/** The account and extensions that the tokens are for. */
export interface Identities {
  extensionId: string;
  otherExtensionId: string;
  accountId: string;
}

/** The difference between the tokens that `.local/stack.json` lists. */
function claimsByToken({ extensionId, otherExtensionId, accountId }: Identities) {
  const person = (id: string, scope: string) => ({
    scope,
    rc_extension_id: id,
    rc_account_id: accountId,
  });
  return {
    user: person(extensionId, "numbers:read numbers:write"),
    otherUser: person(otherExtensionId, "numbers:read numbers:write"),
    readOnly: person(extensionId, "numbers:read"),
    admin: person(
      extensionId,
      "numbers:read numbers:write account:read account:manage people:manage sync:read sync:run ops:read",
    ),
    // A client's own token: its subject is the client.
    service: { scope: "account:read sync:read sync:run", rc_account_id: accountId, client_id: "service" },
    /** No claim of RingCentral's: the directory says whose e-mail it is. */
    person: { scope: "numbers:read numbers:write", email: SEED.emails.user, email_verified: true },
  };
}

export type TokenName = keyof ReturnType<typeof claimsByToken>;

export type OidcIssuer = Awaited<ReturnType<typeof startOidcIssuer>>;

const TOKEN_LIFETIME_SECONDS = 12 * 3600;

interface IssuerOptions {
  /** The issuer's identifier when callers reach it through a proxy. */
  publicUrl?: string;
  /** A file that keeps port and key, so that an app's tokens outlive a restart. */
  statePath?: string;
}

const State = z.object({ port: z.int(), key: z.looseObject({ kty: z.string() }) });

function readState(path: string | undefined) {
  if (path === undefined || !existsSync(path)) return undefined;
  return State.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
}

/** Readable by its owner only: who has the key can make tokens for a stack of this machine. */
function writeState(path: string, state: object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(state), { mode: 0o600 });
}

/**
 * Starts an OpenID Connect issuer (RS256, discovery, JWKS, token endpoint) and mints the tokens. Its token endpoint
 * mints fresh ones: a client-credentials request whose `client_id` is the name of a token.
 */
export async function startOidcIssuer(
  audience: string,
  identities: Identities,
  { publicUrl, statePath }: IssuerOptions = {},
) {
  const server = new OAuth2Server();
  const state = readState(statePath);
  const key =
    state === undefined
      ? await server.issuer.keys.generate("RS256")
      : await server.issuer.keys.add(state.key);
  const isFree = state !== undefined && !(await isPortTaken(state.port));
  await server.start(isFree ? state.port : undefined, LOOPBACK);
  const { port } = server.address();
  if (statePath !== undefined && state === undefined) writeState(statePath, { port, key });
  const ownUrl = `http://${LOOPBACK}:${port}`;
  const url = publicUrl ?? ownUrl;
  server.issuer.url = url;

  const known = claimsByToken(identities);
  const claimsOf = (name: TokenName) => ({ aud: audience, sub: name, ...known[name] });
  const isTokenName = (name: string): name is TokenName => Object.hasOwn(known, name);
  server.service.on(Events.BeforeTokenSigning, (token, request) => {
    const name = clientIdOf(request.body.client_id, request.headers.authorization);
    Object.assign(token.payload, isTokenName(name) ? claimsOf(name) : { aud: audience });
  });

  const mint = (name: TokenName, others: Record<string, unknown> = {}) =>
    server.issuer.buildToken({
      expiresIn: TOKEN_LIFETIME_SECONDS,
      scopesOrTransform: (_header, payload) => void Object.assign(payload, claimsOf(name), others),
    });
  return {
    /** The issuer's identifier: `iss` of its tokens. */
    url,
    /** The address it listens on; differs from `url` behind a proxy. */
    ownUrl,
    tokens: {
      user: await mint("user"),
      otherUser: await mint("otherUser"),
      readOnly: await mint("readOnly"),
      admin: await mint("admin"),
      service: await mint("service"),
      person: await mint("person"),
    },
    /** The user's token with other claims, for tests; `undefined` removes a claim. */
    mint: (claims: Record<string, unknown>) => mint("user", claims),
    close: () => server.stop(),
  };
}

/** Client credentials come in the body or, as most libraries send them, in a Basic header. */
function clientIdOf(inBody: unknown, authorization = ""): string {
  if (typeof inBody === "string") return inBody;
  const basic = /^basic (.+)$/i.exec(authorization)?.[1] ?? "";
  return Buffer.from(basic, "base64").toString("utf8").split(":")[0] ?? "";
}
