import { list } from "./list.ts";

/** With it, packaging works on any machine; `npm run deploy` rejects it. */
const PLACEHOLDER = "https://issuer.invalid";

export type AuthorizerParameter = "authAudience" | "authIssuer" | "gatewayAuthorizer" | "signInIssuer";
export interface AuthorizerParameters {
  text(parameter: AuthorizerParameter): string;
}

/**
 * API Gateway's check of tokens: it rejects bad ones before a function is billed, and every function verifies the token
 * again. A route has one authorizer, and that has one issuer. So with a company's issuer and our own there is none, and the
 * functions alone decide.
 *
 * API Gateway reads the issuer's discovery document when the authorizer is made. Our own issuer cannot respond before its
 * function and its secret are there: `gatewayAuthorizer` is then `none`, and `npm run deploy` finds that out.
 */
export function gatewayAuthorizers({ text }: AuthorizerParameters): { callers?: object } {
  const [company, own] = [text("authIssuer"), text("signInIssuer")];
  const isAmbiguous = company !== "" && own !== "";
  if (isAmbiguous || text("gatewayAuthorizer") === "none") return {};
  return {
    callers: {
      type: "jwt",
      identitySource: "$request.header.Authorization",
      issuerUrl: company || own || PLACEHOLDER,
      // API Gateway compares them with a token's `client_id` when it has no `aud`.
      audience: company === "" && own !== "" ? [own] : list(text("authAudience")),
    },
  };
}
