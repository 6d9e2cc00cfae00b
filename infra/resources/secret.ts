import { arnOf } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * The secret with RingCentral's credentials. It is made empty: an operator puts
 * `{ "server", "clientId", "clientSecret", "jwt" }` in (README, "Deploying"), so that no credential ever passes
 * through a template. Kept when the stack goes.
 *
 * Its policy denies reading to everyone in the account, administrators included, but the functions that need it and
 * the role of the parameter `secretReaderArn`. Writing a new version stays a matter of IAM, so that who rotates the
 * secret need not be able to read it.
 */
export function secret({ stage, secretName, functions, text }: Stack) {
  const readers: unknown[] = functions
    .filter(({ permissions }) => permissions.secret)
    .map(({ logicalName }) => arnOf(`${logicalName}Role`));
  if (text("secretReaderArn") !== "") readers.push(text("secretReaderArn"));
  return {
    Resources: {
      RingCentralSecret: {
        Type: "AWS::SecretsManager::Secret",
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          Name: secretName,
          Description: `RingCentral credentials of the Ringfront account (stage ${stage})`,
          KmsKeyId: arnOf("DataKey"),
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
                Condition: { ArnNotEquals: { "aws:PrincipalArn": readers } },
              },
            ],
          },
        },
      },
    },
  };
}
