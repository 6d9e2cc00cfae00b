import { arnOf, kept, policy, resource } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * The secret for RingCentral's credentials, one for each account. It is made empty: an operator puts
 * `{ "server", "clientId", "clientSecret", "jwt" }` in (docs/operations.md), so no credential passes through a template.
 * It stays when the stack is deleted.
 *
 * Its policy denies reading to everyone in the account, administrators included, except the functions that need it and
 * the role of the parameter `secretReaderArn`. IAM decides who writes a new version, so an operator who rotates the
 * secret need not be able to read it.
 */
export function secret({ stage, secrets, functions, text }: Stack) {
  const readers: unknown[] = functions
    .filter(({ permissions }) => permissions.secret)
    .map(({ logicalName }) => arnOf(`${logicalName}Role`));
  if (text("secretReaderArn") !== "") readers.push(text("secretReaderArn"));
  const onlyTheFunctionsRead = {
    Sid: "OnlyTheFunctionsRead",
    Effect: "Deny",
    Principal: "*",
    Action: ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"],
    // In a secret's policy this is that secret: Secrets Manager accepts nothing else.
    Resource: "*",
    Condition: { ArnNotEquals: { "aws:PrincipalArn": readers } },
  };
  const resources = secrets.flatMap(({ logicalId, name }) => {
    const secretProperties = {
      Name: name,
      Description: `RingCentral credentials of the Ringfront account (stage ${stage})`,
      KmsKeyId: arnOf("DataKey"),
    };
    const policyProperties = {
      SecretId: { Ref: logicalId },
      BlockPublicPolicy: true,
      ResourcePolicy: policy(onlyTheFunctionsRead),
    };
    return [
      [logicalId, resource("AWS::SecretsManager::Secret", secretProperties, kept)],
      [`${logicalId}Policy`, resource("AWS::SecretsManager::ResourcePolicy", policyProperties)],
    ] as const;
  });
  return { Resources: Object.fromEntries(resources) };
}
