import fc, { type Arbitrary } from "fast-check";
import {
  AUTHORIZE,
  authorizeValues,
  type Fields,
  MACHINE,
  REFRESH,
  revokeValues,
  TOKEN,
  tokenValues,
} from "./sign-in-fields.ts";
import { oddTexts, rarely } from "./values.ts";

/** A request to the sign-in server; a value in braces is chosen when it is sent: `{code}`, `{verifier}`, `{refresh}`, … */
export interface SignInRequest {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body?: string;
  /** Whether the browser has the cookies of the last visit. */
  hasCookies: boolean;
  /** Whether a person logs in where the response leads to RingCentral. */
  logsIn: boolean;
}

const encoded = (fields: readonly (readonly [string, string])[]) =>
  fields.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
/** Braces stay, for what is chosen later. */
const encode = (text: string) =>
  /^\{\w+\}$/.test(text) ? text : encodeURIComponent(text.toWellFormed()).replaceAll("%20", "+");

const without = (fields: Fields, names: RegExp): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.test(name)));

/** The fields as they are, with some replaced, left out, repeated or added. */
function mutated(fields: Fields, values: Record<string, Arbitrary<string>>): Arbitrary<string> {
  if (Object.keys(values).length === 0) return fc.constant(encoded(Object.entries(fields)));
  const change = fc.constantFrom(...Object.keys(values)).chain((name) =>
    fc.record({
      name: fc.constant(name),
      value: fc.oneof({ weight: 4, arbitrary: values[name] ?? oddTexts }, oddTexts),
      kind: fc.constantFrom("replaced", "replaced", "left out", "repeated"),
    }),
  );
  const unknown = fc.tuple(fc.string({ maxLength: 8 }), oddTexts);
  const raw = fc.constantFrom("", "", "", "%zz", "&&=", "client_id[]=x", "code=%ED%A0%80", "%", "state=%00");
  return fc
    .record({ changes: fc.array(change, { maxLength: 2 }), unknown: rarely(8, unknown), raw })
    .map(({ changes, unknown, raw }) => {
      let pairs: (readonly [string, string])[] = Object.entries(fields);
      for (const { name, value, kind } of changes) {
        if (kind !== "repeated") pairs = pairs.filter(([one]) => one !== name);
        if (kind !== "left out") pairs.push([name, value]);
      }
      return [encoded([...pairs, ...(unknown === null ? [] : [unknown])]), raw].filter(Boolean).join("&");
    });
}

/** Most as a client sends them; some without PKCE, on both ways. */
const authorizing = fc.oneof(
  { weight: 5, arbitrary: mutated(AUTHORIZE, authorizeValues) },
  { weight: 1, arbitrary: mutated(without(AUTHORIZE, /^code_challenge/), {}) },
);
const redeeming = fc.oneof(
  { weight: 5, arbitrary: mutated(TOKEN, tokenValues) },
  { weight: 1, arbitrary: fc.constant(encoded(Object.entries(without(TOKEN, /^code_verifier/)))) },
);

const FORM = "application/x-www-form-urlencoded";
const contentTypes = fc.oneof(
  { weight: 8, arbitrary: fc.constant(FORM) },
  fc.constantFrom(
    "application/json",
    "text/plain",
    `${FORM}; charset=utf-16`,
    "multipart/form-data",
    "",
    "x",
  ),
);
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const authorizations = fc.constantFrom(
  ...[
    basic("night-job:a-machine-secret"),
    basic("night-job:x"),
    basic("acme-app:"),
    basic(":"),
    basic("x"),
    "Basic %",
    "Basic",
  ],
  ...[
    "Bearer {access}",
    "Digest x",
    basic("night-job:a-machine-secret:x"),
    basic("%zz:%zz"),
    basic("é:\u0000"),
  ],
);
const headers = (types: Arbitrary<string>): Arbitrary<Record<string, string>> =>
  fc
    .record({
      type: types,
      authorization: rarely(5, authorizations),
      other: rarely(
        5,
        fc.constantFrom<[string, string][]>(
          ["host", "evil.example"],
          ["x-forwarded-host", "evil.example"],
          ["x-forwarded-proto", "http"],
          ["origin", "https://evil.example"],
          ["accept", "application/json"],
          ["accept", "x"],
          ["cookie", "__Host-sign-in=x; __Host-sign-in.sig=x"],
          ["cookie", "__Host-sign-in-session=x"],
          ["content-encoding", "gzip"],
          ["expect", "100-continue"],
          ["x-http-method-override", "GET"],
        ),
      ),
    })
    .map(({ type, authorization, other }) => ({
      ...(type !== "" && { "content-type": type }),
      ...(authorization !== null && { authorization }),
      ...(other !== null && { [other[0]]: other[1] }),
    }));

