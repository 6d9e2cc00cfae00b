import { describe, expect, it } from "vitest";
import { parseSecretValue } from "../../../lib/platform/credentials.ts";
import { ConfigurationError } from "../../../lib/platform/settings.ts";

const GOOD = {
  server: "https://platform.ringcentral.com",
  clientId: "client-identity",
  clientSecret: "client-password",
  jwt: "aaaa.bbbb.cccc",
};

function faultOf(value: unknown): ConfigurationError {
  try {
    parseSecretValue(typeof value === "string" ? value : JSON.stringify(value));
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("expected a ConfigurationError");
}

describe("a secret", () => {
  it("has four fields; others are ignored", () => {
    expect(parseSecretValue(JSON.stringify({ ...GOOD, note: "rotated by ops" }))).toEqual(GOOD);
    expect(parseSecretValue(`\ufeff${JSON.stringify(GOOD)}\r\n`)).toEqual(GOOD);
  });

  it.each([
    ["https://platform.ringcentral.com/", "https://platform.ringcentral.com"],
    ["https://PLATFORM.ringcentral.com:443", "https://platform.ringcentral.com"],
    ["https://platform.ringcentral.biz", "https://platform.ringcentral.biz"],
    ["http://127.0.0.1:4010", "http://127.0.0.1:4010"],
    ["http://localhost:4010/", "http://localhost:4010"],
    ["http://[::1]:4010", "http://[::1]:4010"],
  ])("takes %s for the server %s", (server, expected) => {
    expect(parseSecretValue(JSON.stringify({ ...GOOD, server })).server).toBe(expected);
  });

  it.each([
    ["http://platform.ringcentral.com"],
    ["http://127.0.0.1.evil.test"],
    ["http://localhost.evil.test"],
    ["ftp://platform.ringcentral.com"],
    ["platform.ringcentral.com"],
    ["https://platform.ringcentral.com/restapi"],
    ["https://platform.ringcentral.com?x=1"],
    ["https://platform.ringcentral.com?"],
    ["https://platform.ringcentral.com#x"],
    ["https://user@platform.ringcentral.com"],
    ["https://"],
    [""],
  ])("does not send credentials to %j", (server) => {
    expect(faultOf({ ...GOOD, server }).setting).toBe("secret field server");
  });

  it("may name the brand whose log-in page people see", () => {
    expect(parseSecretValue(JSON.stringify({ ...GOOD, brandId: "3710" })).brandId).toBe("3710");
    expect(() => parseSecretValue(JSON.stringify({ ...GOOD, brandId: "" }))).toThrow("brandId");
  });

  it("of a public client has an empty client secret", () => {
    expect(parseSecretValue(JSON.stringify({ ...GOOD, clientSecret: "" })).clientSecret).toBe("");
  });

  it.each(["server", "clientId", "clientSecret", "jwt"])(
    "that lacks %s names that field as missing",
    (field) => {
      const { [field]: _, ...rest } = GOOD as Record<string, string>;
      const fault = faultOf(rest);
      expect(fault.setting).toBe(`secret field ${field}`);
      expect(fault.message).toContain("missing");
      expect(faultOf({ ...GOOD, [field]: 7 }).message).toContain("malformed");
    },
  );

  it.each([
    ["clientId", ""],
    ["jwt", ""],
    ["jwt", "two words"],
    ["jwt", "line\r\nX-Evil: 1"],
    ["clientSecret", "tab\t"],
    ["clientId", "naïve"],
  ])("with %s %j is rejected by that field's name", (field, value) => {
    expect(faultOf({ ...GOOD, [field]: value }).setting).toBe(`secret field ${field}`);
  });

  it.each(["", "not json", "null", "[]", '"text"', `{"jwt": "aaaa.bbbb.cccc"`])(
    "%j is rejected as a whole",
    (text) => {
      expect(faultOf(text).setting).toBe("secret");
    },
  );

  it("appears in errors by its field names, never by their values", () => {
    const faults = [
      faultOf({ ...GOOD, server: "http://hidden.test" }),
      faultOf({ ...GOOD, jwt: "hidden value" }),
      faultOf(`{"jwt": "hidden`),
    ];
    for (const { message, stack, cause } of faults)
      expect(`${message} ${stack} ${cause}`).not.toContain("hidden");
  });
});
