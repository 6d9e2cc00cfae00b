import {
  type CountryCode,
  isSupportedCountry,
  type PhoneNumber,
  parsePhoneNumberFromString,
  validatePhoneNumberLength,
} from "libphonenumber-js/min";
import { dialedDigits, type TextFault } from "../../contract/phone-number-text.ts";
import { type FieldError, ProblemError } from "../../contract/problems.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";

/** What reads a number in national form: its country, or the calling code alone. */
type Reader = { defaultCountry?: CountryCode } | { defaultCallingCode: string };

const ofCountry = (country: CountryCode | undefined): Reader => omitUndefined({ defaultCountry: country });

/** A number from its digits. */
function parse(digits: string, reader: Reader) {
  const options = { ...reader, extract: false };
  const parsed = parsePhoneNumberFromString(digits, options);
  const isMobileOfOldMexico = parsed !== undefined && OLD_MEXICO.test(parsed.number);
  return isMobileOfOldMexico
    ? parsePhoneNumberFromString(parsed.number.replace(OLD_MEXICO, "+52"), options)
    : parsed;
}

/** Until 2019 and 2020 Mexico had 1 before mobile numbers from abroad, and 01, 044 or 045 before numbers at home. */
const OLD_MEXICO = /^\+52(?:01|04[45]|1)(?=\d{10}$)/;

/**
 * Whether RingCentral's spelling stands for the number. It may be national [docs: NUM], and may lack the digit that
 * marks a mobile number abroad: Argentina's 9, Mexico's former 1. A number with an extension is another number.
 */
export function isSameNumber(spelled: string, number: string): boolean {
  if (spelled === number) return true;
  const digits = dialedDigits(spelled);
  const known = parsePhoneNumberFromString(number);
  if (typeof digits !== "string" || known === undefined) return false;
  // An unassigned number, which callers spoof, has a calling code but no country.
  const { country, countryCallingCode: defaultCallingCode } = known;
  const parsed = parse(digits, country === undefined ? { defaultCallingCode } : ofCountry(country));
  return parsed !== undefined && withoutMobileDigit(parsed.number) === withoutMobileDigit(number);
}

export const withoutMobileDigit = (e164: string) => e164.replace(/^(?:\+(54)9|\+(52)1(?=\d{10}$))/, "+$1$2");

/** Whether a label is as requested, if at all. RingCentral may trim it, or compose its letters differently [unsure]. */
export function isSameLabel(shown: string | undefined, requested: string | undefined): boolean {
  return requested === undefined || (shown !== undefined && normalized(shown) === normalized(requested));
}

const normalized = (label: string) => label.normalize().replace(/\s+/g, " ").trim();

/** A number, and the country of a national one from the body or the query. */
interface PhoneNumberInput {
  phoneNumber: string;
  country?: string | null | undefined;
  queryCountry?: string | undefined;
  /** Where the number is from. Absent: the body. */
  place?: FieldError["in"];
  /** Whether 3 to 6 digits may be a short code or an area code, which RingCentral lets users block [unsure]. */
  shortCodes?: boolean;
}

/**
 * E.164 from any writing of a number, national ones with a country. The number only has to be possible (a length its
 * country uses), not assigned: callers block spoofed and unassigned numbers too, the library learns of new ranges late,
 * and RingCentral checks again. Its smallest metadata has the lengths already.
 * @throws ProblemError `request_invalid` naming the field at fault
 */
export function parsePhoneNumberInput(input: PhoneNumberInput): string {
  const country = countryOf(input);
  const digits = dialedDigits(input.phoneNumber);
  const number = typeof digits === "string" ? numberOf(digits, country, input.shortCodes) : digits;
  if (typeof number === "string") return number;
  throw invalid(input.place ?? "body", "phoneNumber", number.code, number.detail);
}

function numberOf(digits: string, country: CountryCode | undefined, shortCodes = false): string | TextFault {
  const isNational = !digits.startsWith("+");
  if (isNational && country === undefined)
    return withoutCountry[/^(?:00|011)[1-9]/.test(digits) ? "prefix" : "national"];
  const parsed = parse(digits, ofCountry(country));
  if (shortCodes && country !== undefined && isShortCode(digits, country)) return digits;
  if (parsed !== undefined && isPossible(parsed)) return parsed.number;
  // A country's own prefix of international calls is known to the library; 00 is written in others too.
  const abroad = /^00[1-9]/.test(digits) ? parse(digits.replace("00", "+"), {}) : undefined;
  return abroad !== undefined && isPossible(abroad) ? abroad.number : lengthFault(digits, country);
}

