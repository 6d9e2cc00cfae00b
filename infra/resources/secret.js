// @ts-check

import { rightsOf } from "./rights.js";
import { serviceFunctions, text } from "./service-functions.js";

/**
 * The secret with RingCentral's credentials. It is made empty: an operator puts
 * `{ "server", "clientId", "clientSecret", "jwt" }` in (README, "Deploying"), so that no credential ever passes
 * through a template. Kept when the stack goes.
 *
 * Its own policy denies reading to everyone in the account, administrators included, but the functions that need
 * it and the role named by the parameter `secretReaderArn`. Writing a new version stays a matter of IAM, so that
 * whoever rotates the secret need not be able to read it.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function secret(variables) {
  const stage = await variables.resolveVariable("sls:stage");
  const functions = await serviceFunctions(variables);
  const readers = functions
    .filter((definition) => rightsOf(definition).secret)
    .map(({ logicalName }) => ({ "Fn::GetAtt": [`${logicalName}Role`, "Arn"] }));
  const other = await text(variables, "secretReaderArn");
  return {
    Resources: {
      RingCentralSecret: {
        Type: "AWS::SecretsManager::Secret",
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          Name: `ringfront/${stage}/ringcentral`,
          Description: `RingCentral credentials of the Ringfront account (stage ${stage})`,
          KmsKeyId: { "Fn::GetAtt": ["DataKey", "Arn"] },
        },
      },
      RingCentralSecretPolicy: {
        Type: "AWS::SecretsManager::ResourcePolicy",
        Properties: {
          SecretId: { Ref: "RingCentralSecret" },
          BlockPublicPolicy: true,
          ResourcePolicy: {
            Version: "2012-10-17",
            Statement: [
              {
                Sid: "OnlyTheFunctionsRead",
                Effect: "Deny",
                Principal: "*",
                Action: ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"],
                // In a secret's policy this is that secret: Secrets Manager takes nothing else.
                Resource: "*",
                Condition: {
                  ArnNotEquals: { "aws:PrincipalArn": other === "" ? readers : [...readers, other] },
                },
              },
            ],
          },
        },
      },
    },
  };
}
