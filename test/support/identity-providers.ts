import { generateKeyPairSync, sign } from "node:crypto";

const SECONDS = 1_790_000_000;
/** The time at which all tokens here were issued. */
export const ISSUED_AT = SECONDS * 1000;
const times = { iat: SECONDS, exp: SECONDS + 3600 };
const ACCOUNT = "3700111";
const EXTENSION = "3800222";

type Claims = Record<string, unknown>;
export interface ProviderToken {
  /** The recipe in docs/guides/identity.md. */
  recipe: string;
  /** Settings beside those of the recipe. */
  env?: Record<string, string>;
  /** What the token is. */
  kind: string;
  header: Claims;
  claims: Claims;
  /** What the functions make of it. */
  scopes: string[];
  subject: string;
  extensionId?: string;
}

const cognito = {
  sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
  "cognito:groups": ["staff"],
  iss: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example01",
  version: 2,
  origin_jti: "11111111-bbbb-cccc-dddd-eeeeeeeeeeee",
  event_id: "22222222-bbbb-cccc-dddd-eeeeeeeeeeee",
  auth_time: SECONDS,
  jti: "33333333-bbbb-cccc-dddd-eeeeeeeeeeee",
  ...times,
};
const entra = {
  aud: "00001111-aaaa-2222-bbbb-3333cccc4444",
  iss: "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
  nbf: SECONDS,
  aio: "AXQAi/8IAAAA",
  azp: "55556666-ffff-7777-aaaa-8888bbbb9999",
  azpacr: "0",
  oid: "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb",
  rh: "I",
  tid: "aaaabbbb-0000-cccc-1111-dddd2222eeee",
  uti: "abc",
  ver: "2.0",
  ...times,
};
const auth0 = {
  iss: "https://acme.eu.auth0.com/",
  azp: "my_client_id",
  ...times,
};
const keycloak = {
  jti: "f2b4d3c1-0000-0000-0000-000000000000",
  iss: "https://sso.acme.example/realms/acme",
  auth_time: SECONDS,
  azp: "web",
  sid: "d6b1e8f2-0000-0000-0000-000000000000",
  acr: "1",
  "allowed-origins": ["https://app.acme.example"],
  ...times,
};

