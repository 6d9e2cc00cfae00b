import type { PhoneNumber } from "../contract/company-numbers.ts";

/** Absent = any; the members are alternatives of one another, and a number has to fit all that are there. */
export interface CompanyNumbersFilter {
  usageType?: readonly string[] | undefined;
  type?: readonly string[] | undefined;
  status?: readonly string[] | undefined;
  /** Id of the extension that has the number. */
  extension?: string | undefined;
  q?: string | undefined;
}

/** The same over numbers that were just read and over those of the snapshot. */
export function fitsFilter(number: PhoneNumber, filter: CompanyNumbersFilter): boolean {
  const { usageType, type, status, extension, q } = filter;
  return (
    (usageType === undefined || usageType.includes(number.usageType)) &&
    (type === undefined || (number.type !== undefined && type.includes(number.type))) &&
    (status === undefined || status.includes(number.status)) &&
    (extension === undefined || number.extension?.id === extension) &&
    (q === undefined || matchesText(number, q.toLowerCase()))
  );
}

/** `q` is a prefix of the number (with or without +), of a word of the label, or of the extension's name. */
function matchesText({ phoneNumber, label, extension }: PhoneNumber, wanted: string): boolean {
  if (phoneNumber.startsWith(wanted) || phoneNumber.startsWith(`+${wanted}`)) return true;
  return [label, extension?.name].some((text) => text !== undefined && hasWordPrefix(text, wanted));
}

function hasWordPrefix(text: string, wanted: string): boolean {
  const haystack = text.toLowerCase();
  return haystack.startsWith(wanted) || haystack.includes(` ${wanted}`);
}