const byQuery = (path: string, query: Arbitrary<string>, methods: string[] = ["GET"]) =>
  fc.record<SignInRequest>(
    {
      method: fc.constantFrom(...methods),
      path: fc.constant(path),
      query,
      headers: headers(fc.constant("")),
      hasCookies: fc.boolean(),
      logsIn: fc.boolean(),
    },
    { requiredKeys: ["method", "path", "query", "headers", "hasCookies", "logsIn"] },
  );

const byForm = (path: string, body: Arbitrary<string>, usual: Record<string, string> = {}) =>
  fc.record<SignInRequest>({
    method: fc.oneof(
      { weight: 12, arbitrary: fc.constant("POST") },
      fc.constantFrom("GET", "PUT", "OPTIONS", "HEAD", "x"),
    ),
    path: fc.constant(path),
    query: fc.oneof(
      { weight: 8, arbitrary: fc.constant("") },
      fc.constantFrom("grant_type=password", "client_id=x", "%zz"),
    ),
    headers: headers(contentTypes).map((given) => ({ ...usual, ...given })),
    body: fc.oneof(
      { weight: 12, arbitrary: body },
      fc.constantFrom("{}", "{", "\u0000", "a".repeat(70_000), "=".repeat(3_000)),
    ),
    hasCookies: fc.boolean(),
    logsIn: fc.boolean(),
  });

const callback = mutated(
  { state: "{state}", code: "{rcCode}" },
  {
    state: fc.constantFrom("{state}", "x", ""),
    code: fc.constantFrom("{rcCode}", "x", ""),
    error: fc.constantFrom("access_denied", "server_error", "x", ""),
    error_description: oddTexts,
    iss: fc.constantFrom("https://evil.example", ""),
  },
);
const documents = fc.constantFrom(
  ...[
    "/oauth/jwks",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth/authorize/x",
  ],
  ...[
    "/oauth/",
    "/oauth/token/introspection",
    "/oauth/register",
    "/oauth/device",
    "/oauth/par",
    "/oauth/userinfo",
    "/oauth/%",
  ],
  ...["/oauth/session/end", "/oauth/..%2f", "/oauth//evil.example", "/oauth/%00"],
);

/** Requests to every address of the sign-in server. */
export const signInRequests: Arbitrary<SignInRequest> = fc.oneof(
  {
    weight: 6,
    arbitrary: byQuery("/oauth/authorize", authorizing, ["GET", "GET", "GET", "POST", "HEAD"]),
  },
  { weight: 1, arbitrary: byForm("/oauth/authorize", authorizing) },
  { weight: 4, arbitrary: byForm("/oauth/token", redeeming) },
  { weight: 3, arbitrary: byForm("/oauth/token", mutated(REFRESH, tokenValues)) },
  {
    weight: 1,
    arbitrary: byForm("/oauth/token", mutated(MACHINE, tokenValues), {
      authorization: basic("night-job:a-machine-secret"),
    }),
  },
  {
    weight: 1,
    arbitrary: byForm("/oauth/revoke", mutated({ token: "{refresh}", client_id: "acme-app" }, revokeValues)),
  },
  { weight: 1, arbitrary: byQuery("/oauth/callback", callback, ["GET", "GET", "POST"]) },
  {
    weight: 1,
    arbitrary: documents.chain((path) =>
      byQuery(path, mutated({}, authorizeValues), ["GET", "HEAD", "POST", "DELETE"]),
    ),
  },
);
