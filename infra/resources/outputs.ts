import { gatewayAuthorizers } from "./authorizers.ts";
import { sub } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

const output = (Description: string, Value: unknown) => ({ Description, Value });

/** The values that a mobile team puts into its app's configuration, and that an operator looks for first. */
export function outputs({ text, secrets }: Stack) {
  const { callers } = gatewayAuthorizers({ text });
  const domain = text("domainName");
  const apiUrl =
    domain === ""
      ? sub("https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}")
      : `https://${domain}`;
  return {
    Outputs: {
      ApiUrl: output("The address that apps call", apiUrl),
      GatewayAuthorizer: output(
        "Whether API Gateway checks tokens before a function does",
        callers === undefined ? "none" : "jwt",
      ),
      OpenApiUrl: output("The API's description, for generators of clients", {
        "Fn::Join": ["", [apiUrl, "/openapi.json"]],
      }),
      ...(text("authIssuer") !== "" && {
        AuthIssuer: output("Whose access tokens are taken", text("authIssuer")),
        AuthAudience: output("The audience that access tokens must name", text("authAudience")),
      }),
      ...(text("signInIssuer") !== "" && {
        SignInIssuer: output(
          "The issuer for apps that sign people in with RingCentral",
          text("signInIssuer"),
        ),
        SignInSecretName: output("Where npm run sign-in keeps keys and clients", { Ref: "SignInSecret" }),
      }),
      SecretName: output(
        "Where an operator puts RingCentral's credentials",
        secrets.map(({ name }) => name).join(", "),
      ),
      TableName: output("The one table", { Ref: "RecordsTable" }),
    },
  };
}