/** A token of each provider, in the shape that its documentation and its users' published tokens show. Names are made up. */
export const providerTokens: readonly ProviderToken[] = [
  {
    recipe: "Amazon Cognito",
    kind: "access token of a user: client_id, no aud, prefixed scopes",
    header: { kid: "signing", alg: "RS256" },
    claims: {
      ...cognito,
      client_id: "1h57kf5cpq17m0eml12example",
      token_use: "access",
      scope: "openid ringfront/numbers:read ringfront/numbers:write other/numbers:write",
      username: "ana",
      rc_account_id: ACCOUNT,
      rc_extension_id: EXTENSION,
    },
    scopes: ["numbers:read", "numbers:write"],
    subject: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    extensionId: EXTENSION,
  },
  {
    recipe: "Amazon Cognito",
    kind: "access token of a service: sub is the client",
    env: { AUTH_ACCOUNT_CLAIM: "none" },
    header: { kid: "signing", alg: "RS256" },
    claims: {
      sub: "1h57kf5cpq17m0eml12example",
      token_use: "access",
      scope: "ringfront/account:read",
      auth_time: SECONDS,
      iss: cognito.iss,
      version: 2,
      jti: cognito.jti,
      client_id: "1h57kf5cpq17m0eml12example",
      ...times,
    },
    scopes: ["account:read"],
    subject: "1h57kf5cpq17m0eml12example",
  },
  {
    recipe: "Amazon Cognito",
    kind: "ID token with custom attributes",
    env: {
      AUTH_TOKEN_TYPE: "id",
      AUTH_ACCOUNT_CLAIM: "none",
      AUTH_EXTENSION_CLAIM: "custom:rc_extension_id",
      AUTH_GRANTED_SCOPES: "numbers:read,numbers:write",
      AUTH_SCOPE_PREFIX: "",
    },
    header: { kid: "signing", alg: "RS256" },
    claims: {
      ...cognito,
      at_hash: "abc",
      aud: "1h57kf5cpq17m0eml12example",
      token_use: "id",
      "cognito:username": "ana",
      email: "ana@acme.example",
      email_verified: true,
      "custom:rc_extension_id": EXTENSION,
    },
    scopes: ["numbers:read", "numbers:write"],
    subject: cognito.sub,
    extensionId: EXTENSION,
  },
  {
    recipe: "Microsoft Entra ID",
    kind: "access token of a user, version 2",
    header: { typ: "JWT", alg: "RS256", kid: "signing" },
    claims: {
      ...entra,
      name: "Ana Ruiz",
      preferred_username: "ana@acme.example",
      scp: "numbers:read numbers:write",
      sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
      "extn.rc_extension_id": [EXTENSION],
    },
    scopes: ["numbers:read", "numbers:write"],
    subject: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    extensionId: EXTENSION,
  },
  {
    recipe: "Microsoft Entra ID",
    kind: "access token of a service: app roles, no scp",
    header: { typ: "JWT", alg: "RS256", kid: "signing" },
    claims: { ...entra, idtyp: "app", azpacr: "1", roles: ["account:read"], sub: entra.oid },
    scopes: ["account:read"],
    subject: entra.oid,
  },
  {
    recipe: "Okta",
    kind: "access token of a custom authorization server: scp is a list",
    header: { kid: "signing", alg: "RS256" },
    claims: {
      ver: 1,
      jti: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
      iss: "https://acme.okta.com/oauth2/default",
      aud: "api://default",
      cid: "nmdP1fcyvdVO11AL7ECm",
      uid: "00ujmkLgagxeRrAg20g3",
      scp: ["openid", "numbers:read"],
      auth_time: SECONDS,
      sub: "ana@acme.example",
      rc_account_id: ACCOUNT,
      rc_extension_id: EXTENSION,
      ...times,
    },
    scopes: ["openid", "numbers:read"],
    subject: "ana@acme.example",
    extensionId: EXTENSION,
  },
  {
    recipe: "Auth0",
    kind: "access token: namespaced claims, permissions, an issuer with a slash",
    header: { alg: "RS256", typ: "JWT", kid: "signing" },
    claims: {
      "https://acme.example/rc_account_id": ACCOUNT,
      "https://acme.example/rc_extension_id": EXTENSION,
      ...auth0,
      sub: "auth0|59df2ae5ef8b9c0001a2b3c4",
      aud: ["https://numbers.acme.example", "https://acme.eu.auth0.com/userinfo"],
      scope: "openid profile",
      permissions: ["numbers:read", "numbers:write"],
    },
    scopes: ["openid", "profile", "numbers:read", "numbers:write"],
    subject: "auth0|59df2ae5ef8b9c0001a2b3c4",
    extensionId: EXTENSION,
  },
  {
    recipe: "Auth0",
    kind: "access token in the RFC 9068 profile, with nested claims",
    env: {
      AUTH_ACCOUNT_CLAIM: "https://acme.example/app_metadata.rc.account",
      AUTH_EXTENSION_CLAIM: "https://acme.example/app_metadata.rc.extension",
    },
    header: { alg: "RS256", typ: "at+jwt", kid: "signing" },
    claims: {
      "https://acme.example/app_metadata": { rc: { account: Number(ACCOUNT), extension: Number(EXTENSION) } },
      ...auth0,
      sub: "auth0|59df2ae5ef8b9c0001a2b3c4",
      aud: "https://numbers.acme.example",
      client_id: "my_client_id",
      jti: "abc",
      scope: "numbers:read",
    },
    scopes: ["numbers:read"],
    subject: "auth0|59df2ae5ef8b9c0001a2b3c4",
    extensionId: EXTENSION,
  },
  {
    recipe: "Keycloak",
    kind: "access token: lists of one id, client roles",
    header: { alg: "RS256", typ: "JWT", kid: "signing" },
    claims: {
      ...keycloak,
      aud: ["ringfront", "account"],
      sub: "b8a1c9d4-0000-0000-0000-000000000000",
      typ: "Bearer",
      realm_access: { roles: ["offline_access", "numbers:write"] },
      resource_access: { ringfront: { roles: ["numbers:read"] }, account: { roles: ["manage-account"] } },
      scope: "openid email profile",
      email_verified: true,
      rc_account_id: [ACCOUNT],
      rc_extension_id: [EXTENSION],
      preferred_username: "ana",
      email: "ana@acme.example",
    },
    scopes: ["openid", "email", "profile", "numbers:read"],
    subject: "b8a1c9d4-0000-0000-0000-000000000000",
    extensionId: EXTENSION,
  },
  {
    recipe: "Keycloak",
    kind: "lightweight access token: no sub",
    header: { alg: "RS256", typ: "JWT", kid: "signing" },
    claims: { ...keycloak, aud: "ringfront", typ: "Bearer", scope: "numbers:read", rc_account_id: [ACCOUNT] },
    scopes: ["numbers:read"],
    subject: "web",
  },
  {
    recipe: "Google",
    kind: "ID token of a Workspace user",
    header: { alg: "RS256", kid: "signing", typ: "JWT" },
    claims: {
      iss: "https://accounts.google.com",
      azp: "1234567890-example.apps.googleusercontent.com",
      aud: "1234567890-example.apps.googleusercontent.com",
      sub: "110169484474386276334",
      hd: "acme.example",
      email: "ana@acme.example",
      email_verified: true,
      at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q",
      name: "Ana Ruiz",
      ...times,
    },
    scopes: ["numbers:read", "numbers:write"],
    subject: "110169484474386276334",
  },
  {
    recipe: "Google Identity Platform",
    kind: "ID token with custom claims",
    header: { alg: "RS256", kid: "signing", typ: "JWT" },
    claims: {
      rc_extension_id: EXTENSION,
      iss: "https://securetoken.google.com/acme-project",
      aud: "acme-project",
      auth_time: SECONDS,
      user_id: "s8Yw1fUQ0abc",
      sub: "s8Yw1fUQ0abc",
      email: "ana@acme.example",
      email_verified: true,
      firebase: { identities: { email: ["ana@acme.example"] }, sign_in_provider: "password" },
      ...times,
    },
    scopes: ["numbers:read", "numbers:write"],
    subject: "s8Yw1fUQ0abc",
    extensionId: EXTENSION,
  },
  {
    recipe: "RingCentral sign-in",
    kind: "access token of a service that signs users in with RingCentral (RFC 9068)",
    header: { alg: "RS256", typ: "at+jwt", kid: "signing" },
    claims: {
      iss: "https://login.acme.example",
      aud: "ringfront",
      sub: `ringcentral:${EXTENSION}`,
      client_id: "web",
      jti: "abc",
      scope: "numbers:read numbers:write",
      rc_account_id: ACCOUNT,
      rc_extension_id: EXTENSION,
      ...times,
    },
    scopes: ["numbers:read", "numbers:write"],
    subject: `ringcentral:${EXTENSION}`,
    extensionId: EXTENSION,
  },
];

export const SERVED_ACCOUNT = ACCOUNT;

const newPair = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const pair = newPair();
const otherPair = newPair();
const jwk = (key: typeof pair.publicKey, kid: string) => ({
  ...key.export({ format: "jwk" }),
  kid,
  use: "sig",
});

/** The documents of any provider whose tokens are signed here: two keys have the id `shared`. */
export async function readProviderJson(url: URL): Promise<unknown> {
  const wellKnown = "/.well-known/openid-configuration";
  if (!url.pathname.endsWith(wellKnown)) {
    const other = jwk(otherPair.publicKey, "shared");
    return { keys: [jwk(pair.publicKey, "signing"), other, jwk(pair.publicKey, "shared")] };
  }
  const issuer = url.href.slice(0, -wellKnown.length);
  const spelled = providerTokens.find(({ claims }) => String(claims.iss).replace(/\/$/, "") === issuer);
  return { issuer: spelled?.claims.iss ?? issuer, jwks_uri: `${issuer}/keys` };
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signed as RS256, whatever the header says. */
export function signToken(header: Claims, claims: Claims, key = pair.privateKey): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}
