import { describe, expect, test } from "vitest";
import { clientOf, json, problem } from "./fake-api.ts";

const LIST = "/v1/account/phone-numbers";
const empty = () => json({ data: [], page: { limit: 100, hasMore: false }, meta: {} });
const sent = (requests: Request[]) => requests.map(({ headers }) => headers.get("Authorization"));

/** Gives token-1, and a new token at each renewal. */
function tokenCache() {
  let generation = 1;
  return async ({ renew }: { renew: boolean }) => {
    if (renew) generation += 1;
    return `token-${generation}`;
  };
}

describe("the access token", () => {
  test("is sent with every request; without a token there is no header", async () => {
    const { client, requests } = clientOf([empty]);
    await client.GET(LIST);
    expect(sent(requests)).toEqual(["Bearer token-1"]);
  });

  test("is renewed once when the API says that it expired", async () => {
    const { client, requests } = clientOf([() => problem(401, "token_expired"), empty, empty], {
      accessToken: tokenCache(),
    });
    expect((await client.GET(LIST)).response.status).toBe(200);
    await client.GET(LIST);
    expect(sent(requests)).toEqual(["Bearer token-1", "Bearer token-2", "Bearer token-2"]);
  });

  test("is renewed when API Gateway rejects it without a reason", async () => {
    const { client } = clientOf([() => json({ message: "Unauthorized" }, {}, 401), empty], {
      accessToken: tokenCache(),
    });
    expect((await client.GET(LIST)).response.status).toBe(200);
  });

  test("is not renewed twice for one request", async () => {
    const expired = () => problem(401, "token_expired");
    const { client, requests } = clientOf([expired, expired], { accessToken: tokenCache() });
    expect((await client.GET(LIST)).error).toMatchObject({ code: "token_expired" });
    expect(requests).toHaveLength(2);
  });

  test("is not renewed when the API rejects it for another reason", async () => {
    const { client, requests } = clientOf([() => problem(401, "token_invalid")], {
      accessToken: tokenCache(),
    });
    expect((await client.GET(LIST)).error).toMatchObject({ code: "token_invalid" });
    expect(requests).toHaveLength(1);
  });

  test("keeps the Idempotency-Key across the renewal", async () => {
    const { client, requests } = clientOf(
      [() => problem(401, "token_expired"), () => json({ data: {} }, {}, 201)],
      { accessToken: tokenCache() },
    );
    const params = { path: { extensionId: "me" } };
    const body = { phoneNumber: "+12025550143" };
    await client.POST("/v1/extensions/{extensionId}/blocked-numbers", { params, body });
    const [first, second] = requests.map(({ headers }) => headers.get("Idempotency-Key"));
    expect(first).toBe(second);
    expect(await requests[1]?.json()).toEqual(body);
  });
});
