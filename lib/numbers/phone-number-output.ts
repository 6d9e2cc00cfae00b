import { omitUndefined } from "../platform/omit-undefined.ts";

/**
 * A number in E.164. RingCentral's samples are E.164, but older data lacks the `+` [docs: NUM]. Eleven to fifteen bare
 * digits are an international number. Anything shorter may be national or a short code, and a masked number holds
 * letters: those pass unchanged.
 */
export function toE164(phoneNumber: string): string {
  return /^[1-9]\d{10,14}$/.test(phoneNumber) ? `+${phoneNumber}` : phoneNumber;
}

/** The extension that has a number, when RingCentral names one. */
export function toExtensionReference(
  wire: { id?: string | undefined; name?: string | undefined; extensionNumber?: string | undefined } = {},
) {
  const { id, name, extensionNumber } = wire;
  return id === undefined ? undefined : omitUndefined({ id, name, extensionNumber });
}
