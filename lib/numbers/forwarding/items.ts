import type { ForwardingNumber } from "../../contract/forwarding-numbers.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { RawObject, WireRule } from "../../ringcentral/api/wire-call-handling.ts";
import { toE164 } from "../shared/phone-number-output.ts";
import { ringsIn } from "./edit-rules.ts";
import { objectIn, textIn } from "./raw.ts";
import {
  appsKey,
  deviceKey,
  flipKey,
  isSystemRow,
  lineKey,
  mobileKey,
  numberKey,
  targetKey,
} from "./targets.ts";

/** An extension's forwarding numbers as the new call handling keeps them: in two places. */
export interface ForwardingState {
  flips: readonly RawObject[];
  stateRules: readonly WireRule[];
  interactionRules: readonly WireRule[];
}

/** A forwarding number: a flip row, targets of rules, or both. */
export interface Item {
  /** Natural keys. The first one makes its id; a line also has that of its device. */
  keys: readonly string[];
  number: Omit<ForwardingNumber, "id">;
  flip?: RawObject;
  /** One of its targets, if it rings in a rule. */
  target?: RawObject;
}

type Rings = NonNullable<ForwardingNumber["rings"]>;
interface Draft {
  keys: string[];
  flip?: RawObject;
  target?: RawObject;
  rings: Rings;
}

/** The flip rows and the targets of all rules, joined by their natural keys. */
export function joinNumbers(state: ForwardingState, extensionId: string): Item[] {
  const drafts = new Map<string, Draft>();
  const draftOf = (key: string): Draft => {
    const draft = drafts.get(key) ?? { keys: [key], rings: [] };
    drafts.set(key, draft);
    return draft;
  };
  for (const row of state.flips) {
    const key = flipKey(row);
    if (key !== undefined) draftOf(key).flip ??= row;
  }
  for (const { id, dispatching } of [...state.stateRules, ...state.interactionRules]) {
    for (const { target, ...ring } of ringsIn(dispatching)) {
      const draft = joined(drafts, target, extensionId) ?? draftOf(targetKey(target, extensionId));
      draft.target ??= target;
      addRing(draft.rings, omitUndefined({ rule: id, ...ring }));
    }
  }
  return [...new Set(drafts.values())]
    .map((draft) => toItem(draft, extensionId))
    .filter((item) => !isIdle(item, extensionId));
}

/** The line whose number is that of the target's device. */
function joined(drafts: Map<string, Draft>, target: RawObject, extensionId: string): Draft | undefined {
  const phoneNumber = textIn(objectIn(target, "device"), "phoneNumber");
  const line = phoneNumber === undefined ? undefined : drafts.get(lineKey(phoneNumber));
  if (line === undefined) return undefined;
  const key = targetKey(target, extensionId);
  if (!line.keys.includes(key)) {
    // A second device with that number is a forwarding number itself.
    if (line.keys.length > 1) return undefined;
    line.keys.push(key);
  }
  return line;
}

/** A rule names a number once: with the place where it rings, if it rings at all. */
function addRing(rings: Rings, ring: Rings[number]): void {
  const at = rings.findIndex(({ rule }) => rule === ring.rule);
  if (at < 0) rings.push(ring);
  else if (!rings[at]?.enabled && ring.enabled) rings[at] = ring;
}

/**
 * Whether an entry of RingCentral's own is no forwarding number now. Every rule has the extension's own apps, which count
 * where they ring; every line and business mobile has a flip row, which counts when a rule has its target.
 */
function isIdle({ keys, flip, target, number: { rings } }: Item, extensionId: string): boolean {
  if (keys.includes(appsKey(extensionId))) return !rings?.some(({ enabled }) => enabled);
  return flip !== undefined && isSystemRow(flip) && target === undefined;
}

/** The types that legacy call handling labels with their own names; the new one has the label alone. */
const namedTypes: readonly string[] = ["Home", "Mobile", "Work", "Outage"];

export const isNamedType = (label: string) => namedTypes.includes(label);

/** The label that stands for a type and label of legacy call handling. */
export function labelFor(type: string, label: string | undefined): string | undefined {
  return isNamedType(type) ? type : label;
}

function toItem({ keys, flip, target: found, rings }: Draft, extensionId: string): Item {
  const target = found ?? {};
  const features = [...(rings.length > 0 ? ["CallForwarding"] : []), ...(flip ? ["CallFlip"] : [])];
  const flipNumber = Number.parseInt(textIn(flip ?? {}, "flipNumber") ?? "", 10);
  const phoneNumber = textIn(flip ?? {}, "phoneNumber") ?? numberOf(target);
  const [kind = ""] = keys[0]?.split(":") ?? [];
  const device = objectIn(target, "device");
  const name = textIn(device, "name") ?? (kind === "apps" ? undefined : textIn(target, "name"));
  const label = textIn(flip ?? {}, "label") ?? name;
  const owner = textIn(objectIn(target, "extension"), "id") ?? (kind === "apps" ? extensionId : undefined);
  const number = omitUndefined({
    phoneNumber: phoneNumber && toE164(phoneNumber),
    label,
    type: typeOf(kind, label, target),
    features,
    flipNumber: Number.isInteger(flipNumber) ? flipNumber : undefined,
    deviceId: textIn(device, "id"),
    extension: owner === undefined ? undefined : { id: owner },
    rings,
  });
  return { keys, number, ...omitUndefined({ flip, target: found }) };
}

function numberOf(target: RawObject): string | undefined {
  const places = ["destination", "device", "integration"];
  return places.map((name) => textIn(objectIn(target, name), "phoneNumber")).find(Boolean);
}

function typeOf(kind: string, label: string | undefined, target: RawObject): string {
  switch (kind) {
    case "number":
      return label !== undefined && isNamedType(label) ? label : "Other";
    case "line":
    case "device":
      return "PhoneLine";
    case "mobile":
      return "BusinessMobilePhone";
    case "apps":
      return "ExtensionApps";
    default:
      return textIn(target, "type")?.replace(/RingTarget$/, "") ?? "Other";
  }
}

/** The natural key of a number as legacy call handling shows it; undefined for one that has nothing to know it by. */
export function legacyKey(
  { type, phoneNumber, deviceId, extension }: Omit<ForwardingNumber, "id">,
  extensionId: string,
): string | undefined {
  if (type === "ExtensionApps") return appsKey(extension?.id ?? extensionId);
  if (deviceId !== undefined) return deviceKey(deviceId);
  if (phoneNumber === undefined) return undefined;
  if (type === "PhoneLine") return lineKey(phoneNumber);
  return type === "BusinessMobilePhone" ? mobileKey(phoneNumber) : numberKey(phoneNumber);
}
