/**
 * E.164 as we answer it. RingCentral's samples are E.164, but older data lacks the `+` [docs: NUM]. Eleven to
 * fifteen bare digits can only be an international number; anything shorter may be national or a short code, and
 * a masked one holds letters: those pass as they are rather than be guessed at.
 */
export function toE164(phoneNumber: string): string {
  return /^[1-9]\d{10,14}$/.test(phoneNumber) ? `+${phoneNumber}` : phoneNumber;
}
