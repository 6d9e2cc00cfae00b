import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { handler as getMe } from "../../functions/operations/get-me.ts";
import { startSecretsEndpoint } from "../../infra/local/secrets-endpoint.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { getMeRoute } from "../../lib/contract/people.ts";
import { resetRuntime } from "../../lib/runtime/runtime.ts";
import { invoke } from "../support/api-gateway.ts";
import { pseudonymSecret, type Service, startService } from "../support/service.ts";
import { syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";

const PREFIX = "ringfront/test/accounts/";
const OTHER = { accountId: SEED.otherAccountId, extensionId: SEED.otherAccountExtensionId };

let service: Service;
let sync: SyncServices;
let secrets: Awaited<ReturnType<typeof startSecretsEndpoint>>;

beforeAll(async () => {
  service = await startService();
  sync = await startSyncServices();
  const { clientId, clientSecret } = SEED;
  const secretOf = (jwt: string) => JSON.stringify({ server: service.twin.url, clientId, clientSecret, jwt });
  secrets = await startSecretsEndpoint({
    [`${PREFIX}${SEED.accountId}`]: secretOf(SEED.jwt),
    [`${PREFIX}${OTHER.accountId}`]: secretOf(SEED.jwts.otherAccountAdmin),
    ...pseudonymSecret,
  });
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.url);
  vi.stubEnv("RINGCENTRAL_SECRET_ID", undefined);
  vi.stubEnv("RINGCENTRAL_SECRET_PREFIX", PREFIX);
  vi.stubEnv("SERVED_ACCOUNTS", `${SEED.accountId},${OTHER.accountId}`);
  resetRuntime({ random: () => 0 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await secrets.close();
  await sync.stop();
  await service.stop();
});

/** A sign-in that both accounts know by the same subject. */
const tokenOf = (accountId: string, extensionId: string) =>
  service.mint({
    sub: "same",
    scope: "numbers:read numbers:write ops:read account:manage",
    rc_account_id: accountId,
    rc_extension_id: extensionId,
  });

describe("two accounts of one deployment", () => {
  const accounts = [
    [SEED.accountId, SEED.extensionId],
    [OTHER.accountId, OTHER.extensionId],
  ] as const;

  it.each(accounts)(
    "%s has its own secret, session, budgets and keys of writes",
    async (accountId, extensionId) => {
      service.forget();
      const token = await tokenOf(accountId, extensionId);
      const path = { extensionId: "me" };
      const blocked = { phoneNumber: "+12025550188" };
      const headers = { "idempotency-key": "the-same-key-in-both" };
      const added = await invoke(addBlockedNumber, addBlockedNumberRoute, {
        token,
        path,
        headers,
        body: blocked,
      });
      expect(added).toMatchObject({ status: 201, body: { data: blocked } });
      expect(added.headers["idempotency-replayed"]).toBeUndefined();
      const list = await invoke(listBlockedNumbers, listBlockedNumbersRoute, { token, path });
      expect(list.body.data).toContainEqual(expect.objectContaining(blocked));
      const reached = service.sent().map((request) => request.path.split("/account/")[1]?.split("/")[0]);
      expect(new Set(reached)).toEqual(new Set([accountId]));
      const { body } = await invoke(getLimits, getLimitsRoute, { token });
      expect(body.data.token.generation).toBe(1);
      const spent: { granted: number }[] = body.data.budgets;
      expect(spent.reduce((sum, { granted }) => sum + granted, 0)).toBe(reached.length);
    },
  );

  it("do not reach each other, with account:manage either", async () => {
    service.forget();
    const token = await tokenOf(SEED.accountId, SEED.extensionId);
    const path = { extensionId: OTHER.extensionId };
    const { status } = await invoke(listBlockedNumbers, listBlockedNumbersRoute, { token, path });
    expect(status).toBe(404);
    expect(service.sent().map((request) => request.path)).not.toContainEqual(
      expect.stringContaining(OTHER.accountId),
    );
  });

  it("have a directory each, and a token without claims is its person in the one that has the e-mail", async () => {
    const lab = syncLab(service, sync);
    for (const [accountId] of accounts) {
      await lab.deliver({ accountId, kind: "directory", trigger: "schedule", requestedAt: Date.now() });
    }
    const signIn = async (email: string) => {
      const claims = { sub: email, email, email_verified: true };
      const token = await service.mint({ ...claims, rc_account_id: undefined, rc_extension_id: undefined });
      const { body } = await invoke(getMe, getMeRoute, { token });
      return body.code ?? [body.data.accountId, body.data.extension.id];
    };
    expect(await signIn(SEED.emails.user)).toEqual(accounts[0]);
    expect(await signIn("lea.roth@globex.example")).toEqual(accounts[1]);
    expect(await signIn("nobody@acme.example")).toBe("account_forbidden");
  });
});
