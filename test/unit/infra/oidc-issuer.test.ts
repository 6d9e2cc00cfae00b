import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkIssuer, explainToken, readIssuers } from "../../../infra/doctor/identity.ts";
import { startOidcIssuer } from "../../../infra/local/oidc-issuer.ts";
import { systemClock } from "../../../lib/platform/clock.ts";
import { SEED } from "../../twin/twin.ts";

test("a token of the local issuer is good after a restart, and beside a second issuer", async () => {
  const dir = mkdtempSync(join(tmpdir(), "ringfront-issuer-"));
  const options = { statePath: join(dir, "issuer.json") };
  const first = await startOidcIssuer("ringfront", SEED, options);
  const { user } = first.tokens;
  await first.close();
  expect(statSync(options.statePath).mode & 0o777).toBe(0o600);
  const again = await startOidcIssuer("ringfront", SEED, options);
  const beside = await startOidcIssuer("ringfront", SEED, options);
  expect(again.url).toBe(first.url);
  expect(beside.url).not.toBe(first.url);
  const { keys } = await checkIssuer(again.url);
  const [issuer] = readIssuers({
    AUTH_ISSUER: again.url,
    AUTH_AUDIENCE: "ringfront",
    SERVED_ACCOUNTS: SEED.accountId,
  });
  const findings = await explainToken(user, issuer, { keys, clock: systemClock });
  expect(findings.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  await Promise.all([again.close(), beside.close()]);
  rmSync(dir, { recursive: true });
});
