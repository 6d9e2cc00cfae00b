import { ownRules } from "../data/call-handling.ts";
import { callHandlingOf } from "../data/move.ts";
import type { ForwardingEntry } from "../data/world.ts";
import type { ExtensionCall } from "./call.ts";
import { hasMoved, movedRejection } from "./call-handling/access.ts";
import { ringingNumbers } from "./call-handling/new-numbers.ts";
import { restError } from "./errors.ts";

const notAvailable = () => restError(403, "CMN-109", "Feature not available");

/** @throws Rejection by the setting for reads, once the extension has moved */
export function requireReadableForwarding(call: ExtensionCall): void {
  if (!hasMoved(call)) return;
  const { movedForwardingReads } = call.settings;
  if (movedForwardingReads === "CMN-468") throw movedRejection();
  if (movedForwardingReads === "CMN-109") throw notAvailable();
}

/** @throws Rejection by the setting for writes, once the extension has moved */
export function requireWritableForwarding(call: ExtensionCall): void {
  if (!hasMoved(call)) return;
  const { movedForwardingWrites } = call.settings;
  if (movedForwardingWrites === "CMN-468") throw movedRejection();
  if (movedForwardingWrites === "CMN-109") throw notAvailable();
}

/** Whether a v1 write changes the v1 list. Once the extension has moved, it never changes which numbers ring. */
export function storesForwarding(call: ExtensionCall): boolean {
  return !hasMoved(call) || call.settings.movedForwardingWrites === "frozen-list";
}

/** The list that v1 shows: after the move the list at that moment, or a copy of v2's [unsure]. */
export function shownForwarding({
  world,
  extension,
  now,
  settings,
}: Pick<ExtensionCall, "world" | "extension" | "now" | "settings">): ForwardingEntry[] {
  const callHandling = callHandlingOf(world, extension, now);
  if (callHandling === undefined || settings.movedForwardingReads !== "mirror") return extension.forwarding;
  const { flips } = callHandling;
  const ringing = ownRules(callHandling)
    .flatMap(({ dispatching }) => ringingNumbers(dispatching))
    .map(String);
  const outside = flips.filter(({ type }) => type === "External").map(({ phoneNumber }) => phoneNumber);
  const bound = extension.forwarding.filter(({ type }) => type === "PhoneLine" || type === "ExtensionApps");
  const mirrored = [...new Set([...outside, ...ringing])].map((phoneNumber): ForwardingEntry => {
    const former = extension.forwarding.find((entry) => entry.phoneNumber === phoneNumber);
    const flip = flips.find((row) => row.phoneNumber === phoneNumber);
    const { flipNumber: _digit, ...rest } = former ?? {
      id: phoneNumber.slice(1),
      type: "Other",
      phoneNumber,
    };
    const features = [
      ...(ringing.includes(phoneNumber) ? ["CallForwarding"] : []),
      ...(flip === undefined ? [] : ["CallFlip"]),
    ];
    return {
      ...rest,
      features,
      ...(flip?.label !== undefined && { label: flip.label }),
      ...(flip?.flipNumber !== undefined && { flipNumber: flip.flipNumber }),
    };
  });
  return [...mirrored, ...bound];
}
