import {
  type ClientMetadata,
  type Configuration,
  errors,
  interactionPolicy,
  type KoaContextWithOIDC,
  Provider,
} from "oidc-provider";
import { scopes } from "../contract/route.ts";
import type { UserSessions } from "../ringcentral/auth/ports.ts";
import { type AdapterDeps, RecordAdapter } from "./adapter.ts";
import { CALLBACK_PATH } from "./callback.ts";
import { renderPage, START_AGAIN } from "./pages.ts";
import { personOf } from "./person.ts";
import { type Client, isHashOf, type SignInSecret } from "./secret.ts";

/** In seconds. */
const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const ttl = {
  AccessToken: 15 * MINUTE,
  ClientCredentials: 15 * MINUTE,
  IdToken: 15 * MINUTE,
  AuthorizationCode: MINUTE,
  /** A log-in at RingCentral takes minutes: password, single sign-on, a second factor. A full line of sign-ins takes 30. */
  Interaction: 60 * MINUTE,
  Session: 15 * MINUTE,
  /** From each use to the next. */
  RefreshToken: 30 * DAY,
  /** From the sign-in, however often its tokens are renewed. */
  Grant: 180 * DAY,
};

/** Everybody's. Administrators may ask for every scope. */
const PERSONS_SCOPES = ["numbers:read", "numbers:write"];
const ALL_SCOPES = Object.keys(scopes);

export interface ProviderDeps extends AdapterDeps {
  /** The API's public address. */
  issuer: string;
  servedAccounts: readonly string[];
  /** Their extensions. */
  administrators: readonly string[];
  sessions: UserSessions;
}

/** The authorization server: oidc-provider, with our clients, keys, table and rules. It lives as long as its secret. */
export function createProvider(deps: ProviderDeps, secret: SignInSecret): Provider {
  const { issuer } = deps;
  const clients = new Map(secret.clients.map((client) => [client.clientId, client]));
  const { current, next, previous } = secret.signingKeys;
  const keys = [current, next, ...(previous === undefined ? [] : [previous])];
  const policy = interactionPolicy.base();
  policy.remove("consent");
  const provider = new Provider(issuer, {
    ...fixed,
    adapter: (model: string) => new RecordAdapter(deps, model),
    jwks: { keys: keys.map((key) => ({ ...key, alg: "RS256", use: "sig" })) },
    clients: secret.clients.map(metadataOf),
    cookies: { ...cookiesOf(issuer), keys: secret.cookieKeys },
    interactions: { policy, url: () => CALLBACK_PATH },
    features: featuresOf(issuer, clients, current.kid),
    // RingCentral's page is the consent: the app is this company's own.
    loadExistingGrant: (ctx) => newGrant(deps, provider, clients, ctx),
    extraTokenClaims: (_ctx, token) => {
      const person = token.kind === "AccessToken" ? personOf(token.accountId) : undefined;
      if (person) return { rc_account_id: person.accountId, rc_extension_id: person.extensionId };
      const [only, ...others] = deps.servedAccounts;
      const own = clients.get(token.clientId ?? "")?.accountId ?? (others.length === 0 ? only : undefined);
      return own === undefined ? {} : { rc_account_id: own };
    },
    findAccount: async (_ctx, sub, token) => {
      const person = personOf(sub);
      // A code or refresh token is worth no more than the session at RingCentral behind it.
      const isOver = person && token && (await deps.sessions.state(person)) !== "active";
      return person === undefined || isOver ? undefined : { accountId: sub, claims: () => ({ sub }) };
    },
  });
  provider.Client.prototype.compareClientSecret = function compareWithHash(actual) {
    return isHashOf(this.clientSecret ?? "", actual);
  };
  provider.use(async (ctx, next) => {
    await next();
    // The setting `scopes` would make the API's scopes those of the id token, and `discovery` replaces no value.
    if (ctx.oidc?.route === "discovery") ctx.body.scopes_supported?.push(...ALL_SCOPES);
  });
  return provider;
}

/** @param kid of the key that signs */
function featuresOf(
  issuer: string,
  clients: ReadonlyMap<string, Client>,
  kid: string,
): NonNullable<Configuration["features"]> {
  return {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    // The API takes bearer tokens only, and has no route for requests that an app sends ahead.
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    userinfo: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => issuer,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource, client) => {
        if (resource !== issuer) throw new errors.InvalidTarget();
        return {
          scope: (clients.get(client.clientId)?.scopes ?? []).join(" "),
          audience: issuer,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256", kid } },
        };
      },
    },
  };
}

/**
 * The cookie of an interaction decides whose sign-in a callback completes. With the prefix no other host of the domain can
 * set it, and so nobody can let a person complete a sign-in that another browser began.
 */
function cookiesOf(issuer: string) {
  const secure = issuer.startsWith("https:");
  const cookie = { httpOnly: true, sameSite: "lax", secure, signed: true, path: "/" } as const;
  const prefix = secure ? "__Host-" : "";
  const names = {
    interaction: `${prefix}sign-in`,
    resume: "sign-in-resume",
    session: `${prefix}sign-in-session`,
  };
  return { names, long: cookie, short: cookie };
}

const fixed: Configuration = {
  ttl,
  scopes: ["openid"],
  claims: { openid: ["sub"] },
  responseTypes: ["code"],
  clientAuthMethods: ["none", "client_secret_basic"],
  enabledJWA: { idTokenSigningAlgValues: ["RS256"] },
  pkce: { required: () => true },
  extraParams: ["account_id"],
  routes: {
    authorization: "/oauth/authorize",
    token: "/oauth/token",
    jwks: "/oauth/jwks",
    revocation: "/oauth/revoke",
  },
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
  expiresWithSession: async () => false,
  // Of every origin: the settings of the API say which pages may read the responses (ownHeaders in sign-in-app.ts).
  clientBasedCORS: () => true,
  renderError: (ctx, { error, error_description: text = "" }) => {
    const page = {
      status: ctx.status,
      title: "This sign-in is not possible",
      text: `${error}: ${text}. ${START_AGAIN}`,
    };
    const { headers, body } = renderPage(page);
    ctx.set(headers);
    ctx.body = body;
  },
};

/** The grant of this sign-in: what was asked, the client may have and the person may have. */
async function newGrant(
  { issuer, administrators }: ProviderDeps,
  provider: Provider,
  clients: ReadonlyMap<string, Client>,
  { oidc }: KoaContextWithOIDC,
) {
  const { clientId = "" } = oidc.client ?? {};
  const { accountId } = oidc.session ?? {};
  const person = personOf(accountId);
  if (person === undefined || accountId === undefined) return undefined;
  const allowed = administrators.includes(person.extensionId) ? ALL_SCOPES : PERSONS_SCOPES;
  const ofClient = clients.get(clientId)?.scopes ?? [];
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope("openid");
  grant.addResourceScope(issuer, allowed.filter((scope) => ofClient.includes(scope)).join(" "));
  await grant.save();
  return grant;
}

function metadataOf({ clientId, name, redirectUris, secretHash }: Client): ClientMetadata {
  const isMachine = redirectUris.length === 0;
  return {
    client_id: clientId,
    client_name: name,
    redirect_uris: redirectUris,
    // It allows loopback addresses with any port and private-use schemes; redirectUriProblem has checked each.
    application_type: "native",
    grant_types: isMachine ? ["client_credentials"] : ["authorization_code", "refresh_token"],
    response_types: isMachine ? [] : ["code"],
    token_endpoint_auth_method: secretHash === undefined ? "none" : "client_secret_basic",
    ...(secretHash !== undefined && { client_secret: secretHash }),
  };
}
