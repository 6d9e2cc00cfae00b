import { readFileSync } from "node:fs";
import { parsePhoneNumberFromString as parseWithFullMetadata } from "libphonenumber-js/max";
import { describe, expect, it } from "vitest";
import { PhoneNumberText } from "../../../../lib/contract/parameters.ts";
import { ProblemError } from "../../../../lib/contract/problems.ts";
import { parsePhoneNumberInput } from "../../../../lib/numbers/shared/phone-number-input.ts";

const corpus = readFileSync(new URL("../../../fixtures/phone-numbers.tsv", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [country = "", source = "", json = "", expected = ""] = line.split("\t");
    const phoneNumber: string = JSON.parse(json);
    return { source, json, expected, input: country === "-" ? { phoneNumber } : { phoneNumber, country } };
  });

/** E.164, a short code, or the code of the refusal. */
function outcome(input: { phoneNumber: string; country?: string }): string {
  try {
    return parsePhoneNumberInput({ ...input, shortCodes: true });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.details.errors?.[0]?.code ?? "no code";
  }
}

describe("a phone number as phones, spreadsheets and people write it", () => {
  it.each(corpus)("$source: $json is $expected", ({ input, expected }) => {
    expect(outcome(input)).toBe(expected);
  });

  it("is of 300 writings at least, and each number among them is one by the full metadata", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(300);
    const numbers = corpus.map(({ expected }) => expected).filter((expected) => expected.startsWith("+"));
    const others = numbers.filter((number) => !parseWithFullMetadata(number)?.isValid());
    // The ranges for fiction are assigned to no network.
    expect(others.filter((number) => !/^\+(?:447700900|33639981)/.test(number))).toEqual([]);
  });

  it("meets nothing narrower in front of the parser", () => {
    const accepted = corpus.filter(({ expected }) => /^\+?\d/.test(expected));
    const refused = accepted.filter(({ input }) => !PhoneNumberText.safeParse(input.phoneNumber).success);
    expect(refused).toEqual([]);
  });

  it("is not repeated by a refusal", () => {
    for (const { input } of corpus) {
      const parsed = PhoneNumberText.safeParse(input.phoneNumber);
      const details = [parsed.error?.issues.map(({ message }) => message).join(), thrown(input)].join();
      expect(details.match(/\d{7,}/g)).toBeNull();
    }
  });
});

function thrown(input: { phoneNumber: string; country?: string }): string {
  try {
    parsePhoneNumberInput(input);
    return "";
  } catch (error) {
    return JSON.stringify(error instanceof ProblemError ? error.details : error);
  }
}
