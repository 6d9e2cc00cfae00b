import * as z from "zod/mini";
import { ID_PATTERN } from "../contract/parameters.ts";
import type { ProblemCode } from "../contract/problems.ts";
import type { Claimant } from "../people/claimant.ts";
import type { Clock } from "../platform/clock.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { Settings } from "../platform/settings.ts";
import { type ClaimFault, shown } from "./token-rejection.ts";

/** API Gateway's JWT authorizer takes RSA signatures only. */
export const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const CLOCK_TOLERANCE_SECONDS = 5;

/** The settings that say how a token is read. */
export type ClaimSettings = Pick<
  Settings,
  | "AUTH_AUDIENCE"
  | "AUTH_TOKEN_TYPE"
  | "AUTH_REQUIRED_CLAIMS"
  | "AUTH_ACCOUNT_CLAIM"
  | "AUTH_EXTENSION_CLAIM"
  | "AUTH_EMAIL_CLAIM"
  | "AUTH_SCOPE_CLAIMS"
  | "AUTH_SCOPE_PREFIX"
  | "AUTH_GRANTED_SCOPES"
  | "SERVED_ACCOUNTS"
> & {
  AUTH_ISSUER: string;
  /** The tokens are this service's own: a person has signed in with RingCentral. */
  isOwn?: true;
};

export type Decoded = Readonly<Record<"header" | "payload", Readonly<Record<string, unknown>>>>;
export type ClaimsResult =
  | { claimant: Claimant; faults: []; stranger?: undefined }
  | { claimant?: undefined; faults: [ClaimFault, ...ClaimFault[]]; stranger?: Stranger };

/** Whom a token names that is right but for its account. */
export type Stranger = Pick<Claimant, "issuer" | "subject">;

/**
 * Reads what a token says of its caller, or every fault in its header and claims, the gravest first. It does not check the
 * signature.
 */
export function createClaimReader(settings: ClaimSettings, clock: Pick<Clock, "now">) {
  const schema = schemaFor(settings, () => clock.now() / 1000);
  return (decoded: Decoded) => readClaims(decoded, settings, schema);
}

function readClaims(
  { header, payload }: Decoded,
  settings: ClaimSettings,
  schema: ReturnType<typeof schemaFor>,
): ClaimsResult {
  const { AUTH_ACCOUNT_CLAIM, AUTH_EXTENSION_CLAIM, AUTH_SCOPE_CLAIMS } = settings;
  const usesSingleAccount = AUTH_ACCOUNT_CLAIM === "none";
  const picked = {
    alg: header.alg,
    kid: header.kid,
    iss: payload.iss,
    type: statedTypes(header, payload),
    aud: payload.aud ?? payload.client_id,
    // A client's own token may have no `sub`.
    sub: payload.sub ?? payload.client_id ?? payload.azp ?? payload.cid,
    ...Object.fromEntries(
      settings.AUTH_REQUIRED_CLAIMS.map(([path]) => [requiredKey(path), claimAt(payload, path)]),
    ),
    scopes: ["scope", "scp", ...AUTH_SCOPE_CLAIMS].map((path) => claimAt(payload, path) ?? []),
    iat: payload.iat,
    nbf: payload.nbf,
    exp: payload.exp,
    account: usesSingleAccount ? settings.SERVED_ACCOUNTS[0] : claimAt(payload, AUTH_ACCOUNT_CLAIM),
    extension: claimAt(payload, AUTH_EXTENSION_CLAIM),
  };
  const parsed = schema.safeParse(picked);
  const issues = parsed.success ? accountIssues(parsed.data, payload) : parsed.error.issues;
  if (!parsed.success || issues.length > 0) {
    const rules = rulesFor(payload, settings);
    const [first, ...others] = issues.map(({ path: [key], code }) => {
      const name = String(key);
      const { claim = name, expected = "", isPersonal, code: problem = "token_invalid" } = rules[name] ?? {};
      // A time that is no number is not an expired one.
      const isMalformed = problem === "token_expired" && code !== "custom";
      const found = shown(new Map<string, unknown>(Object.entries(picked)).get(name), isPersonal);
      return { claim, expected, found, code: isMalformed ? "token_invalid" : problem } as const;
    });
    if (first !== undefined) {
      const subject = first.code === "account_forbidden" ? text.safeParse(picked.sub).data : undefined;
      const stranger = subject && { issuer: settings.AUTH_ISSUER, subject };
      return { faults: [first, ...others], ...(stranger && { stranger }) };
    }
    throw new Error("a fault without an issue", { cause: parsed.error });
  }
  const { sub: subject, scopes, account: accountId, extension: extensionId } = parsed.data;
  const prefix = settings.AUTH_SCOPE_PREFIX;
  const named = scopes.flat().filter((scope) => scope.startsWith(prefix) && scope !== prefix);
  const all = [...named.map((scope) => scope.slice(prefix.length)), ...settings.AUTH_GRANTED_SCOPES];
  const about = { issuer: settings.AUTH_ISSUER, subject, scopes: new Set(all), isClient: isClient(payload) };
  const email = readEmail(payload, settings.AUTH_EMAIL_CLAIM);
  const isSignedIn = settings.isOwn && extensionId !== undefined && !about.isClient;
  const signedInWithRingCentral = isSignedIn || undefined;
  return {
    claimant: omitUndefined({ ...about, accountId, extensionId, email, signedInWithRingCentral }),
    faults: [],
  };
}

