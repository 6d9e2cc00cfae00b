import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min";
import { type FieldError, ProblemError } from "../contract/problems.ts";

/** The two places a caller may say which country a national number belongs to. */
export interface PhoneNumberInput {
  phoneNumber: string;
  /** From the body. */
  country?: string | undefined;
  /** From the query. */
  queryCountry?: string | undefined;
}

/**
 * Reads E.164, or national form with a country, into E.164.
 *
 * Asks only that the number be possible (a length its country uses), not that it be assigned: callers block
 * spoofed and unassigned numbers too, and RingCentral has the last word anyway.
 * @throws ProblemError `request_invalid` naming the field at fault
 */
export function parsePhoneNumberInput(input: PhoneNumberInput): string {
  const { phoneNumber } = input;
  const country = countryOf(input);
  if (!phoneNumber.startsWith("+") && country === undefined) {
    throw invalid({
      in: "body",
      field: "phoneNumber",
      code: "format",
      detail: "A number in national form needs `country`; otherwise write it in E.164, starting with +.",
    });
  }
  const parsed = parsePhoneNumberFromString(phoneNumber, {
    ...(country !== undefined && { defaultCountry: country }),
    extract: false,
  });
  if (parsed === undefined || !parsed.isPossible() || parsed.ext !== undefined) {
    throw invalid({
      in: "body",
      field: "phoneNumber",
      code: "format",
      detail: "Not a possible phone number.",
    });
  }
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
    throw invalid({
      in: "query",
      field: "country",
      code: "conflict",
      detail: "`country` in the query and in the body name different countries.",
    });
  }
  const chosen = inBody ?? inQuery;
  if (chosen === undefined) return undefined;
  if (!isSupportedCountry(chosen)) {
    throw invalid({
      in: inBody === undefined ? "query" : "body",
      field: "country",
      code: "not_one_of",
      detail: "Not an ISO 3166-1 country with a numbering plan.",
    });
  }
  return chosen;
}

function invalid(error: FieldError): ProblemError {
  return new ProblemError("request_invalid", { detail: error.detail, errors: [error] });
}
