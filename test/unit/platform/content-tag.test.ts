import { describe, expect, it } from "vitest";
import { canonicalJson, contentTag } from "../../../lib/platform/content-tag.ts";

describe("canonicalJson", () => {
  it("gives equal values one text, whatever the order of their members", () => {
    const one = { b: [{ y: null, x: "1" }], a: { d: 0, c: undefined } };
    expect(canonicalJson(one)).toBe('{"a":{"d":0},"b":[{"x":"1","y":null}]}');
    expect(canonicalJson({ a: { d: 0 }, b: [{ x: "1", y: null }] })).toBe(canonicalJson(one));
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
    expect(canonicalJson(undefined)).toBe("null");
  });

  it("keeps what a plain copy would lose", () => {
    expect(canonicalJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
    const named = JSON.parse('{"b": 1, "__proto__": {"d": 1, "c": 2}, "a": {"f": 1, "e": 2}}');
    expect(canonicalJson(named)).toBe('{"__proto__":{"c":2,"d":1},"a":{"e":2,"f":1},"b":1}');
  });
});

it("tags content with a strong entity tag that a release does not change", () => {
  expect(contentTag({ label: "Caller", id: "7" })).toBe(contentTag({ id: "7", label: "Caller" }));
  expect(contentTag({ id: "7", label: "Caller" })).toBe('"3wQaDrX_IlrZO7kSLuhXuCPIofa"');
});