/** Only a person's record or e-mail can take the place of the account: not for an extension's id, nor for a client. */
function accountIssues(
  { account, extension }: { account?: string | undefined; extension?: string | undefined },
  payload: Decoded["payload"],
) {
  const mayBeFound = account !== undefined || (extension === undefined && !isClient(payload));
  return mayBeFound ? [] : [{ path: ["account"], code: "custom" }];
}

/** Client credentials: no subject, or the client's own id as subject; Auth0 and Entra ID say so. */
function isClient({ sub, client_id, azp, cid, gty, idtyp }: Decoded["payload"]): boolean {
  const isOwnId = sub === undefined || [client_id, azp, cid].includes(sub);
  return isOwnId || gty === "client-credentials" || idtyp === "app";
}

/** An unverified e-mail is kept, so that the log can say why it is not used. */
function readEmail(payload: Decoded["payload"], path: string): Claimant["email"] {
  const address = path === "none" ? undefined : claimAt(payload, path);
  if (typeof address !== "string" || address === "") return undefined;
  return { address, verified: claimAt(payload, `${path}_verified`) };
}

interface Rule {
  /** Default: the member's name. */
  claim?: string;
  expected: string;
  isPersonal?: true;
  /** Default: `token_invalid`. */
  code?: ProblemCode;
}

const requiredKey = (path: string) => `required ${path}`;
const text = z.string().check(z.minLength(1));
/** RFC 6749, 3.3: only the space separates scopes. */
const scopeNames = z.union([
  z.array(text),
  z.pipe(
    z.string(),
    z.transform((names) => names.split(" ").filter((name) => name !== "")),
  ),
]);

/** Numbers beyond 2^53 have lost digits; leading zeros would make two texts of one id. Some mappers wrap the id in a list. */
const id = z.pipe(
  z.transform((claimed: unknown) => {
    const one = Array.isArray(claimed) && claimed.length === 1 ? claimed[0] : claimed;
    return Number.isSafeInteger(one) ? String(one) : one;
  }),
  z.string().check(z.regex(ID_PATTERN), z.regex(/^(0$|[1-9])/)),
);
/** Providers write an unset attribute as `null`, `""` or `[]`. */
const isUnset = (claimed: unknown) =>
  claimed === undefined ||
  claimed === null ||
  claimed === "" ||
  (Array.isArray(claimed) && claimed.length === 0);

const unset = z.pipe(
  z.unknown().check(z.refine(isUnset)),
  z.transform(() => undefined),
);

