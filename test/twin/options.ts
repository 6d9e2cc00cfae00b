import type { Clock } from "./clock.ts";
import { isSignInAs, type OAuthSettings, oauthDefaults, oauthValues } from "./oauth/options.ts";
import {
  type CallHandlingSettings,
  callHandlingDefaults,
  callHandlingValues,
} from "./rest/call-handling/options.ts";
import { type DirectorySettings, directoryDefaults, directoryValues } from "./rest/directory-options.ts";
import {
  areListOddities,
  type PlatformSettings,
  platformDefaults,
  platformValues,
} from "./rest/platform-options.ts";

/** The usage plan groups of the twin's calls. */
export type Group = "Light" | "Medium" | "Heavy" | "Auth";

/** Requests per 60 s; `false` lifts the limit. */
export type GroupLimits = Record<Group, number | false>;

/** Settings that can change at run time. Each decides a question that the documentation leaves open. */
export interface Settings extends CallHandlingSettings, DirectorySettings, PlatformSettings, OAuthSettings {
  /** The largest page size; a larger `perPage` is clamped to it (1000). */
  maxPerPage: number;
  /** `false`: `blocked-number` responds 404 AGW-404 (true). */
  legacyBlockedNumbers: boolean;
  /** The caller-blocking list without `status` ("Blocked"). */
  omittedStatusMeans: "Blocked" | "both";
  /** Whether a forwarding-number PUT resets or keeps omitted fields ("replace"). */
  putForwarding: "merge" | "replace";
  /** The same for caller-blocking numbers and settings ("replace"). */
  putCallerBlocking: "merge" | "replace";
  /** The response to blocking a number that is in the list ("CMN-406"). */
  duplicateBlockedNumber: "CMN-406" | "CMN-101" | "idempotent";
  /** The delay before every call is processed, by the twin's clock (0). */
  latencyMs: number;
  limits: GroupLimits;
}

/** Options of `startTwin`; the settings' defaults are in brackets. */
export interface TwinOptions extends Partial<Omit<Settings, "limits">> {
  /** 0 or absent: a free one. */
  port?: number;
  host?: string;
  /** The number of phone numbers that the seeded account lists (250). */
  numbers?: number;
  /** The backend of the main account: moved from the start, or moving while the twin runs ("legacy"). */
  callHandling?: "legacy" | "new" | "moving";
  /** When a `moving` account moves: after this time by the twin's clock (60000), … */
  moveAfterMs?: number;
  /** … or before that many calls of the API, if sooner. */
  moveBeforeCall?: number;
  /** Where the apps that sign people in may have authorization codes sent (none). */
  redirectUris?: readonly string[];
  /** Determines tokens, ids and the drawing of faults (1). */
  seed?: number;
  clock?: Clock;
  /** Per group; groups left out keep Light 50, Medium 40, Heavy 10, Auth 5. `false` lifts all limits. */
  limits?: Partial<GroupLimits> | false;
}

const defaultLimits: GroupLimits = { Light: 50, Medium: 40, Heavy: 10, Auth: 5 };
const noLimits: GroupLimits = { Light: false, Medium: false, Heavy: false, Auth: false };

/** An option, or a settings patch over HTTP, that is unknown or invalid. */
export class OptionError extends Error {}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;

const settingChecks: Partial<Record<keyof Settings, (value: unknown) => boolean>> = {
  maxPerPage: (value) => isCount(value) && value >= 1,
  limits: (value) => value === false || isLimits(value),
  oddLists: areListOddities,
  signInAs: isSignInAs,
};

/** The words that a setting may be. */
const settingValues: Partial<Record<string, readonly string[]>> = {
  ...callHandlingValues,
  ...directoryValues,
  ...platformValues,
  ...oauthValues,
  omittedStatusMeans: ["Blocked", "both"],
  putForwarding: ["merge", "replace"],
  putCallerBlocking: ["merge", "replace"],
  duplicateBlockedNumber: ["CMN-406", "CMN-101", "idempotent"],
};

const defaultSettings: Settings = {
  ...callHandlingDefaults,
  ...directoryDefaults,
  ...platformDefaults,
  ...oauthDefaults,
  maxPerPage: 1000,
  legacyBlockedNumbers: true,
  omittedStatusMeans: "Blocked",
  putForwarding: "replace",
  putCallerBlocking: "replace",
  duplicateBlockedNumber: "CMN-406",
  latencyMs: 0,
  limits: defaultLimits,
};

/** The names of all settings. */
export const settingNames: readonly string[] = Object.keys(defaultSettings);

/** The values of a setting as text, the default first. */
export function describeValues(name: string): string {
  const standard: unknown = Object.entries(defaultSettings).find(([known]) => known === name)?.[1];
  const words =
    settingValues[name] ??
    (typeof standard === "boolean" ? ["true", "false"] : [typeof standard === "string" ? "…" : "N"]);
  return `${words.join(" | ")} (${standard})`;
}

/** Whether a setting may have a value: one of its words, or any boolean or count where its default is one. */
function isAllowed(name: string, value: unknown): boolean {
  const [, check] = Object.entries(settingChecks).find(([known]) => known === name) ?? [];
  if (check !== undefined) return check(value);
  const words = settingValues[name];
  if (words !== undefined) return words.some((word) => word === value);
  const standard = Object.entries(defaultSettings).find(([known]) => known === name)?.[1];
  return typeof standard === "boolean" ? typeof value === "boolean" : isCount(value);
}

function isLimits(value: unknown): value is Partial<GroupLimits> {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(
    ([group, limit]) => Object.hasOwn(defaultLimits, group) && (limit === false || isCount(limit)),
  );
}

/** @throws OptionError naming the first key that is unknown or has an invalid value */
export function checkSettings(
  patch: object,
): asserts patch is Partial<Omit<Settings, "limits">> & Pick<TwinOptions, "limits"> {
  for (const [name, value] of Object.entries(patch)) {
    if (!settingNames.includes(name)) throw new OptionError(`unknown option: ${name}`);
    if (!isAllowed(name, value)) throw new OptionError(`option ${name} cannot be ${JSON.stringify(value)}`);
  }
}

/** The initial settings: the defaults, overridden by the given ones. */
export function initialSettings(options: Partial<TwinOptions>): Settings {
  const settings = { ...defaultSettings };
  changeSettings(settings, options);
  return settings;
}

/** Applies a checked patch to running settings. */
export function changeSettings(settings: Settings, patch: object): void {
  checkSettings(patch);
  const { limits, ...others } = patch;
  Object.assign(settings, others);
  if (limits === false) settings.limits = { ...noLimits };
  else if (limits !== undefined) settings.limits = { ...settings.limits, ...limits };
}
