import { expect, test } from "vitest";
import { systemClock } from "../../../lib/platform/clock.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import type { UserSessions } from "../../../lib/ringcentral/auth/ports.ts";
import { auditedSessions } from "../../../lib/sign-in/audited-sessions.ts";

const user = { accountId: "37", extensionId: "38" };
const deadline = deadlineIn(1_000, systemClock);
const grant = { accessToken: "a", expiresInSeconds: 1, refreshToken: "r", sentAt: 0 };

test("the audit is told of who has logged in and out, and of nobody whose session did not begin or end", async () => {
  const told: unknown[] = [];
  let isBroken = false;
  const act = async () => {
    if (isBroken) throw new Error("the table is away");
  };
  const sessions: UserSessions = { begin: act, end: act, state: async () => "active" };
  const audited = auditedSessions(sessions, (name, whose) => told.push([name, whose]));
  await audited.begin(user, grant, deadline);
  expect(await audited.state(user)).toBe("active");
  await audited.end(user, deadline);
  expect(told).toEqual([
    ["logIn", user],
    ["logOut", user],
  ]);
  isBroken = true;
  await expect(audited.begin(user, grant, deadline)).rejects.toThrow();
  await expect(audited.end(user, deadline)).rejects.toThrow();
  expect(told).toHaveLength(2);
});
