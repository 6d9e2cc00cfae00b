// @ts-check
import { text } from "./service-functions.js";

/**
 * What a mobile team puts into its app's configuration, and an operator looks for first.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function outputs(variables) {
  const name = await text(variables, "domainName");
  const apiUrl =
    name === ""
      ? { "Fn::Sub": "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}" }
      : `https://${name}`;
  /** @param {string} Description @param {unknown} Value */
  const output = (Description, Value) => ({ Description, Value });
  return {
    Outputs: {
      ApiUrl: output("The address that apps call", apiUrl),
      OpenApiUrl: output("The API's description, for generators of clients", {
        "Fn::Join": ["", [apiUrl, "/openapi.json"]],
      }),
      AuthIssuer: output("Whose access tokens are taken", await text(variables, "authIssuer")),
      AuthAudience: output(
        "The audience that access tokens must name",
        await text(variables, "authAudience"),
      ),
      SecretName: output(
        "Where an operator puts RingCentral's credentials",
        `ringfront/${await variables.resolveVariable("sls:stage")}/ringcentral`,
      ),
      TableName: output("The one table", { Ref: "RecordsTable" }),
    },
  };
}
