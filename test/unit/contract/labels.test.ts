import { describe, expect, it } from "vitest";
import { Label } from "../../../lib/contract/parameters.ts";
import { fieldErrors } from "../../../lib/http/field-errors.ts";

const family = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}";

describe("a label", () => {
  it.each([
    ["Robocaller", "Robocaller"],
    [" My  cabin\n", "My  cabin"],
    ["Cafe\u0301", "Caf\u00e9"],
    [`Home ${family}`, `Home ${family}`],
    ["\u2764\ufe0f", "\u2764\ufe0f"],
    ["\u05d0\u05de\u05d0", "\u05d0\u05de\u05d0"],
    ["\u200f\u0645\u0646\u0632\u0644\u200f", "\u200f\u0645\u0646\u0632\u0644\u200f"],
    ["\u2068\u0645\u0646\u0632\u0644\u2069 2", "\u2068\u0645\u0646\u0632\u0644\u2069 2"],
    ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"],
    ["x".repeat(60), "x".repeat(60)],
    ["\u{1f600}".repeat(30), "\u{1f600}".repeat(30)],
  ])("%j is kept as %j", (text, kept) => {
    expect(Label.parse(text)).toBe(kept);
  });

  it.each([
    ["", "too_short", /can be seen/],
    ["   ", "too_short", /can be seen/],
    ["\u200b\u200d\u2060\ufeff", "too_short", /can be seen/],
    ["\u00a0\u3000", "too_short", /can be seen/],
    ["\u3164\u115f\u2800", "too_short", /can be seen/],
    ["\u0301", "too_short", /can be seen/],
    ["a\ud83d", "format", /surrogate/],
    ["\ude00a", "format", /surrogate/],
    ["\u202egnp.exe", "format", /direction/],
    ["\u202d+1 202\u202c", "format", /direction/],
    ["a\u0007b", "format", /control characters/],
    ["a\u2028b", "format", /line breaks/],
    ["x".repeat(61), "too_long", /60/],
    ["\u{1f600}".repeat(31), "too_long", /60/],
    // Composed letters are longer here than their parts.
    ["\ufb2c".repeat(21), "too_long", /60/],
  ])("%j is refused as %s", (text, code, detail) => {
    const errors = fieldErrors("body", Label.safeParse(text).error?.issues ?? []);
    expect(errors).toEqual([{ in: "body", field: "body", code, detail: expect.stringMatching(detail) }]);
  });
});
