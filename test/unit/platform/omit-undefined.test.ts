import { expect, it } from "vitest";
import { omitUndefined } from "../../../lib/platform/omit-undefined.ts";

it("drops undefined fields and keeps null, zero and the empty text", () => {
  const kept: { a: number; b?: string; c?: null } = omitUndefined({
    a: 0,
    b: undefined as string | undefined,
    c: null,
  });
  expect(Object.entries(kept)).toEqual([
    ["a", 0],
    ["c", null],
  ]);
  expect(Object.entries(omitUndefined({ text: "" }))).toEqual([["text", ""]]);
});
