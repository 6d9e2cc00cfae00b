import type { CallerBlockingEntry } from "../data/world.ts";
import type { ExtensionCall } from "./call.ts";
import { duplicateValue, invalidParameter } from "./errors.ts";

/** The offset between the ids of the two endpoints; whether RingCentral shares them is unknown [unsure]. */
const legacyOffset = 4_400_105_900;

/**
 * Adds a row to the list that both endpoints show.
 * @throws Rejection for a number in the list, unless the twin is set to accept that
 */
export function addEntry(
  call: ExtensionCall,
  fields: Omit<CallerBlockingEntry, "id" | "legacyId">,
): CallerBlockingEntry {
  const { extension, settings, world } = call;
  const existing = extension.callerBlocking.find(({ phoneNumber }) => phoneNumber === fields.phoneNumber);
  if (existing !== undefined) {
    if (settings.duplicateBlockedNumber !== "idempotent") throw duplicateRejection(call, fields.phoneNumber);
    return Object.assign(existing, fields);
  }
  const id = world.nextId();
  const entry = { id: String(id), legacyId: String(id + legacyOffset), ...fields };
  extension.callerBlocking.push(entry);
  return entry;
}

/** The code of a duplicate is undocumented: the candidates are options of the twin [unsure]. */
export function duplicateRejection(call: ExtensionCall, phoneNumber: string): Error {
  return call.settings.duplicateBlockedNumber === "CMN-101"
    ? invalidParameter("phoneNumber", phoneNumber)
    : duplicateValue("phoneNumber", phoneNumber);
}
