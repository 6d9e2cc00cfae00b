import committed from "../../docs/openapi.json" with { type: "json" };
import { withSignIn } from "../../lib/contract/openapi/sign-in.ts";
import { getOpenApiRoute } from "../../lib/contract/operations.ts";
import { definePublicHandler } from "../../lib/http/public-handler.ts";

const issuer = process.env.SIGN_IN_ISSUER ?? "";
const document = issuer === "" ? committed : withSignIn(committed, issuer);

export const handler = definePublicHandler(getOpenApiRoute, async () => document, {
  cacheControl: "public, max-age=300",
});
