import { expect, it } from "vitest";
import type { Credentials } from "../../../lib/platform/credentials.ts";
import type { TokenCalls } from "../../../lib/ringcentral/auth/ports.ts";
import { loginUrl } from "../../../lib/sign-in/ringcentral-login.ts";

const app: Credentials = {
  server: "https://platform.ringcentral.biz",
  clientId: "app",
  clientSecret: "s3cret",
  jwt: "j",
};
const tokenCalls: TokenCalls = {
  take: () => Promise.reject(new Error("a visit takes no token call here")),
};

async function queryFor(credentials: Credentials) {
  const source = { current: async () => credentials, refreshed: async () => [credentials] };
  const redirectUri = "https://api.acme.example/oauth/callback";
  const url = new URL(await loginUrl({ credentials, source, tokenCalls, redirectUri, uid: "u" }));
  expect(`${url.origin}${url.pathname}`).toBe("https://platform.ringcentral.biz/restapi/oauth/authorize");
  return url.searchParams;
}

it("shows people the log-in page of their account's server and brand", async () => {
  expect((await queryFor({ ...app, brandId: "3710" })).get("brand_id")).toBe("3710");
  expect((await queryFor(app)).has("brand_id")).toBe(false);
});
