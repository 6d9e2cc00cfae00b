import { canonicalJson } from "../../platform/content-tag.ts";
import type { RawObject } from "../../ringcentral/api/wire-call-handling.ts";
import { isSameNumber, withoutMobileDigit } from "../shared/phone-number-input.ts";
import { objectIn, objectsIn, textIn, without } from "./raw.ts";

// What rings: the targets of rules, and the rows of the flip list. Targets have no ids [spec: OAS], so each has a
// natural key, which it shares with the flip row of the same number.

const appTypes: ReadonlySet<string> = new Set([
  "AllDesktopRingTarget",
  "AllMobileRingTarget",
  "CoworkerAppsRingTarget",
]);

export const numberKey = (phoneNumber: string) =>
  `number:${withoutMobileDigit(phoneNumber.replace(/[^+\d]/g, ""))}`;
export const lineKey = (phoneNumber: string) => numberKey(phoneNumber).replace("number", "line");
export const mobileKey = (phoneNumber: string) => numberKey(phoneNumber).replace("number", "mobile");
export const deviceKey = (deviceId: string) => `device:${deviceId}`;
export const appsKey = (extensionId: string) => `apps:${extensionId}`;

/** A number as it is stored already, where that means the same: RingCentral may spell it otherwise [unsure]. */
export const asSpelled = (stored: string | undefined, phoneNumber: string) =>
  stored !== undefined && isSameNumber(stored, phoneNumber) ? stored : phoneNumber;

/** The natural key of a ring target. @param extensionId the owner of targets that name no extension */
export function targetKey(target: RawObject, extensionId: string): string {
  const type = textIn(target, "type") ?? "";
  const phoneNumber = textIn(objectIn(target, "destination"), "phoneNumber");
  const owner = textIn(objectIn(target, "extension"), "id");
  if (type === "PhoneNumberRingTarget" && phoneNumber !== undefined) return numberKey(phoneNumber);
  if (/^(?:Fmc|Ims)PhoneNumberRingTarget$/.test(type) && phoneNumber !== undefined) {
    return mobileKey(phoneNumber);
  }
  if (type === "DeviceRingTarget") return deviceKey(textIn(objectIn(target, "device"), "id") ?? "");
  if (appTypes.has(type)) return appsKey(owner ?? extensionId);
  if (type === "CoworkerRingTarget") return `coworker:${owner}`;
  return `other:${canonicalJson(without(target, "name"))}`;
}

/** The natural key of a flip row; undefined for a row without a number. */
export function flipKey(row: RawObject): string | undefined {
  const phoneNumber = textIn(row, "phoneNumber");
  if (phoneNumber === undefined) return undefined;
  const type = textIn(row, "type");
  if (type === "PhoneLine") return lineKey(phoneNumber);
  return type === "BusinessMobile" ? mobileKey(phoneNumber) : numberKey(phoneNumber);
}

/** RingCentral adds and removes the rows of lines and business mobiles itself [spec: OAS]. */
export function isSystemRow(row: RawObject): boolean {
  const type = textIn(row, "type");
  return type !== undefined && type !== "External";
}

/** The targets of an action that ring, whatever the action. */
export function ringTargetsOf(action: RawObject): RawObject[] {
  return objectsIn(action, "targets").filter((target) => textIn(target, "type")?.endsWith("RingTarget"));
}

/** The members that only responses have, by type [spec: OAS]. All other members are repeated. */
const readOnly: Readonly<Record<string, readonly string[]>> = {
  DeviceRingTarget: ["name"],
  CoworkerRingTarget: ["name"],
  AllDesktopRingTarget: ["name"],
  AllMobileRingTarget: ["name"],
  HotdeskRingTarget: ["name", "device"],
  ImsPhoneNumberRingTarget: ["name"],
  FmcPhoneNumberRingTarget: ["name"],
  IntegrationRingTarget: ["name"],
  VoiceMailTerminatingTarget: ["name"],
  PlayAnnouncementTerminatingTarget: ["name"],
  ExtensionTerminatingTarget: ["name"],
};

/** A target as a request may hold it. Whether its read-only members would be tolerated is not known [unsure]. */
export function forRequest(target: RawObject): RawObject {
  const type = textIn(target, "type") ?? "";
  const names = Object.hasOwn(readOnly, type) ? readOnly[type] : undefined;
  if (names === undefined) return target;
  const kept = without(target, ...names);
  if (type === "DeviceRingTarget") {
    return { ...kept, device: without(objectIn(target, "device"), "name", "phoneNumber") };
  }
  if (type !== "IntegrationRingTarget") return kept;
  return { ...kept, integration: without(objectIn(target, "integration"), "phoneNumber", "name") };
}

/** The types that RingCentral deletes from all rules by one call. Own apps and lines are not deleted [docs: TGT]. */
const deletable =
  /^(?:CoworkerApps|Coworker|Integration|PhoneNumber|CloudConnector)RingTarget$|^All(?:Desktop|Mobile)RingTarget$/;

/** The target as that call names it; undefined when the call does not delete it. */
export function forDeletion(target: RawObject, extensionId: string): RawObject | undefined {
  const type = textIn(target, "type") ?? "";
  const owner = textIn(objectIn(target, "extension"), "id") ?? extensionId;
  if (!deletable.test(type)) return undefined;
  if (!appTypes.has(type)) return forRequest(target);
  // The apps of a co-worker are one target here.
  return owner === extensionId ? undefined : { type: "CoworkerAppsRingTarget", extension: { id: owner } };
}
