import { arnOf, kept, policy, resource } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * The secret for RingCentral's credentials. It is made empty: an operator puts
 * `{ "server", "clientId", "clientSecret", "jwt" }` in (docs/operations.md), so no credential passes through a template.
 * It stays when the stack is deleted.
 *
 * Its policy denies reading to everyone in the account, administrators included, except the functions that need it and
 * the role of the parameter `secretReaderArn`. IAM decides who writes a new version, so an operator who rotates the
 * secret need not be able to read it.
 */
export function secret({ stage, secretName, functions, text }: Stack) {
  const readers: unknown[] = functions
    .filter(({ permissions }) => permissions.secret)
    .map(({ logicalName }) => arnOf(`${logicalName}Role`));
  if (text("secretReaderArn") !== "") readers.push(text("secretReaderArn"));
  const secretProperties = {
    Name: secretName,
    Description: `RingCentral credentials of the Ringfront account (stage ${stage})`,
    KmsKeyId: arnOf("DataKey"),
  };
  const onlyTheFunctionsRead = {
    Sid: "OnlyTheFunctionsRead",
    Effect: "Deny",
    Principal: "*",
    Action: ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"],
    // In a secret's policy this is that secret: Secrets Manager accepts nothing else.
    Resource: "*",
    Condition: { ArnNotEquals: { "aws:PrincipalArn": readers } },
  };
  return {
    Resources: {
      RingCentralSecret: resource("AWS::SecretsManager::Secret", secretProperties, kept),
      RingCentralSecretPolicy: resource("AWS::SecretsManager::ResourcePolicy", {
        SecretId: { Ref: "RingCentralSecret" },
        BlockPublicPolicy: true,
        ResourcePolicy: policy(onlyTheFunctionsRead),
      }),
    },
  };
}