/** One schema for all claims. The order of its keys is the order of faults: the first one decides the problem. */
function schemaFor(settings: ClaimSettings, seconds: () => number) {
  const time = (isRight: (time: number) => boolean) => z.number().check(z.refine(isRight));
  const audiences = new Set(settings.AUTH_AUDIENCE);
  const required = settings.AUTH_REQUIRED_CLAIMS.map(
    ([path, value]) =>
      [
        requiredKey(path),
        z.unknown().check(z.refine((claimed) => [claimed].flat().includes(value))),
      ] as const,
  );
  return z.object({
    ...Object.fromEntries(required),
    alg: z.enum(ALGORITHMS),
    kid: text,
    iss: z.literal(settings.AUTH_ISSUER),
    type: z.array(z.literal(settings.AUTH_TOKEN_TYPE)),
    aud: z
      .union([text, z.array(text)])
      .check(z.refine((claimed) => [claimed].flat().some((audience) => audiences.has(audience)))),
    sub: text,
    scopes: z.array(scopeNames),
    iat: z.optional(time((iat) => iat <= seconds() + CLOCK_TOLERANCE_SECONDS)),
    nbf: z.optional(time((nbf) => nbf <= seconds() + CLOCK_TOLERANCE_SECONDS)),
    exp: time((exp) => exp > seconds() - CLOCK_TOLERANCE_SECONDS),
    // Without one, the person's record or e-mail may name it.
    account: z.union([
      id.check(z.refine((accountId) => settings.SERVED_ACCOUNTS.includes(accountId))),
      unset,
    ]),
    extension: z.union([id, unset]),
  });
}

/** The words for a token's type, by the types that they state. `JWT` states none. */
const typeWords: Readonly<Record<string, string | undefined>> = {
  jwt: undefined,
  "at+jwt": "access",
  bearer: "access",
  dpop: "access",
};

/** What a token says of its type: `typ` (RFC 9068; in the payload: Keycloak), `token_use` (Cognito), and claims of one type. */
function statedTypes(header: Decoded["header"], payload: Decoded["payload"]): unknown[] {
  const words = [header.typ, payload.typ, payload.token_use].map((word) => {
    const name = typeof word === "string" ? word.toLowerCase().replace(/^application\//, "") : word;
    return typeof name === "string" && name in typeWords ? typeWords[name] : name;
  });
  const isIdToken = payload.at_hash !== undefined || payload.c_hash !== undefined;
  // OpenID Connect Back-Channel Logout 1.0, 2.4
  const isLogoutToken = payload.events !== undefined;
  return [...words, isIdToken ? "id" : undefined, isLogoutToken ? "logout" : undefined].filter(
    (type) => type !== undefined,
  );
}

/**
 * A claim by its name, or by the dotted path to it. Names may hold dots themselves (`https://example.com/rc.ext`): the
 * longest name that exists counts.
 */
export function claimAt(claims: unknown, path: string): unknown {
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) return undefined;
  const own = new Map(Object.entries(claims));
  if (own.has(path)) return own.get(path);
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const name = path.slice(0, dot);
    if (own.has(name)) return claimAt(own.get(name), path.slice(dot + 1));
  }
  return undefined;
}

/** What is expected of each member of the schema, in words. */
function rulesFor(payload: Decoded["payload"], settings: ClaimSettings): Readonly<Record<string, Rule>> {
  const required = settings.AUTH_REQUIRED_CLAIMS.map(([path, value]) => [
    requiredKey(path),
    { claim: path, expected: value, isPersonal: true },
  ]);
  return {
    ...Object.fromEntries(required),
    alg: { expected: ALGORITHMS.join(", ") },
    kid: { expected: "the id of one of the issuer's keys" },
    iss: { expected: settings.AUTH_ISSUER },
    type: { claim: "typ", expected: settings.AUTH_TOKEN_TYPE },
    aud: {
      claim: payload.aud === undefined ? "aud, client_id" : "aud",
      expected: settings.AUTH_AUDIENCE.join(" or "),
    },
    sub: { claim: "sub, client_id, azp", expected: "text", isPersonal: true },
    scopes: {
      claim: ["scope", "scp", ...settings.AUTH_SCOPE_CLAIMS].join(", "),
      expected: "text or a list of texts",
    },
    iat: { expected: "a time in the past" },
    nbf: { expected: "a time in the past" },
    exp: { expected: "a time in the future", code: "token_expired" },
    account: {
      claim: settings.AUTH_ACCOUNT_CLAIM,
      expected: "the id of an account in SERVED_ACCOUNTS",
      isPersonal: true,
      code: "account_forbidden",
    },
    extension: {
      claim: settings.AUTH_EXTENSION_CLAIM,
      expected: "an extension's id: 1 to 20 digits",
      isPersonal: true,
      code: "extension_forbidden",
    },
  };
}
