import type { ForwardingEntry } from "../data/world.ts";
import type { ExtensionCall } from "./call.ts";
import { idMismatch, invalidParameter, missingParameter } from "./errors.ts";
import {
  allTypes,
  checkCustomLimit,
  checkDraft,
  checkFlipDigit,
  choosableTypes,
  effectiveLabel,
  type ForwardingDraft,
} from "./forwarding-rules.ts";
import { enumField, type JsonObject, labelField, removesLabel, stringField } from "./json-body.ts";
import { phoneNumberField } from "./phone-number-format.ts";

/**
 * The entry after a PUT, checked but not stored. Omitted fields are reset, or kept when the twin is set to merge:
 * the guides state both [docs: URIS, FWD].
 * @throws Rejection for a body that breaks a rule
 */
export function updatedEntry(call: ExtensionCall, entry: ForwardingEntry, body: JsonObject): ForwardingEntry {
  const bodyId = stringField(body, "id");
  if (bodyId !== undefined && bodyId !== entry.id) throw idMismatch("id");
  const replaces = call.settings.putForwarding === "replace";
  const flipNumber = readFlipNumber(body) ?? (replaces ? undefined : entry.flipNumber);
  const target = isBound(entry) ? readBound(entry, body) : readExternal(entry, body, replaces);
  const draft: ForwardingDraft = { ...target, ...(flipNumber !== undefined && { flipNumber }) };
  const others = call.extension.forwarding.filter((each) => each.id !== entry.id);
  checkCustomLimit(draft, others);
  checkDraft(call, draft, others);
  const { id, features, device, extension } = entry;
  return { id, features, ...draft, ...(device && { device }), ...(extension && { extension }) };
}

/** A string here [spec]; a number is rejected. */
function readFlipNumber(body: JsonObject): string | undefined {
  const value = body.flipNumber ?? undefined;
  return value === undefined ? undefined : checkFlipDigit(value, typeof value === "string");
}

/** Tied to a device or to the apps: which attributes may change depends on the type [docs: CHG 1_0_36]. */
const isBound = ({ type }: ForwardingEntry) => type === "PhoneLine" || type === "ExtensionApps";

/** Repeating the current values is allowed, changing them is not; the label is the device's and is ignored. */
function readBound(entry: ForwardingEntry, body: JsonObject): ForwardingDraft {
  const { type, label, phoneNumber } = entry;
  const askedType = enumField(body, "type", allTypes) ?? type;
  if (askedType !== type) throw invalidParameter("type", askedType);
  const askedNumber = phoneNumberField(body) ?? phoneNumber;
  if (askedNumber !== phoneNumber) throw invalidParameter("phoneNumber", askedNumber);
  labelField(body);
  return { type, ...(label !== undefined && { label }), ...(phoneNumber !== undefined && { phoneNumber }) };
}

function readExternal(entry: ForwardingEntry, body: JsonObject, replaces: boolean): ForwardingDraft {
  const type = readType(entry, body) ?? (replaces ? "Other" : entry.type);
  if (type === "PhoneLine") throw invalidParameter("type", type);
  const phoneNumber = phoneNumberField(body) ?? (replaces ? undefined : entry.phoneNumber);
  // A number cannot be reset to an empty value.
  if (phoneNumber === undefined) throw missingParameter("phoneNumber");
  const kept = replaces || entry.type !== "Other" || removesLabel(body) ? undefined : entry.label;
  const label = effectiveLabel(type, labelField(body) ?? kept);
  return { type, phoneNumber, ...(label !== undefined && { label }) };
}

/** A type that clients may not choose, such as `BusinessMobilePhone`, may still be repeated. */
function readType(entry: ForwardingEntry, body: JsonObject): string | undefined {
  return body.type === entry.type ? entry.type : enumField(body, "type", choosableTypes);
}
