import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WireForwardingNumber } from "../../ringcentral/api/wire.ts";

/**
 * A number as RingCentral gives it, without punctuation where it is international. Its samples are E.164, but older data
 * lacks the `+` [docs: NUM]. Bare digits stay as they are, because nothing says whether they are international: `138…`
 * may be a mobile in China. A short code, or a masked number with letters, passes too.
 */
export function toE164(phoneNumber: string): string {
  return /^\+[\d ().-]+$/.test(phoneNumber) ? phoneNumber.replace(/[^+\d]/g, "") : phoneNumber;
}

/** The extension that has a number, when RingCentral names one. */
export function toExtensionReference({ id, name, extensionNumber }: WireForwardingNumber["extension"] = {}) {
  return id === undefined ? undefined : omitUndefined({ id, name, extensionNumber });
}
