import { expect, test } from "vitest";
import { logEvent, rateLimitMessages, syncMessages, tokenMessages } from "../../../lib/runtime/log-event.ts";
import { captureLog } from "../../support/capture-log.ts";

test("a failed login is a warning; other events are not", () => {
  const { log, lines } = captureLog();
  const failed = { type: "login_failed", kind: "auth", durationMs: 5 } as const;
  logEvent(log, tokenMessages, failed);
  logEvent(log, rateLimitMessages, { type: "resumed", group: "light" });
  expect(lines()).toMatchObject([
    { level: "warn", message: "login to RingCentral failed", event: failed },
    { level: "info", message: "calls to a RingCentral group are resumed", event: { group: "light" } },
  ]);
});

test("no two events have the same sentence", () => {
  const all = [tokenMessages, rateLimitMessages, syncMessages].flatMap((each) => Object.values(each));
  expect(new Set(all).size).toBe(all.length);
});
