import fc, { type Arbitrary } from "fast-check";
import { APP, ISSUER, WEB_APP } from "../sign-in-lab.ts";

export type Fields = Record<string, string>;

/** The app's own addresses, and others that must not be called back: some differ from them in one place. */
const ADDRESSES = [
  ...[APP, WEB_APP, "http://127.0.0.1/signed-in", "http://127.0.0.1:4711/signed-in"],
  ...[
    `${WEB_APP}/x`,
    `${WEB_APP}?x=1`,
    `${WEB_APP}#x`,
    `${WEB_APP}/`,
    `${WEB_APP}/../evil`,
    WEB_APP.toUpperCase(),
  ],
  ...["https://app.acme.example.evil.example/signed-in", "https://app.acme.example@evil.example/signed-in"],
  ...[
    "https://app.acme.example:8443/signed-in",
    "http://app.acme.example/signed-in",
    "https://evil.example/",
  ],
  ...[
    "http://127.0.0.1:4711/other",
    "http://localhost/signed-in",
    "http://[::1]/signed-in",
    "http://127.0.0.2/signed-in",
  ],
  ...[
    "com.acme.numbers:/other",
    "com.acme.numbers.evil:/signed-in",
    "com.other.app:/signed-in",
    "javascript:alert(1)",
  ],
  ...[
    "//evil.example",
    "/oauth/callback",
    `${ISSUER}/oauth/callback`,
    "data:text/html,x",
    "https://evil.example\\@app.acme.example/",
  ],
];

export const AUTHORIZE: Fields = {
  client_id: "acme-app",
  redirect_uri: WEB_APP,
  response_type: "code",
  scope: "openid numbers:read numbers:write",
  state: "app-state",
  code_challenge: "{challenge}",
  code_challenge_method: "S256",
};
export const authorizeValues: Record<string, Arbitrary<string>> = {
  client_id: fc.constantFrom("acme-app", "other-app", "night-job", "nobody", "__proto__", ""),
  redirect_uri: fc.constantFrom(...ADDRESSES),
  response_type: fc.constantFrom("code", "token", "code id_token", "id_token", "none", ""),
  response_mode: fc.constantFrom("query", "fragment", "form_post", "web_message", "jwt", "x"),
  scope: fc.constantFrom(
    "openid",
    "numbers:read",
    "account:manage",
    "openid offline_access",
    "openid openid",
    "x",
    "",
  ),
  code_challenge: fc.constantFrom("", "short", "x".repeat(43), "x".repeat(129), "é".repeat(43)),
  code_challenge_method: fc.constantFrom("plain", "S256", "s256", "none", ""),
  prompt: fc.constantFrom("none", "login", "consent", "select_account", "none login"),
  max_age: fc.constantFrom("0", "-1", "x", "1e9"),
  resource: fc.constantFrom(ISSUER, "https://evil.example", "x", `${ISSUER}#x`),
  request: fc.constantFrom("eyJhbGciOiJub25lIn0.e30.", "x"),
  request_uri: fc.constantFrom("https://evil.example/request", "urn:x"),
  claims: fc.constantFrom("{}", '{"id_token":{"sub":{"value":"x"}}}', "x"),
  account_id: fc.constantFrom("3700111", "3700222", "x", ""),
  id_token_hint: fc.constantFrom("x", "eyJhbGciOiJub25lIn0.e30."),
  registration: fc.constant("{}"),
};

export const TOKEN: Fields = {
  grant_type: "authorization_code",
  client_id: "acme-app",
  code: "{code}",
  redirect_uri: "{redirect}",
  code_verifier: "{verifier}",
};
export const REFRESH: Fields = {
  grant_type: "refresh_token",
  client_id: "acme-app",
  refresh_token: "{refresh}",
};
export const MACHINE: Fields = { grant_type: "client_credentials", scope: "account:read" };
export const tokenValues: Record<string, Arbitrary<string>> = {
  grant_type: fc.constantFrom(
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "implicit",
    "__proto__",
    "",
  ),
  client_id: authorizeValues.client_id ?? fc.constant(""),
  client_secret: fc.constantFrom("a-machine-secret", "x", ""),
  code: fc.constantFrom("{code}", "{usedCode}", "{refresh}", "x", ""),
  code_verifier: fc.constantFrom("{verifier}", "{otherVerifier}", "{challenge}", "x".repeat(43), "short", ""),
  redirect_uri: fc.constantFrom(...ADDRESSES),
  refresh_token: fc.constantFrom("{refresh}", "{usedRefresh}", "{code}", "{access}", "x", ""),
  scope: fc.constantFrom("openid", "account:manage", "account:read sync:read", "x", ""),
  resource: authorizeValues.resource ?? fc.constant(""),
  username: fc.constant("x"),
  assertion: fc.constant("eyJ.eyJ.x"),
  client_assertion: fc.constant("eyJ.eyJ.x"),
};
export const revokeValues: Record<string, Arbitrary<string>> = {
  token: fc.constantFrom("{refresh}", "{usedRefresh}", "{access}", "{code}", "x", ""),
  token_type_hint: fc.constantFrom("refresh_token", "access_token", "x"),
  client_id: authorizeValues.client_id ?? fc.constant(""),
};
