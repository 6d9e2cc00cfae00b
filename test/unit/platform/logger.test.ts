import { expect, test } from "vitest";
import { createLogger } from "../../../lib/platform/logger.ts";
import { manualClock } from "../../support/manual-clock.ts";

/** One line as it is written. */
function written(message: string, fields?: Record<string, unknown>): string {
  let line = "";
  createLogger({}, { clock: manualClock(), write: (text) => (line += text) }).info(message, fields);
  return line;
}

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl";
const names = [
  "authorization",
  "Set-Cookie",
  "jwt",
  "client_secret",
  "access_token",
  "refreshToken",
  "id_token",
];

test.each(names)("a log line holds nothing of a field %s, wherever it is", (name) => {
  expect(written("call", { [name]: "hush" })).not.toContain("hush");
  expect(written("call", { request: { headers: [{ [name]: "hush" }] } })).not.toContain("hush");
});

test("a log line holds no token and no phone number, in its text or an error's", () => {
  const texts = [jwt, "Bearer abc.hush", "Basic aHVzaDpodXNo", "+1 (202) 555-0123", "+12025550123"];
  for (const text of texts) {
    const cause = new Error(`caused by ${text}`);
    const line = written(`about ${text}`, { nested: [text], error: new Error(`with ${text}`, { cause }) });
    expect(line).not.toMatch(/eyJ|hush|aHVz|555-?0123/);
    expect(line).toMatch(/\[redacted\]|\+\*23/);
  }
});
