import type { Dispatching } from "../../data/call-handling.ts";
import type { ExtensionCall } from "../call.ts";
import { invalidParameter, notFound } from "../errors.ts";
import { checkNumber } from "../forwarding-rules.ts";
import { referencedId, targetsOf } from "./own-targets.ts";

const isE164 = (value: unknown): value is string =>
  typeof value === "string" && /^\+[1-9]\d{6,14}$/.test(value);

/** Checks a new outside number of an extension: no v2 list reads national numbers. */
export function checkNewNumber(call: ExtensionCall, phoneNumber: unknown): string {
  if (!isE164(phoneNumber)) throw invalidParameter("phoneNumber", phoneNumber);
  if (call.settings.newNumberChecks) checkNumber(call, phoneNumber);
  return phoneNumber;
}

/** @returns the numbers of the outside targets, of those that end a call too */
function outsideNumbers(dispatching: Dispatching | undefined): unknown[] {
  return ringingNumbers(dispatching, ["PhoneNumberRingTarget", "PhoneNumberTerminatingTarget"]);
}

/** @returns the outside numbers that a dispatching rings */
export function ringingNumbers(
  dispatching: Dispatching | undefined,
  types: readonly string[] = ["PhoneNumberRingTarget"],
): unknown[] {
  return (dispatching?.actions ?? [])
    .flatMap(targetsOf)
    .flatMap(({ type, destination }) =>
      types.includes(String(type)) && typeof destination === "object" && destination !== null
        ? [(destination as { phoneNumber?: unknown }).phoneNumber]
        : [],
    );
}

const devices = (dispatching: Dispatching | undefined) =>
  (dispatching?.actions ?? [])
    .flatMap(targetsOf)
    .map((target) => referencedId(target, "device"))
    .filter((id) => id !== undefined);

/** The rule's former numbers and devices are not checked again. A device is one of the account [unsure]. */
export function checkNewTargets(call: ExtensionCall, dispatching: Dispatching, former?: Dispatching): void {
  const known = [...call.account.extensions.values()].flatMap((extension) => Object.keys(extension.devices));
  for (const id of devices(dispatching)) {
    if (!known.includes(id) && !devices(former).includes(id)) throw notFound("deviceId");
  }
  const before = outsideNumbers(former);
  for (const number of outsideNumbers(dispatching)) {
    if (!before.includes(number)) checkNewNumber(call, number);
  }
}
