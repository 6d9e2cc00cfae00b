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
const httpUrl = z.url({ protocol: /^https?$/ });
/** Templates use an empty value for an absent one. */
const optional = <Value extends z.ZodMiniType<string>>(value: Value) =>
  z.pipe(
    z.optional(z.union([z.literal(""), value])),
    z.transform((given) => given || undefined),
  );

const environment = z.object({
  /** The secret of a service for one account. */
  RINGCENTRAL_SECRET_ID: z.optional(text),
  /** In a service for many accounts, prefix + account id names the secret of each. */
  RINGCENTRAL_SECRET_PREFIX: z.optional(text),
  AUTH_ISSUER: httpUrl,
  AUTH_AUDIENCE: text,
  AUTH_EXTENSION_CLAIM: z._default(text, "rc_extension_id"),
  AUTH_ACCOUNT_CLAIM: z._default(text, "rc_account_id"),
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
    throw new ConfigurationError(setting, env[setting] === undefined ? "is not set" : "is malformed");
  }
  const { RINGCENTRAL_SECRET_ID, RINGCENTRAL_SECRET_PREFIX } = parsed.data;
  if (RINGCENTRAL_SECRET_ID === undefined && RINGCENTRAL_SECRET_PREFIX === undefined) {
    throw new ConfigurationError("RINGCENTRAL_SECRET_ID", "is not set (nor is RINGCENTRAL_SECRET_PREFIX)");
  }
  return parsed.data;
}
