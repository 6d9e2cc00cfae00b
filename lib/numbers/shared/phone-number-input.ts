import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min";
import { type FieldError, ProblemError } from "../../contract/problems.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";

/** A number from its whole text; `country` reads a national one. */
function parse(text: string, country: CountryCode | undefined) {
  const number = parsePhoneNumberFromString(text, {
    ...omitUndefined({ defaultCountry: country }),
    extract: false,
  });
  return number?.ext === undefined ? number : undefined;
}

/**
 * Whether RingCentral's spelling stands for the number. It may be national [docs: NUM], and may lack the digit that
 * marks a mobile number abroad: Argentina's 9, Mexico's former 1. A number with an extension is another number.
 */
export function isSameNumber(spelled: string, e164: string): boolean {
  if (spelled === e164) return true;
  const parsed = parse(spelled, parsePhoneNumberFromString(e164)?.country);
  return parsed !== undefined && withoutMobileDigit(parsed.number) === withoutMobileDigit(e164);
}

const withoutMobileDigit = (e164: string) => e164.replace(/^(?:\+(54)9|\+(52)1(?=\d{10}$))/, "+$1$2");

/** Whether a label is as requested, if at all. RingCentral may trim it, or compose its letters differently [unsure]. */
export function isSameLabel(shown: string | undefined, requested: string | undefined): boolean {
  return requested === undefined || (shown !== undefined && normalized(shown) === normalized(requested));
}

const normalized = (label: string) => label.normalize().replace(/\s+/g, " ").trim();

/** A number, and the country of a national one from the body or the query. */
interface PhoneNumberInput {
  phoneNumber: string;
  country?: string | undefined;
  queryCountry?: string | undefined;
}

/**
 * E.164 from E.164, or from national form with a country. The number only has to be possible (a length its country
 * uses), not assigned: callers block spoofed and unassigned numbers too, and RingCentral checks again.
 * @throws ProblemError `request_invalid` naming the field at fault
 */
export function parsePhoneNumberInput(input: PhoneNumberInput): string {
  const { phoneNumber } = input;
  const country = countryOf(input);
  const malformed = (detail: string) => invalid("body", "phoneNumber", "format", detail);
  if (!phoneNumber.startsWith("+") && country === undefined) {
    throw malformed(
      "A number in national form needs `country`; otherwise write it in E.164, starting with +.",
    );
  }
  const parsed = parse(phoneNumber, country);
  if (!parsed?.isPossible()) throw malformed("Not a possible phone number.");
  return parsed.number;
}

/** A national number may name its country in the query instead of the body. */
export interface CountryInQuery {
  query: { country?: string | undefined };
}

/** A body with its `phoneNumber`, if it has one, in E.164. @throws ProblemError `request_invalid` */
export function withE164<Body extends { phoneNumber?: string | undefined; country?: string | undefined }>(
  body: Body,
  queryCountry: string | undefined,
): Body {
  const { phoneNumber, country } = body;
  if (phoneNumber === undefined) return body;
  return { ...body, phoneNumber: parsePhoneNumberInput({ phoneNumber, country, queryCountry }) };
}

function countryOf({ country, queryCountry }: PhoneNumberInput): CountryCode | undefined {
  const inBody = country?.toUpperCase();
  const inQuery = queryCountry?.toUpperCase();
  if (inBody !== undefined && inQuery !== undefined && inBody !== inQuery) {
    const detail = "`country` in the query and in the body name different countries.";
    throw invalid("query", "country", "conflict", detail);
  }
  const chosen = inBody ?? inQuery;
  if (chosen === undefined || isSupportedCountry(chosen)) return chosen;
  const place = inBody === undefined ? "query" : "body";
  throw invalid(place, "country", "not_one_of", "Not an ISO 3166-1 country with a numbering plan.");
}

function invalid(place: FieldError["in"], field: string, code: string, detail: string): ProblemError {
  return new ProblemError("request_invalid", { detail, errors: [{ in: place, field, code, detail }] });
}
