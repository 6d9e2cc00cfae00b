import { invalidParameter, missingParameter } from "./errors.ts";
import { type JsonObject, stringField } from "./json-body.ts";

/** @returns the number in E.164, or undefined when it is not a number */
function toE164(text: string): string | undefined {
  const compact = text.replace(/[\s().-]/g, "");
  if (/^\+1[2-9]\d{9}$/.test(compact)) return compact;
  if (/^\+[2-9]\d{6,14}$/.test(compact)) return compact;
  // The twin's accounts are in the US: national numbers are read as US numbers.
  if (/^1?[2-9]\d{9}$/.test(compact)) return `+1${compact.slice(-10)}`;
  return undefined;
}

/** @returns whether a number lies outside the accounts' country */
export function isInternational(e164: string): boolean {
  return !e164.startsWith("+1");
}

/**
 * @param mayBeCode the portal blocks short codes and area codes, so the lists of blocked numbers take them [unsure]
 * @throws Rejection CMN-101 when the field holds no phone number
 */
export function phoneNumberField(body: JsonObject, mayBeCode = false): string | undefined {
  const text = stringField(body, "phoneNumber");
  if (text === undefined) return undefined;
  const number = mayBeCode && /^\d{3,6}$/.test(text) ? text : toE164(text);
  if (number === undefined) throw invalidParameter("phoneNumber", text);
  return number;
}

/** @throws Rejection CMN-100 when the field is missing, CMN-101 when it holds no phone number */
export function requiredPhoneNumber(body: JsonObject): string {
  const number = phoneNumberField(body, true);
  if (number === undefined) throw missingParameter("phoneNumber");
  return number;
}
