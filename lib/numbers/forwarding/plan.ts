import type { ForwardingNumberUpdate, NewForwardingNumber } from "../../contract/forwarding-numbers.ts";
import { ProblemError } from "../../contract/problems.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { changed } from "../shared/write-resource.ts";
import { MAX_FLIPS } from "./edit-flips.ts";
import { canRing } from "./edit-rules.ts";
import { type ForwardingState, type Item, isNamedType, labelFor } from "./items.ts";
import type { NewNumbers } from "./new-numbers.ts";
import { textIn } from "./raw.ts";
import { alreadyListed, DEFAULT_RULE, isAsAsked, noSuchRule, systemTypes } from "./requested.ts";
import { appsKey, deviceKey, forDeletion, isSystemRow, numberKey } from "./targets.ts";
import type { Change } from "./writer.ts";

// Changes planned on what is there now. Rules that legacy call handling checks are checked here, because the new
// one's codes for them are not published [unsure]; all others are RingCentral's to check.

/** Adds a number, or completes one that is there as asked. */
export function planAddition(
  numbers: NewNumbers,
  state: ForwardingState,
  asked: NewForwardingNumber,
): Change | undefined {
  const { type = "Other", phoneNumber, deviceId, flipNumber, rules } = asked;
  if (deviceId !== undefined) return planDevice(numbers, state, deviceId, rules);
  if (phoneNumber === undefined) return undefined;
  if (systemTypes.includes(type)) throw notAccepted("type");
  const label = labelFor(type, asked.label);
  const digit = flipNumber?.toString();
  const existing = numbers.byNumber(phoneNumber);
  const [key = numberKey(phoneNumber)] = existing?.keys ?? [];
  if (existing !== undefined && !isAsAsked(existing.number, asked))
    throw alreadyListed(numbers.show(existing));
  if (existing?.flip === undefined && state.flips.length >= MAX_FLIPS)
    throw new ProblemError("forwarding_limit_reached");
  requireFree(numbers, state, existing, label, flipNumber);
  requireLabelLeft(numbers, existing, label);
  const wanted = rules ?? ringingRules(existing) ?? [DEFAULT_RULE];
  requireRules(state, wanted);
  const row = {
    phoneNumber,
    ...omitUndefined({ label: label ?? existing?.number.label, flipNumber: digit ?? rowDigit(existing) }),
  };
  const number = { phoneNumber, ...omitUndefined({ name: row.label }) };
  return { first: "flips", flip: { key, row }, ring: { key, number, rules: wanted } };
}

/** A line of the extension rings in rules; its flip row is RingCentral's. */
function planDevice(
  numbers: NewNumbers,
  state: ForwardingState,
  deviceId: string,
  rules: readonly string[] | undefined,
): Change {
  const key = deviceKey(deviceId);
  const wanted = rules ?? ringingRules(numbers.byKey(key)) ?? [DEFAULT_RULE];
  requireRules(state, wanted);
  if (wanted.length === 0) throw notKept();
  const target = { type: "DeviceRingTarget", device: { id: deviceId } };
  return { first: "flips", ring: { key, rules: wanted, target } };
}

/** Changes an entry. What RingCentral keeps for itself can only be repeated, as in legacy call handling. */
export function planUpdate(
  numbers: NewNumbers,
  state: ForwardingState,
  item: Item,
  change: ForwardingNumberUpdate,
): Change {
  const { rules } = change;
  if (rules !== undefined) requireRules(state, rules);
  if (!isOutside(item)) return planFixed(numbers, state, item, change);
  const { number: current } = item;
  const [key = ""] = item.keys;
  const type = change.type ?? current.type;
  const label = labelFor(
    type,
    changed(change.label, labelFor(current.type, undefined) ? undefined : current.label),
  );
  const phoneNumber = change.phoneNumber ?? current.phoneNumber ?? "";
  if (type !== current.type && systemTypes.includes(type)) throw notAccepted("type");
  const other = numbers.byNumber(phoneNumber);
  if (other !== undefined && other !== item) throw alreadyListed(numbers.show(other));
  requireFree(
    numbers,
    state,
    item,
    label === current.label ? undefined : label,
    change.flipNumber ?? undefined,
  );
  requireLabelLeft(numbers, item, label);
  // A number that neither rings nor flips cannot exist.
  const hasRow = item.flip !== undefined || typeof change.flipNumber === "number" || rules?.length === 0;
  if (item.flip === undefined && hasRow && state.flips.length >= MAX_FLIPS)
    throw new ProblemError("forwarding_limit_reached");
  const row = { phoneNumber, ...omitUndefined({ label, flipNumber: changedDigit(item, change) }) };
  const number = { phoneNumber, ...omitUndefined({ name: label }) };
  return {
    first: "flips",
    ...(hasRow && { flip: { key, row, onlyIfPresent: item.flip !== undefined } }),
    ring: { key, number, rules: rules ?? "unchanged" },
  };
}

