import * as z from "zod/mini";

/** A setting is missing or malformed. Names the setting; never carries its value. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError";
  readonly setting: string;
  constructor(setting: string, problem: string) {
    super(`${setting} ${problem}`);
    this.setting = setting;
  }
}

const csv = z.pipe(
  z.string(),
  z.transform((text): string[] => [...new Set(text.match(/[^,\s]+/g))]),
);
const accountId = z.string().check(z.regex(/^[0-9]{1,20}$/));
const text = z.string().check(z.minLength(1));
const claimAndValue = z.pipe(
  z.string().check(z.regex(/^[^=]+=[^=]+$/)),
  z.transform((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const),
);
const httpUrl = z.url({ protocol: /^https?$/ });
/** Templates use an empty value for an absent one. */
const optional = <Value extends z.ZodMiniType<string>>(value: Value) =>
  z.pipe(
    z.optional(z.union([z.literal(""), value])),
    z.transform((given) => given || undefined),
  );

const environment = z.object({
  /** The secret of a service for one account. */
  RINGCENTRAL_SECRET_ID: optional(text),
  /** In a service for many accounts, prefix + account id names the secret of each. */
  RINGCENTRAL_SECRET_PREFIX: optional(text),
  /** The secret with the key of the pseudonyms of people. */
  PSEUDONYM_SECRET_ID: text,
  /** The company's identity provider. Absent: only tokens of SIGN_IN_ISSUER are accepted. */
  AUTH_ISSUER: optional(httpUrl),
  /** Comma-separated: a token is for one of them. For a token without `aud` they are compared with its `client_id`. */
  AUTH_AUDIENCE: z._default(csv, []),
  /** The API's public address, as issuer of the tokens of people who sign in with RingCentral. Absent: nobody can. */
  SIGN_IN_ISSUER: optional(httpUrl.check(z.regex(/^https?:\/\/[^/?#@\s]+$/))),
  AUTH_TOKEN_TYPE: z._default(z.enum(["access", "id"]), "access"),
  /** The claims with RingCentral's ids: names, or dotted paths. `none` as account claim: every token is of the one account. */
  AUTH_EXTENSION_CLAIM: z._default(text, "rc_extension_id"),
  AUTH_ACCOUNT_CLAIM: z._default(text, "rc_account_id"),
  /** The claim with the caller's e-mail; `_verified` after its name is the claim that says it is. `none`: it is not read. */
  AUTH_EMAIL_CLAIM: z._default(text, "email"),
  /** Comma-separated claims with scopes, besides `scope` and `scp`. */
  AUTH_SCOPE_CLAIMS: z._default(csv, []),
  /** Only names that begin with it are scopes; the rest of the name is the scope. */
  AUTH_SCOPE_PREFIX: z._default(z.string(), ""),
  /** Comma-separated scopes that every caller has. */
  AUTH_GRANTED_SCOPES: z._default(csv, []),
  /** Comma-separated `claim=value`: a token has all of them. */
  AUTH_REQUIRED_CLAIMS: z._default(z.pipe(csv, z.array(claimAndValue)), []),
  /** The sign-in server's secret: signing keys, cookie keys and clients. Only its function has it. */
  SIGN_IN_SECRET_ID: optional(text),
  /** The secret with the keys that seal the RingCentral sessions of people who signed in. */
  SESSION_SECRET_ID: optional(text),
  /** RingCentral's limit of token calls for one app, where it is not the usual one. Absent: 5, and what RingCentral states. */
  TOKEN_CALLS_PER_MINUTE: z.pipe(
    optional(z.string().check(z.regex(/^[1-9][0-9]{0,2}$/))),
    z.transform((calls) => (calls === undefined ? undefined : Number(calls))),
  ),
  /** Comma-separated ids of the extensions whose people may sign in with the scopes of administrators. */
  SIGN_IN_ADMINISTRATORS: z._default(z.pipe(csv, z.array(accountId)), []),
  /** Comma-separated ids of the accounts that are served. Callers of any other account are rejected. */
  SERVED_ACCOUNTS: z.pipe(csv, z.array(accountId).check(z.minLength(1))),
  TABLE_NAME: z.string().check(z.minLength(3)),
  /** The most instances that call RingCentral for one account. It bounds what they call without the table. */
  FLEET_SIZE: z._default(z.pipe(z.string().check(z.regex(/^[1-9][0-9]{0,5}$/)), z.transform(Number)), 100),
  /** Comma-separated origins, or `*`. Empty: no cross-origin caller. */
  CORS_ALLOWED_ORIGINS: z._default(csv, []),
  /** Comma-separated ids of accounts that the schedule syncs, besides those in the table. */
  SYNC_ACCOUNTS: z._default(z.pipe(csv, z.array(accountId)), []),
  /** The sync queue; only the functions that send to it need it. */
  SYNC_QUEUE_URL: optional(text),
  /** The EventBridge bus for changes. Absent: changes are not published. */
  EVENT_BUS_NAME: optional(text),
  /** The address for RingCentral's notifications. Absent: no subscription is created. */
  WEBHOOK_URL: optional(httpUrl),
  /** The log group of the audit. Absent, or `none`: audit entries are in the functions' log only. */
  AUDIT_LOG_GROUP: z.pipe(
    optional(text),
    z.transform((group) => (group === "none" ? undefined : group)),
  ),
  /** The URL of the error catalogue; each problem's `type` is this plus `#code`. */
  PROBLEM_TYPE_BASE: z._default(z.string(), "/docs/errors"),
});

/** The settings by their environment variables. */
export type Settings = z.output<typeof environment>;

/**
 * Reads and checks the settings once per process.
 * @throws ConfigurationError naming the first setting that is missing or malformed
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const setting = String(issue?.path[0] ?? "environment");
    throw new ConfigurationError(setting, !env[setting] ? "is not set" : "is malformed");
  }
  checkIssuers(parsed.data);
  const { RINGCENTRAL_SECRET_ID, RINGCENTRAL_SECRET_PREFIX, SERVED_ACCOUNTS, SYNC_ACCOUNTS } = parsed.data;
  if (RINGCENTRAL_SECRET_ID === undefined && RINGCENTRAL_SECRET_PREFIX === undefined) {
    throw new ConfigurationError("RINGCENTRAL_SECRET_ID", "is not set (nor is RINGCENTRAL_SECRET_PREFIX)");
  }
  const usesSingleAccount = RINGCENTRAL_SECRET_ID !== undefined || parsed.data.AUTH_ACCOUNT_CLAIM === "none";
  if (usesSingleAccount && SERVED_ACCOUNTS.length > 1) {
    const why = "names several accounts, which needs RINGCENTRAL_SECRET_PREFIX and an AUTH_ACCOUNT_CLAIM";
    throw new ConfigurationError("SERVED_ACCOUNTS", why);
  }
  if (SYNC_ACCOUNTS.some((account) => !SERVED_ACCOUNTS.includes(account))) {
    throw new ConfigurationError("SYNC_ACCOUNTS", "names an account that SERVED_ACCOUNTS does not");
  }
  return parsed.data;
}

function checkIssuers({ AUTH_ISSUER, AUTH_AUDIENCE, SIGN_IN_ISSUER }: Settings): void {
  if (AUTH_ISSUER !== undefined && AUTH_AUDIENCE.length === 0) {
    throw new ConfigurationError("AUTH_AUDIENCE", "is not set");
  }
  if (AUTH_ISSUER !== undefined && AUTH_ISSUER === SIGN_IN_ISSUER) {
    throw new ConfigurationError("SIGN_IN_ISSUER", "names the same issuer as AUTH_ISSUER");
  }
}
