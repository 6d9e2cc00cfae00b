import fc from "fast-check";
import examples from "libphonenumber-js/examples.mobile.json" with { type: "json" };
import {
  type CountryCode,
  getCountries,
  getExampleNumber,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from "libphonenumber-js/max";
import { describe, expect, it } from "vitest";
import { ProblemError } from "../../../../lib/contract/problems.ts";
import { isSameNumber, parsePhoneNumberInput } from "../../../../lib/numbers/shared/phone-number-input.ts";

const countries = getCountries();
const aCountry = fc.constantFrom(...countries);

/** A country's example number with other digits at its end, where that is a number too. */
const aNumber = fc.tuple(aCountry, fc.nat(9999)).map(([country, ending]): PhoneNumber => {
  const example = getExampleNumber(country, examples);
  if (example === undefined) throw new Error(`no example for ${country}`);
  const other = `${example.number.slice(0, -4)}${String(ending).padStart(4, "0")}`;
  const parsed = parsePhoneNumberFromString(other);
  return parsed?.isValid() && parsed.country === country ? parsed : example;
});

type Writing = { phoneNumber: string; country?: CountryCode };

/** The library's own formats, with the country that reads them. */
const formats: ((number: PhoneNumber, from: CountryCode) => Writing)[] = [
  (number) => ({ phoneNumber: number.number }),
  (number) => ({ phoneNumber: number.formatInternational() }),
  (number) => ({ phoneNumber: number.getURI() }),
  (number) => ({ phoneNumber: number.formatNational(), ...(number.country && { country: number.country }) }),
  (number, from) => ({ phoneNumber: number.format("IDD", { fromCountry: from }), country: from }),
];

const spaces = [" ", "\u00a0", "\u2007", "\u2009", "\u202f", "\u3000", "\t", "\n", "\u205f"];
const dashes = [
  "-",
  "\u2010",
  "\u2011",
  "\u2012",
  "\u2013",
  "\u2014",
  "\u2212",
  "\uff0d",
  "\ufe63",
  "\u30fc",
];
const marks = [
  "\u200b",
  "\u200e",
  "\u200f",
  "\u202a",
  "\u202c",
  "\u202d",
  "\u2066",
  "\u2069",
  "\ufeff",
  "\u00ad",
];
/** Zeros: ASCII, fullwidth, Arabic-Indic, Persian, Devanagari, Bengali, Thai, Khmer, mathematical, Adlam. */
const zeros = [0x30, 0xff10, 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x17e0, 0x1d7d8, 0x1e950];

const aDress = fc.record({
  picks: fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }),
  zero: fc.constantFrom(...zeros),
  isQuoted: fc.boolean(),
});

function dressed(
  text: string,
  { picks, zero, isQuoted }: typeof aDress extends fc.Arbitrary<infer T> ? T : never,
) {
  const pick = (list: string[], at: number) => list[(picks[at % picks.length] ?? 0) % list.length] ?? "";
  const written = [...text].map((letter, at) => {
    const mark = at % 5 === (picks[0] ?? 0) % 5 ? pick(marks, at) : "";
    if (letter === " ") return mark + pick(spaces, at);
    if (letter === "-") return mark + pick(dashes, at);
    if (letter === "+") return mark + pick(["+", "\uff0b", "\ufe62"], at);
    return mark + (/\d/.test(letter) ? String.fromCodePoint(zero + Number(letter)) : letter);
  });
  return `${isQuoted ? "'" : ""}${pick(spaces, 7)}${written.join("")}${pick(spaces, 11)}`;
}

describe("every format that the library writes", () => {
  const numRuns = Number(process.env.DEEP_RUNS ?? 200);

  it("is read as its number, in any script, with any dashes, spaces and marks", () => {
    fc.assert(
      fc.property(aNumber, aCountry, fc.constantFrom(...formats), aDress, (number, from, format, dress) => {
        const { phoneNumber, country } = format(number, from);
        // Hong Kong's prefixes 00 and 002 make two numbers of one text: what the library misreads stays out.
        const plain =
          phoneNumber && parsePhoneNumberFromString(phoneNumber, country && { defaultCountry: country });
        fc.pre(plain !== undefined && plain !== "" && plain.number === number.number);
        const input = { phoneNumber: dressed(phoneNumber, dress), country };
        expect(parsePhoneNumberInput(input)).toBe(number.number);
        const isIdd = country !== undefined && country !== number.country;
        if (!isIdd) expect(isSameNumber(input.phoneNumber, number.number)).toBe(true);
        const isLong = number.nationalNumber.length > 6;
        if (isLong) expect(parsePhoneNumberInput({ ...input, shortCodes: true })).toBe(number.number);
      }),
      { numRuns },
    );
  });

  it("is one of many texts: any other is read or refused, and a refusal repeats nothing", () => {
    const aText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({
        unit: fc.constantFrom(..."+0123456789 ()-,;#*xXeE=.'\"tel:%2B\u0660\u202d"),
        maxLength: 200,
      }),
    );
    fc.assert(
      fc.property(
        aText,
        fc.option(aCountry, { nil: undefined }),
        fc.boolean(),
        (phoneNumber, country, shortCodes) => {
          try {
            const number = parsePhoneNumberInput({ phoneNumber, country, shortCodes });
            expect(number).toMatch(shortCodes ? /^(?:\+[1-9]\d{3,16}|\d{3,6})$/ : /^\+[1-9]\d{3,16}$/);
          } catch (error) {
            if (!(error instanceof ProblemError)) throw error;
            const [fault] = error.details.errors ?? [];
            expect(fault).toMatchObject({ in: "body", field: "phoneNumber" });
            expect(fault?.detail).not.toMatch(/\d{7}/);
          }
        },
      ),
      { numRuns },
    );
  });
});
