import { expect, test } from "vitest";
import committed from "../../../docs/openapi.json" with { type: "json" };
import { withSignIn } from "../../../lib/contract/openapi/sign-in.ts";

test("the served OpenAPI document names the API's own sign-in, for the same scopes; the committed one stays", () => {
  const before = structuredClone(committed);
  const served = withSignIn(committed, "https://numbers.example.com");
  expect(committed).toEqual(before);
  const { accessToken } = served.components.securitySchemes;
  const { scopes } = before.components.securitySchemes.accessToken.flows.authorizationCode;
  const tokenUrl = "https://numbers.example.com/oauth/token";
  expect(accessToken.flows).toEqual({
    authorizationCode: {
      authorizationUrl: "https://numbers.example.com/oauth/authorize",
      tokenUrl,
      refreshUrl: tokenUrl,
      scopes,
    },
    clientCredentials: { tokenUrl, scopes },
  });
  expect({
    ...served,
    components: { ...served.components, securitySchemes: before.components.securitySchemes },
  }).toEqual(before);
});
