import { SDK } from "@ringcentral/sdk";
import { afterAll, expect, test } from "vitest";
import { companyNumbersPath, extensionPath, type ListResponse } from "./http-lab.ts";
import { SEED, startTwin } from "./twin.ts";

const twin = await startTwin({ numbers: 20 });
afterAll(() => twin.close());

test("RingCentral's own SDK logs in and completes all seven operations", async () => {
  const sdk = new SDK({ server: twin.url, clientId: SEED.clientId, clientSecret: SEED.clientSecret });
  const platform = sdk.platform();
  await platform.login({ jwt: SEED.jwt });
  const path = extensionPath();
  const list = async (from: string) => (await (await platform.get(from)).json()) as ListResponse;

  expect((await list(`${path}/blocked-number`)).records).toHaveLength(3);
  const blocked = await platform.post(`${path}/blocked-number`, { phoneNumber: "+12025550188" });
  expect([blocked.status, await blocked.json()]).toMatchObject([200, { phoneNumber: "+12025550188" }]);
  expect((await list(`${path}/caller-blocking/phone-numbers`)).records).toHaveLength(4);
  expect((await list(`${path}/forwarding-number`)).records).toHaveLength(4);
  const added = await platform.post(`${path}/forwarding-number`, {
    phoneNumber: "+13125550101",
    label: "Cabin",
  });
  const { id } = (await added.json()) as { id: string };
  const put = await platform.put(`${path}/forwarding-number/${id}`, {
    phoneNumber: "+13125550102",
    label: "Cabin",
    flipNumber: "7",
    type: "Other",
  });
  expect(await put.json()).toMatchObject({ id, phoneNumber: "+13125550102", flipNumber: "7" });
  expect((await list(companyNumbersPath)).records).toHaveLength(20);

  await platform.refresh();
  expect((await list(`${path}/forwarding-number`)).records).toHaveLength(5);
  await platform.logout();
  expect(twin.sessions).toEqual([]);
});

test("the SDK refreshes its login after a dead token", async () => {
  const sdk = new SDK({ server: twin.url, clientId: SEED.clientId, clientSecret: SEED.clientSecret });
  await sdk.platform().login({ jwt: SEED.jwt });
  twin.expireTokens();
  const response = await sdk.platform().get(`${extensionPath()}/forwarding-number`);
  expect(response.status).toBe(200);
});

test.each([
  ["a confidential client", { clientId: SEED.clientId, clientSecret: SEED.clientSecret }],
  ["a public client", SEED.apps.public],
])("the SDK of %s signs a person in with PKCE", async (_, client) => {
  const redirectUri = "https://app.example/callback";
  twin.clearLimits();
  twin.registerRedirectUris([redirectUri]);
  const sdk = new SDK({ server: twin.url, ...client, redirectUri });
  const platform = sdk.platform();
  const url = platform.loginUrl({ usePKCE: true, state: "s" });
  const back = platform.parseLoginRedirect(new URL(await twin.signIn(url, SEED.extensionId)).search);
  await platform.login({ code: String(back.code), code_verifier: platform.codeVerifier });
  expect(await (await platform.get(extensionPath("~"))).json()).toMatchObject({ name: "Ana Ruiz" });
  await platform.refresh();
  expect((await platform.get(extensionPath("~"))).status).toBe(200);
  await platform.logout();
  expect(twin.sessions.filter(({ user }) => user.extensionId === SEED.extensionId)).toEqual([]);
});
