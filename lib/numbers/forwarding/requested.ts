import type { ForwardingNumber, NewForwardingNumber } from "../../contract/forwarding-numbers.ts";
import { type FieldError, ProblemError } from "../../contract/problems.ts";
import { contentTag } from "../../platform/content-tag.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { type CountryInQuery, isSameLabel, isSameNumber, withE164 } from "../shared/phone-number-input.ts";

// What both backends demand of a request, so that a caller gets the same response from each.

/** The rule that a new number rings in. Legacy call handling has no other that this API can name. */
export const DEFAULT_RULE = "work-hours";

/** The number that a request adds, in E.164. @throws ProblemError `request_invalid` */
export function newNumber({
  body,
  query,
}: CountryInQuery & { body: NewForwardingNumber }): NewForwardingNumber {
  requireTarget(body);
  return withE164(body, query.country);
}

/** A PhoneLine is a device; every other type is an external number [docs: FWD]. @throws ProblemError `request_invalid` */
function requireTarget({ type, phoneNumber, deviceId }: NewForwardingNumber): void {
  const errors: FieldError[] = [];
  const fault = (field: string, code: string, detail: string) =>
    errors.push({ in: "body", field, code, detail });
  if (type === "PhoneLine") {
    if (deviceId === undefined) fault("deviceId", "required", "Type PhoneLine needs a device.");
    if (phoneNumber !== undefined) fault("phoneNumber", "conflict", "Type PhoneLine takes no number.");
  } else {
    if (phoneNumber === undefined) fault("phoneNumber", "required", "A number is required.");
    if (deviceId !== undefined) fault("deviceId", "conflict", "Only type PhoneLine takes a device.");
  }
  if (errors.length > 0) throw new ProblemError("request_invalid", { errors });
}

type Shown = Omit<ForwardingNumber, "id">;

/** The types of entries that RingCentral makes itself. */
export const systemTypes: readonly string[] = ["PhoneLine", "BusinessMobilePhone", "ExtensionApps"];

/** Whether an entry is the requested line or has the requested number. The new call handling holds each once. */
export function isSameTarget(shown: Shown, { deviceId, phoneNumber = "" }: NewForwardingNumber): boolean {
  if (deviceId !== undefined) return shown.deviceId === deviceId;
  return !systemTypes.includes(shown.type) && isSameNumber(shown.phoneNumber ?? "", phoneNumber);
}

/**
 * Whether an entry is the requested one, in the fields of the request. The same number with another label is another
 * caller's. RingCentral keeps a label for type Other only, and a desk phone's is the device's name [docs: FWD].
 */
export function isAsAsked(shown: Shown, asked: NewForwardingNumber): boolean {
  const { deviceId, type = "Other", label, flipNumber } = asked;
  if (!isSameTarget(shown, asked)) return false;
  if (flipNumber !== undefined && shown.flipNumber !== flipNumber) return false;
  if (deviceId !== undefined) return true;
  // The new call handling has the type in the label alone.
  if (shown.type !== type && (type !== "Other" || shown.type !== label)) return false;
  return type !== "Other" || isSameLabel(shown.label, label);
}

export function alreadyListed(shown: ForwardingNumber): ProblemError {
  const { id, phoneNumber, label, type } = shown;
  const entry = { ...omitUndefined({ id, phoneNumber, label, type }), etag: contentTag(shown) };
  const detail = "The number is among the forwarding numbers already, as `entry` shows.";
  return new ProblemError("number_already_listed", { detail, entry });
}

/** @param rules those of them that the extension does not have */
export function noSuchRule(rules: readonly string[]): ProblemError {
  const detail = `The extension has no such rule in which numbers ring: ${rules.join(", ")}.`;
  return invalidRules(detail);
}

/**
 * Legacy call handling decides itself where a new number rings, and has no call that changes it here.
 * @throws ProblemError `request_invalid` for any other rules than the usual one
 */
export function requireUsualRules(rules: readonly string[] | undefined): void {
  if (rules === undefined) return;
  const others = rules.filter((rule) => rule !== DEFAULT_RULE);
  if (others.length > 0) throw noSuchRule(others);
  if (rules.length === 0) throw invalidRules(`The extension's numbers ring in ${DEFAULT_RULE}.`);
}

function invalidRules(detail: string): ProblemError {
  const errors = [{ in: "body" as const, field: "rules", code: "not_one_of", detail }];
  return new ProblemError("request_invalid", { detail, errors });
}
