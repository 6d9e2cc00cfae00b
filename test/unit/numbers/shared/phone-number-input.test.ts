import { describe, expect, it } from "vitest";
import { ProblemError } from "../../../../lib/contract/problems.ts";
import {
  isSameLabel,
  isSameNumber,
  parsePhoneNumberInput,
} from "../../../../lib/numbers/shared/phone-number-input.ts";
import { toE164 } from "../../../../lib/numbers/shared/phone-number-output.ts";

describe("a phone number sent by a caller", () => {
  it.each([
    [{ phoneNumber: "+12025550143" }, "+12025550143"],
    [{ phoneNumber: "+1 (202) 555-0143" }, "+12025550143"],
    [{ phoneNumber: "(202) 555-0143", country: "US" }, "+12025550143"],
    [{ phoneNumber: "202-555-0143", queryCountry: "us" }, "+12025550143"],
    [{ phoneNumber: "020 7946 0018", country: "GB" }, "+442079460018"],
    [{ phoneNumber: "+442079460018", country: "US" }, "+442079460018"],
    [{ phoneNumber: "030 901820", country: "DE", queryCountry: "de" }, "+4930901820"],
  ])("is stored as E.164: %j", (input, expected) => {
    expect(parsePhoneNumberInput(input)).toBe(expected);
  });

  it.each([
    [{ phoneNumber: "2025550143" }, "phoneNumber", "body"],
    [{ phoneNumber: "+1202" }, "phoneNumber", "body"],
    [{ phoneNumber: "+9991234567890" }, "phoneNumber", "body"],
    [{ phoneNumber: "12345", country: "US" }, "phoneNumber", "body"],
    [{ phoneNumber: "2025550143", country: "XX" }, "country", "body"],
    [{ phoneNumber: "2025550143", queryCountry: "XX" }, "country", "query"],
    [{ phoneNumber: "2025550143", country: "US", queryCountry: "CA" }, "country", "query"],
  ])("is rejected with its field named: %j", (input, field, where) => {
    const problem = problemOf(() => parsePhoneNumberInput(input));
    expect(problem.code).toBe("request_invalid");
    expect(problem.details.errors).toEqual([expect.objectContaining({ field, in: where })]);
    expect(JSON.stringify(problem.details)).not.toContain(input.phoneNumber);
  });
});

describe("what RingCentral shows", () => {
  it.each([
    ["+12025550143", "+12025550143", true],
    ["12025550143", "+12025550143", true],
    ["(202) 555-0143", "+12025550143", true],
    ["(555) 555-0161", "+15555550161", true],
    ["07700 900123", "+447700900123", true],
    ["72345", "72345", true],
    ["72345", "+12025572345", false],
    ["202.555.0143", "+12025550143", true],
    ["020 7946 0018", "+442079460018", true],
    ["+541123456789", "+5491123456789", true],
    ["+5491123456789", "+541123456789", true],
    ["011 15-2345-6789", "+5491123456789", true],
    ["+525512345678", "+5215512345678", true],
    ["2025550144", "+12025550143", false],
    ["(202) 555-0143 ext. 7", "+12025550143", false],
    ["+442025550143", "+12025550143", false],
    ["XXX-XXX-0143", "+12025550143", false],
    ["", "+12025550143", false],
    ["12345", "12345", true],
  ])("%j stands for %s: %s", (spelled, e164, isSame) => {
    expect(isSameNumber(spelled, e164)).toBe(isSame);
  });

  it.each([
    ["Caf\u00e9", "Cafe\u0301", true],
    [" My  cabin ", "My cabin", true],
    ["my cabin", "My cabin", false],
    [undefined, "My cabin", false],
  ])("the label %j is %j: %s", (shown, asked, isSame) => {
    expect(isSameLabel(shown, asked)).toBe(isSame);
  });
});

describe("a phone number from RingCentral", () => {
  it.each([
    ["+18005550100", "+18005550100"],
    ["+1 (800) 555-0100", "+18005550100"],
    ["18005550100", "18005550100"],
    ["13812345678", "13812345678"],
    ["2025550143", "2025550143"],
    ["911", "911"],
    ["+1202555XXXX", "+1202555XXXX"],
  ])("%s is returned as %s", (wire, ours) => {
    expect(toE164(wire)).toBe(ours);
  });
});

function problemOf(run: () => unknown): ProblemError {
  try {
    run();
  } catch (error) {
    if (error instanceof ProblemError) return error;
  }
  throw new Error("no problem was raised");
}
