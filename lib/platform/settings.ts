import * as z from "zod/mini";

/** A setting is missing or malformed. Names the setting; never carries its value. */
export class ConfigurationError extends Error {
  readonly setting: string;
  constructor(setting: string, problem: string) {
    super(`${setting} ${problem}`);
    this.name = "ConfigurationError";
    this.setting = setting;
  }
}

const csv = z.pipe(
  z.string(),
  z.transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  ),
);

/** Templates use an empty value for an absent one. */
const optionalText = z.optional(z.string());

const environment = z.object({
  /** The secret of a service for one account. */
  RINGCENTRAL_SECRET_ID: z.optional(z.string().check(z.minLength(1))),
  /** In a service for many accounts, prefix + account id names the secret of each. */
  RINGCENTRAL_SECRET_PREFIX: z.optional(z.string().check(z.minLength(1))),
  AUTH_ISSUER: z.url({ protocol: /^https?$/ }),
  AUTH_AUDIENCE: z.string().check(z.minLength(1)),
  AUTH_EXTENSION_CLAIM: z._default(z.string().check(z.minLength(1)), "rc_extension_id"),
  AUTH_ACCOUNT_CLAIM: z._default(z.string().check(z.minLength(1)), "rc_account_id"),
  TABLE_NAME: z.string().check(z.minLength(3)),
  /** Comma-separated origins, or `*`. Empty: no cross-origin caller. */
  CORS_ALLOWED_ORIGINS: z._default(csv, []),
  /** Comma-separated ids of the accounts that the schedule syncs. */
  SYNC_ACCOUNTS: z._default(csv, []),
  /** The sync queue; only the functions that send to it need it. */
  SYNC_QUEUE_URL: optionalText,
  /** The EventBridge bus for changes. Absent: changes are not published. */
  EVENT_BUS_NAME: optionalText,
  /** The address for RingCentral's notifications. Absent: no subscription is created. */
  WEBHOOK_URL: z.optional(z.union([z.literal(""), z.url({ protocol: /^https?$/ })])),
  /** The URL of the error catalogue; each problem's `type` is this plus `#code`. */
  PROBLEM_TYPE_BASE: z._default(z.string(), "/docs/errors"),
});

export interface Settings {
  secretId?: string;
  secretPrefix?: string;
  authIssuer: string;
  authAudience: string;
  extensionClaim: string;
  accountClaim: string;
  tableName: string;
  corsAllowedOrigins: string[];
  problemTypeBase: string;
  syncAccounts: string[];
  syncQueueUrl?: string;
  eventBusName?: string;
  webhookUrl?: string;
}

/**
 * Reads and checks the settings once per process.
 * @throws ConfigurationError naming the first setting that is missing or malformed
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const setting = String(issue?.path[0] ?? "environment");
    throw new ConfigurationError(setting, env[setting] === undefined ? "is not set" : "is malformed");
  }
  const e = parsed.data;
  if (e.RINGCENTRAL_SECRET_ID === undefined && e.RINGCENTRAL_SECRET_PREFIX === undefined) {
    throw new ConfigurationError("RINGCENTRAL_SECRET_ID", "is not set (nor is RINGCENTRAL_SECRET_PREFIX)");
  }
  return {
    ...(e.RINGCENTRAL_SECRET_ID !== undefined && { secretId: e.RINGCENTRAL_SECRET_ID }),
    ...(e.RINGCENTRAL_SECRET_PREFIX !== undefined && { secretPrefix: e.RINGCENTRAL_SECRET_PREFIX }),
    authIssuer: e.AUTH_ISSUER,
    authAudience: e.AUTH_AUDIENCE,
    extensionClaim: e.AUTH_EXTENSION_CLAIM,
    accountClaim: e.AUTH_ACCOUNT_CLAIM,
    tableName: e.TABLE_NAME,
    corsAllowedOrigins: e.CORS_ALLOWED_ORIGINS,
    problemTypeBase: e.PROBLEM_TYPE_BASE,
    syncAccounts: accountIds(e.SYNC_ACCOUNTS),
    ...(e.SYNC_QUEUE_URL && { syncQueueUrl: e.SYNC_QUEUE_URL }),
    ...(e.EVENT_BUS_NAME && { eventBusName: e.EVENT_BUS_NAME }),
    ...(e.WEBHOOK_URL && { webhookUrl: e.WEBHOOK_URL }),
  };
}

function accountIds(list: readonly string[]): string[] {
  if (list.some((id) => !/^[0-9]{1,20}$/.test(id)))
    throw new ConfigurationError("SYNC_ACCOUNTS", "is malformed");
  return [...new Set(list)];
}
