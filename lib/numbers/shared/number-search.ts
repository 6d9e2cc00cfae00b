import { dialedDigits } from "../../contract/phone-number-text.ts";

/** The digits after a `+` that are the country's: 1 and 7, the countries with two digits, and the others with three. */
const CALLING_CODE = /^(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})/;
/** As many last digits are enough to search by. */
const LAST_DIGITS = 4;

/**
 * A search for numbers by digits as people type them, in part: `+1 202`, `(202) 555`, `020 7946`, the last four.
 * @returns undefined when the text is no digits
 */
export function digitSearch(typed: string): ((phoneNumber: string) => boolean) | undefined {
  const text = dialedDigits(typed);
  if (typeof text !== "string") return undefined;
  const digits = text.replace("+", "");
  // With the prefix for calls abroad, or the trunk prefix.
  const abroad = /^(?:00|011)(\d+)$/.exec(text)?.[1];
  const withoutTrunk = /^0(\d+)$/.exec(text)?.[1];
  return (phoneNumber) => {
    const all = phoneNumber.replace(/\D/g, "");
    if (all.startsWith(digits)) return true;
    if (text.startsWith("+")) return false;
    const national = phoneNumber.startsWith("+") ? all.replace(CALLING_CODE, "") : all;
    return (
      national.startsWith(digits) ||
      (withoutTrunk !== undefined && national.startsWith(withoutTrunk)) ||
      (abroad !== undefined && all.startsWith(abroad)) ||
      (digits.length >= LAST_DIGITS && all.endsWith(digits))
    );
  };
}