function planFixed(
  numbers: NewNumbers,
  state: ForwardingState,
  item: Item,
  change: ForwardingNumberUpdate,
): Change {
  const { number, flip, target } = item;
  const { type = number.type, phoneNumber = number.phoneNumber, flipNumber, rules } = change;
  if (type !== number.type) throw notAccepted("type");
  if (phoneNumber !== number.phoneNumber) throw notAccepted("phoneNumber");
  const key = ringKey(item);
  // Apps are two targets, which ring one by one.
  const cannotRing = rules !== undefined && (target === undefined || key.startsWith("apps:"));
  if ((typeof flipNumber === "number" && flip === undefined) || cannotRing) throw inexpressible();
  if (rules?.length === 0) throw notKept();
  requireFree(numbers, state, item, undefined, flipNumber ?? undefined);
  const row = {
    phoneNumber: phoneNumber ?? "",
    ...omitUndefined({ flipNumber: changedDigit(item, change) }),
  };
  return {
    first: "flips",
    ...(flip && { flip: { key: item.keys[0] ?? "", row, onlyIfPresent: true } }),
    ...(rules && target && { ring: { key, rules, target } }),
  };
}

/**
 * Removes an entry from both places. RingCentral's own entries stop ringing, and then are no forwarding numbers any
 * more: own apps stay in the rules, disabled, and flip rows of lines stay.
 */
export function planRemoval(item: Item, extensionId: string): Change {
  const { flip, target } = item;
  const key = ringKey(item);
  if (key === appsKey(extensionId)) return { first: "rules", ring: { key, rules: [], staysDisabled: true } };
  const deletion = target && forDeletion(target, extensionId);
  const isLine = key.startsWith("device:") || key.startsWith("mobile:");
  if (target !== undefined && deletion === undefined && !isLine) throw inexpressible();
  return {
    first: "rules",
    ...(flip && !isSystemRow(flip) && { flip: { key: item.keys[0] ?? "" } }),
    ring: { key, rules: [] },
    ...(deletion && { deletion }),
  };
}

/** The key by which an entry rings in rules: a line rings as its device. */
const ringKey = ({ keys }: Item) => keys.find((key) => key.startsWith("device:")) ?? keys[0] ?? "";

const isOutside = ({ keys }: Item) => keys[0]?.startsWith("number:") ?? false;

const rowDigit = (item: Item | undefined) => (item?.flip ? textIn(item.flip, "flipNumber") : undefined);

const changedDigit = (item: Item, { flipNumber }: ForwardingNumberUpdate) =>
  changed(flipNumber, rowDigit(item))?.toString();

/** The rules in which it rings; undefined when there are none. */
function ringingRules(item: Item | undefined): string[] | undefined {
  const rules = (item?.number.rings ?? []).map(({ rule }) => rule);
  return rules.length > 0 ? rules : undefined;
}

/** The last digit of call flip [spec: OAS]. */
const MAX_FLIP_NUMBER = 8;

/** @throws ProblemError for a label or flip number of another entry, as legacy call handling rejects it */
function requireFree(
  { items }: NewNumbers,
  { flips }: ForwardingState,
  item: Item | undefined,
  label: string | undefined,
  flipNumber: number | undefined,
): void {
  const others = items.filter((other) => other !== item);
  if (label !== undefined && others.some(({ number }) => number.label === label)) {
    throw new ProblemError("forwarding_label_duplicate");
  }
  if (flipNumber !== undefined && flipNumber > MAX_FLIP_NUMBER) throw notAccepted("flipNumber");
  // Also the rows of lines that do not ring, and are not listed.
  const digits = flips.filter((row) => row !== item?.flip).map((row) => textIn(row, "flipNumber"));
  if (flipNumber !== undefined && digits.includes(String(flipNumber))) {
    throw new ProblemError("flip_number_in_use");
  }
}

/** The most labels in the flip list besides the names of types, as legacy call handling has it [docs: FWD]. */
const MAX_CUSTOM_LABELS = 7;

/** @throws ProblemError for one label too many */
function requireLabelLeft({ items }: NewNumbers, item: Item | undefined, label: string | undefined): void {
  const isCustom = ({ flip, number }: Item) =>
    flip !== undefined && number.type === "Other" && number.label !== undefined;
  if (label === undefined || isNamedType(label) || (item !== undefined && isCustom(item))) return;
  if (items.filter(isCustom).length < MAX_CUSTOM_LABELS) return;
  throw new ProblemError("forwarding_custom_label_limit_reached");
}

/** @throws ProblemError `request_invalid` for a rule that does not exist, or in which nothing rings */
function requireRules({ stateRules, interactionRules }: ForwardingState, rules: readonly string[]): void {
  const all = [...stateRules, ...interactionRules];
  const faulty = rules.filter((id) => !all.some((rule) => rule.id === id && canRing(rule.dispatching)));
  if (faulty.length > 0) throw noSuchRule(faulty);
}

function notAccepted(field: string): ProblemError {
  const detail = "RingCentral does not accept this value.";
  return new ProblemError("parameter_invalid", { errors: [{ in: "body", field, code: "refused", detail }] });
}

const moved = (detail: string) => new ProblemError("call_handling_moved", { detail });

/** Only outside numbers can have a flip row without ringing. */
export const notKept = () =>
  moved("The new call handling does not keep this entry when it rings in no rule. DELETE removes it.");

const inexpressible = () =>
  moved("The new call handling keeps this entry itself: it can be neither removed nor changed in this way.");
