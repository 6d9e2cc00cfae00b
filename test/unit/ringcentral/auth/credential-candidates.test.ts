import { expect, it } from "vitest";
import type { Credentials } from "../../../../lib/platform/credentials.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { createCredentialCandidates } from "../../../../lib/ringcentral/auth/credential-candidates.ts";
import { leapingClock } from "../../../support/manual-clock.ts";

const version = (jwt: string): Credentials => ({
  server: "https://rc.test",
  clientId: "c",
  clientSecret: "s",
  jwt,
});

it("the candidates are re-read every 15 s at most unless forced, and stay known when that fails", async () => {
  const clock = leapingClock();
  const soon = deadlineIn(60_000, clock, 0);
  let current = "v1";
  let readings = 0;
  let isAway = false;
  const source = {
    current: async () => version(current),
    async refreshed() {
      readings += 1;
      if (isAway) throw new Error("away");
      return [version("v2"), version("v1")];
    },
  };
  const candidates = createCredentialCandidates(source, "1", clock);
  const jwts = (list: readonly { credentials: Credentials }[]) =>
    list.map(({ credentials }) => credentials.jwt);
  expect(jwts(await candidates.list(soon))).toEqual(["v1"]);
  expect(jwts(await candidates.reread(soon))).toEqual(["v2", "v1"]);
  await candidates.reread(soon);
  expect(readings).toBe(1);
  isAway = true;
  expect(jwts(await candidates.reread(soon, true))).toEqual(["v2", "v1"]);
  expect(readings).toBe(2);
  // AWSCURRENT is one of the known versions, then a third one: the oldest is forgotten.
  current = "v2";
  expect(jwts(await candidates.list(soon))).toEqual(["v2", "v1"]);
  current = "v3";
  expect(jwts(await candidates.list(soon))).toEqual(["v3"]);
});
