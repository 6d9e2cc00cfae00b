import { arnOf, kept, policy, resource } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/** The name of the secret with the key of the pseudonyms. */
export const pseudonymSecretName = (stage: string) => `ringfront/${stage}/pseudonyms`;

/** The name of the secret with the keys that seal sessions. */
export const sessionSecretName = (stage: string) => `ringfront/${stage}/sessions`;
/** The name of the secret with the signing keys and clients of the sign-in. */
export const signInSecretName = (stage: string) => `ringfront/${stage}/sign-in`;

/**
 * The secret for RingCentral's credentials, one for each account. It is made empty: an operator puts
 * `{ "server", "clientId", "clientSecret", "jwt" }` in (docs/operations.md), so no credential passes through a template.
 * It stays when the stack is deleted.
 *
 * Its policy denies reading to everyone in the account, administrators included, except the functions that need it and
 * the role of the parameter `secretReaderArn`. IAM decides who writes a new version, so an operator who rotates the
 * secret need not be able to read it.
 *
 * The pseudonyms' key is made by Secrets Manager, and read by the functions that know callers. So is the key that seals the
 * sessions of people who signed in. The sign-in's own secret is made empty: `npm run sign-in` fills it.
 */
export function secret({ stage, secrets, functions, text }: Stack) {
  const make = (
    logicalId: string,
    properties: object,
    permission: "secret" | "pseudonyms" | "sessions" | "signIn",
  ) => {
    const readers: unknown[] = functions
      .filter(({ permissions }) => permissions[permission])
      .map(({ logicalName }) => arnOf(`${logicalName}Role`));
    if (text("secretReaderArn") !== "") readers.push(text("secretReaderArn"));
    const secretProperties = { KmsKeyId: arnOf("DataKey"), ...properties };
    const policyProperties = {
      SecretId: { Ref: logicalId },
      BlockPublicPolicy: true,
      ResourcePolicy: policy(only(readers)),
    };
    return [
      [logicalId, resource("AWS::SecretsManager::Secret", secretProperties, kept)],
      [`${logicalId}Policy`, resource("AWS::SecretsManager::ResourcePolicy", policyProperties)],
    ] as const;
  };
  const credentials = secrets.flatMap(({ logicalId, name: Name }) => {
    const Description = `RingCentral credentials of the Ringfront account (stage ${stage})`;
    return make(logicalId, { Name, Description }, "secret");
  });
  const key = {
    Name: pseudonymSecretName(stage),
    Description: `The key of people's pseudonyms (stage ${stage}): with another one, people get other ids`,
    GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
  };
  const sealing = {
    Name: sessionSecretName(stage),
    Description: `The keys that seal RingCentral sessions (stage ${stage}): without them, people sign in again`,
    GenerateSecretString: {
      ...{ SecretStringTemplate: "{}", GenerateStringKey: "sealingKeys" },
      ...{ PasswordLength: 64, ExcludePunctuation: true },
    },
  };
  const signIn = {
    Name: signInSecretName(stage),
    Description: `Signing keys and clients of the sign-in (stage ${stage}): npm run sign-in`,
  };
  return {
    Resources: Object.fromEntries([
      ...credentials,
      ...make("PseudonymSecret", key, "pseudonyms"),
      ...make("SessionSecret", sealing, "sessions"),
      ...make("SignInSecret", signIn, "signIn"),
    ]),
  };
}

const only = (readers: readonly unknown[]) => ({
  Sid: "OnlyTheFunctionsRead",
  Effect: "Deny",
  Principal: "*",
  Action: ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"],
  // In a secret's policy this is that secret: Secrets Manager accepts nothing else.
  Resource: "*",
  Condition: { ArnNotEquals: { "aws:PrincipalArn": readers } },
});
