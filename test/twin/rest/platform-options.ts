import { listOddities } from "./odd-lists.ts";

/** Settings of the platform as it really responds: its maintenance, its locks, its ids and its odd lists. */
export interface PlatformSettings {
  /** Calls that are not highly available get 503 CMN-211; the others work (false). */
  limitedMode: boolean;
  /** The seconds in the Retry-After of that 503; 0: no such header (12). */
  limitedModeRetryAfter: number;
  /** Another operation holds the account: the status of every edit meanwhile ("off"). */
  accountLock: "off" | "409" | "423" | "400";
  /** Ids of caller-blocking entries: decimal, or the digits of the number as base64url ("opaque"). */
  entryIds: "decimal" | "opaque";
  /** The response to a path that is not routed ("AGW-404"). */
  unroutedAs: "AGW-404" | "CMN-120" | "empty-404" | "html-404" | "405" | "410" | "501";
  /** `perPage=0` ("CMN-101"). */
  perPageZero: "CMN-101" | "empty";
  /** Oddities of lists, each of all lists or, as `operation:oddity`, of one (none). */
  oddLists: readonly string[];
  /** Calls a minute of all users of an account in an app, on top of their own; 0: none (0). */
  accountLimit: number;
  /** The response to a bulk call: the media type asked for, always multipart, or parts without bodies ("as-asked"). */
  bulkResponse: "as-asked" | "multipart" | "no-bodies";
}

export const platformDefaults: PlatformSettings = {
  limitedMode: false,
  limitedModeRetryAfter: 12,
  accountLock: "off",
  entryIds: "opaque",
  unroutedAs: "AGW-404",
  perPageZero: "CMN-101",
  oddLists: [],
  accountLimit: 0,
  bulkResponse: "as-asked",
};

/** The values of the settings that are words. */
export const platformValues = {
  accountLock: ["off", "409", "423", "400"],
  entryIds: ["decimal", "opaque"],
  unroutedAs: ["AGW-404", "CMN-120", "empty-404", "html-404", "405", "410", "501"],
  perPageZero: ["CMN-101", "empty"],
  bulkResponse: ["as-asked", "multipart", "no-bodies"],
} as const;

/** @returns whether a value names oddities of lists */
export function areListOddities(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (each: unknown) => typeof each === "string" && listOddities.includes(each.replace(/^\w+:/, "")),
    )
  );
}
