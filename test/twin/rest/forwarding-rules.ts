import type { ForwardingEntry } from "../data/world.ts";
import type { ExtensionCall } from "./call.ts";
import { invalidParameter, restError } from "./errors.ts";
import { isInternational } from "./phone-number-format.ts";

const maxNumbers = 10;
const maxCustomLabels = 7;

/** The types a client may create or choose; `ExtensionApps` and `BusinessMobilePhone` are the platform's own [unsure]. */
export const choosableTypes = ["Home", "Mobile", "Work", "PhoneLine", "Outage", "Other"] as const;
export const allTypes = [...choosableTypes, "BusinessMobilePhone", "ExtensionApps"] as const;

/** The entry that a write asks for, checked before anything changes. */
export interface ForwardingDraft {
  type: string;
  phoneNumber?: string;
  label?: string;
  flipNumber?: string;
  deviceId?: string;
}

const isCustom = ({ type, label }: { type: string; label?: string }) =>
  type === "Other" && label !== undefined;

/**
 * Checks a draft against the other numbers of its extension.
 * @param others every other forwarding number of the extension
 * @throws Rejection with one of the FPN codes
 */
export function checkDraft(call: ExtensionCall, draft: ForwardingDraft, others: ForwardingEntry[]): void {
  const { phoneNumber, label, flipNumber } = draft;
  // A second Home or Work number differs only by its label, so it is rejected like a custom one [old reference].
  if (label !== undefined && others.some((other) => other.label === label)) {
    const message = `Label of number ${label} duplicates with existing forwarding number label`;
    throw restError(400, "FPN-102", message);
  }
  if (phoneNumber !== undefined && draft.type !== "PhoneLine") checkNumber(call, phoneNumber);
  if (flipNumber !== undefined && others.some((other) => other.flipNumber === flipNumber)) {
    throw restError(400, "FPN-106", `Flip number ${flipNumber} is already in use`);
  }
}

/** @throws Rejection for a number of the account, or of another country without the right to call it */
export function checkNumber(call: ExtensionCall, phoneNumber: string): void {
  if (call.account.numbers.some((number) => number.phoneNumber === phoneNumber)) {
    const message = `Number ${phoneNumber} duplicates with company/extension direct number`;
    throw restError(400, "FPN-105", message);
  }
  if (isInternational(phoneNumber) && !call.extension.internationalCalling) {
    throw restError(400, "FPN-108", "International calling is currently disabled");
  }
}

/** @throws Rejection FPN-103 or FPN-104 when the limit is reached */
export function checkLimits(draft: ForwardingDraft, others: ForwardingEntry[]): void {
  if (others.length >= maxNumbers) {
    throw restError(400, "FPN-103", `Limit of available forwarding numbers (${maxNumbers}) exceeded`);
  }
  checkCustomLimit(draft, others);
}

/** @throws Rejection FPN-104 */
export function checkCustomLimit(draft: ForwardingDraft, others: ForwardingEntry[]): void {
  if (isCustom(draft) && others.filter(isCustom).length >= maxCustomLabels) {
    const message = `Limit of available custom labeled forwarding numbers (${maxCustomLabels}) exceeded`;
    throw restError(400, "FPN-104", message);
  }
}

/** A label counts for type Other only; every other type is its own label [docs: FWD]. */
export function effectiveLabel(type: string, label: string | undefined): string | undefined {
  return type === "Other" ? label : type;
}

/** Digits of call flip: 1 to 8 in v2, assumed for v1 [unsure]. */
export function checkFlipDigit(value: unknown, isDigit: boolean): string {
  const text = String(value);
  if (!isDigit || !/^[1-8]$/.test(text)) throw invalidParameter("flipNumber", text);
  return text;
}