/** A leading zero is the trunk prefix, unless the country's numbers begin with one, as Italy's do. */
function isPossible(number: PhoneNumber): boolean {
  return number.isPossible() && (number.isValid() || !number.nationalNumber.startsWith("0"));
}

/**
 * So few digits are a number only in a small country (Andorra, Niue). Where a number has the trunk prefix 0, which a
 * parser drops, one without it is not a whole number.
 */
function isShortCode(digits: string, country: CountryCode): boolean {
  if (!/^\d{3,6}$/.test(digits)) return false;
  const number = parse(digits, ofCountry(country));
  return !number?.isValid() || parse(`0${digits}`, ofCountry(country))?.number === number.number;
}

function lengthFault(digits: string, country: CountryCode | undefined): TextFault {
  const problem = validatePhoneNumberLength(digits, omitUndefined({ defaultCountry: country }));
  const owner = digits.startsWith("+") ? "its calling code" : country;
  switch (problem) {
    case "TOO_SHORT":
      return { code: "too_short", detail: `Has too few digits for a number of ${owner}.` };
    case "TOO_LONG":
      return { code: "too_long", detail: `Has too many digits for a number of ${owner}.` };
    case "INVALID_COUNTRY":
      return { code: "calling_code", detail: "Begins with a calling code that no country has." };
    default:
      return { code: "not_a_number", detail: `Is not a number of ${owner}.` };
  }
}

const nationalForm = (detail: string): TextFault => ({ code: "country_missing", detail });

const withoutCountry = {
  national: nationalForm(
    "A number in national form needs `country`; otherwise write it in E.164, starting with +.",
  ),
  prefix: nationalForm("Write + in place of the prefix for international calls, or send `country` too."),
};

/** A national number may name its country in the query instead of the body. */
export interface CountryInQuery {
  query: { country?: string | undefined };
}

/** A body with its `phoneNumber`, if it has one, in E.164. @throws ProblemError `request_invalid` */
export function withE164<Body extends NumberInBody>(
  body: Body,
  queryCountry: string | undefined,
  shortCodes = false,
): Body {
  const { phoneNumber, country } = body;
  if (phoneNumber === undefined) return body;
  return { ...body, phoneNumber: parsePhoneNumberInput({ phoneNumber, country, queryCountry, shortCodes }) };
}

/**
 * The same for a change. A number in the very spelling in which it is shown is no change, whether it can be read or not:
 * RingCentral also shows short codes and digits without a country.
 */
export async function withChangedE164<Body extends NumberInBody>(
  body: Body,
  queryCountry: string | undefined,
  shown: () => Promise<string | undefined>,
  shortCodes = false,
): Promise<Body> {
  try {
    return withE164(body, queryCountry, shortCodes);
  } catch (error) {
    if ((await shown().catch(() => undefined)) !== body.phoneNumber) throw error;
    return { ...body, phoneNumber: undefined };
  }
}

interface NumberInBody {
  phoneNumber?: string | undefined;
  country?: string | null | undefined;
}

function countryOf({ country, queryCountry }: PhoneNumberInput): CountryCode | undefined {
  const inBody = isoCode(country);
  const inQuery = isoCode(queryCountry);
  if (inBody !== undefined && inQuery !== undefined && inBody !== inQuery) {
    const detail = "`country` in the query and in the body name different countries.";
    throw invalid("query", "country", "conflict", detail);
  }
  const chosen = inBody ?? inQuery;
  if (chosen === undefined || isSupportedCountry(chosen)) return chosen;
  const place = inBody === undefined ? "query" : "body";
  throw invalid(place, "country", "not_one_of", "Not an ISO 3166-1 country with a numbering plan.");
}

/** Addresses say UK, ISO 3166-1 says GB. */
const isoCode = (country: string | null | undefined) => country?.toUpperCase().replace("UK", "GB");

function invalid(place: FieldError["in"], field: string, code: string, detail: string): ProblemError {
  return new ProblemError("request_invalid", { detail, errors: [{ in: place, field, code, detail }] });
}
