import { describe, expect, it } from "vitest";
import { keyOf } from "../../../lib/platform/credentials.ts";
import { deriveKey, openText, sealText } from "../../../lib/platform/seal.ts";

const key = deriveKey("hush", "tests");

describe("a derived key", () => {
  it("is the same for the same secret and purpose only", () => {
    expect(deriveKey("hush", "tests")).toEqual(key);
    expect(deriveKey("hush", "cursors")).not.toEqual(key);
    expect(deriveKey("other", "tests")).not.toEqual(key);
  });

  it("is never derived from an empty secret", () => {
    expect(() => deriveKey("", "tests")).toThrow("a key needs a secret");
  });

  it("comes from the JWT of a public client, which has no client secret", () => {
    const client = { server: "https://rc.test", clientId: "app", clientSecret: "", jwt: "jwt-1" };
    expect(keyOf(client, "tests")).toEqual(deriveKey("jwt-1", "tests"));
    expect(keyOf({ ...client, clientSecret: "hush" }, "tests")).toEqual(key);
  });
});

describe("a sealed text", () => {
  it("opens with any of the keys, in its own context only", () => {
    const sealed = sealText("Größe", key, "here");
    expect(openText(sealed, [deriveKey("new", "tests"), key], "here")).toBe("Größe");
    expect(openText(sealed, [deriveKey("new", "tests")], "here")).toBeUndefined();
    expect(openText(sealed, [key], "there")).toBeUndefined();
  });

  it("does not open after any change or truncation", () => {
    const bytes = Buffer.from(sealText("text", key, "here"), "base64url");
    for (const [index, byte] of bytes.entries()) {
      const changed = Buffer.from(bytes);
      changed[index] = byte ^ 1;
      expect(openText(changed.toString("base64url"), [key], "here")).toBeUndefined();
      const cut = bytes.subarray(0, index).toString("base64url");
      expect(openText(cut, [key], "here")).toBeUndefined();
    }
  });
});
