import { describe, expect, it } from "vitest";
import { fingerprint, openToken, sealToken } from "../../../../lib/ringcentral/auth/sealed-token.ts";

const credentials = {
  server: "https://rc.test",
  clientId: "app",
  clientSecret: "hush-hush",
  jwt: "the-jwt-credential",
};
const token = { value: "very-secret-token", expiresAt: 1_000, server: "https://rc.test", ownerId: "100" };
const here = { accountKey: "a1", generation: 7 };

describe("a sealed token", () => {
  it("opens with the secret it was sealed with, for the record it was sealed for", () => {
    expect(openToken(sealToken(token, credentials, here), credentials, here)).toEqual(token);
    const { ownerId: _, ...anonymous } = token;
    expect(openToken(sealToken(anonymous, credentials, here), credentials, here)).toEqual(anonymous);
  });

  it("shows neither the token nor anything of the credentials", () => {
    const text = JSON.stringify(sealToken(token, credentials, here));
    for (const secret of [token.value, "hush-hush", "the-jwt-credential", "app", "rc.test", "100"]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString("base64url"));
    }
  });

  it("is different every time, also for the same token", () => {
    const [a, b] = [sealToken(token, credentials, here), sealToken(token, credentials, here)];
    expect(a.text).not.toBe(b.text);
  });

  it("does not open with another secret", () => {
    const sealed = sealToken(token, credentials, here);
    expect(openToken(sealed, { ...credentials, clientSecret: "other" }, here)).toBeUndefined();
  });

  it("does not open when copied to another account or generation", () => {
    const sealed = sealToken(token, credentials, here);
    expect(openToken(sealed, credentials, { ...here, accountKey: "a2" })).toBeUndefined();
    expect(openToken(sealed, credentials, { ...here, generation: 8 })).toBeUndefined();
  });

  it("does not open after a change or a cut", () => {
    const sealed = sealToken(token, credentials, here);
    const bytes = Buffer.from(sealed.text, "base64url");
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    for (const text of [bytes.toString("base64url"), sealed.text.slice(0, 4), ""]) {
      expect(openToken({ ...sealed, text }, credentials, here)).toBeUndefined();
    }
  });

  it("of a public client opens with its JWT only, since there is no client secret", () => {
    const client = { ...credentials, clientSecret: "" };
    const sealed = sealToken(token, client, here);
    expect(openToken(sealed, client, here)).toEqual(token);
    expect(openToken(sealed, { ...client, jwt: "a guess" }, here)).toBeUndefined();
  });
});

describe("the fingerprint of credentials", () => {
  it("is the same for the same, and changes with any part and with the account", () => {
    const base = fingerprint(credentials, "a1");
    expect(fingerprint({ ...credentials }, "a1")).toBe(base);
    const others = [
      fingerprint(credentials, "a2"),
      ...(["server", "clientId", "clientSecret", "jwt"] as const).map((part) =>
        fingerprint({ ...credentials, [part]: "x" }, "a1"),
      ),
    ];
    expect(new Set([base, ...others]).size).toBe(6);
  });
});
