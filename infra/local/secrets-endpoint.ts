import { randomUUID } from "node:crypto";
import type {
  CreateSecretRequest,
  GetSecretValueRequest,
  ListSecretsRequest,
  PutSecretValueRequest,
  UpdateSecretVersionStageRequest,
} from "@aws-sdk/client-secrets-manager";
import { AwsError, startAwsEndpoint } from "./aws-endpoint.ts";
import type { Listening } from "./ports.ts";

class Secret {
  readonly versions = new Map<string, { SecretString: string; CreatedDate: number }>();
  /** The id of the version that each stage is on. */
  readonly stages = new Map<string, string>();

  stagesOf(id: string): string[] {
    return [...this.stages].filter(([, on]) => on === id).map(([stage]) => stage);
  }

  /** The version that loses AWSCURRENT becomes AWSPREVIOUS. */
  moveStage(stage: string, to: string): void {
    const from = this.stages.get(stage);
    this.stages.set(stage, to);
    if (stage === "AWSCURRENT" && from !== undefined && from !== to) this.stages.set("AWSPREVIOUS", from);
  }
}

type Input = Partial<
  CreateSecretRequest &
    GetSecretValueRequest &
    ListSecretsRequest &
    PutSecretValueRequest &
    UpdateSecretVersionStageRequest
>;

/** Every response also has the secret's name and ARN. */
const operations: Record<string, (secret: Secret, input: Input) => object> = {
  GetSecretValue(secret, { VersionId, VersionStage }) {
    const stage = VersionStage ?? (VersionId === undefined ? "AWSCURRENT" : undefined);
    const id = VersionId ?? secret.stages.get(stage ?? "") ?? "";
    const version = secret.versions.get(id);
    if (version === undefined || (stage !== undefined && secret.stages.get(stage) !== id)) {
      throw notFound(
        `secret value for ${stage === undefined ? `VersionId: ${id}` : `staging label: ${stage}`}`,
      );
    }
    return { VersionId: id, VersionStages: secret.stagesOf(id), ...version };
  },

  DescribeSecret(secret) {
    const ids = [...new Set(secret.stages.values())];
    const VersionIdsToStages = Object.fromEntries(ids.map((id) => [id, secret.stagesOf(id)]));
    return { RotationEnabled: false, VersionIdsToStages };
  },

  PutSecretValue(secret, input) {
    const {
      SecretString = "",
      ClientRequestToken: id = randomUUID(),
      VersionStages = ["AWSCURRENT"],
    } = input;
    const known = secret.versions.get(id);
    if (known !== undefined && known.SecretString !== SecretString) {
      throw new AwsError("ResourceExistsException", "That ClientRequestToken names another secret value.");
    }
    if (known === undefined) secret.versions.set(id, { SecretString, CreatedDate: Date.now() / 1000 });
    for (const stage of VersionStages) secret.moveStage(stage, id);
    return { VersionId: id, VersionStages: secret.stagesOf(id) };
  },

  UpdateSecretVersionStage(secret, input) {
    const { VersionStage = "", MoveToVersionId = "", RemoveFromVersionId } = input;
    const isThere = secret.stages.get(VersionStage) === RemoveFromVersionId;
    if (!isThere || !secret.versions.has(MoveToVersionId)) {
      const message = `The staging label ${VersionStage} is not on the version to move it from.`;
      throw new AwsError("InvalidParameterException", message);
    }
    secret.moveStage(VersionStage, MoveToVersionId);
    return {};
  },
};
const notFound = (what: string) =>
  new AwsError("ResourceNotFoundException", `Secrets Manager can't find the specified ${what}`);

/**
 * The part of AWS Secrets Manager that a service needs to read and rotate secrets.
 * @param values secret strings by name; each starts as its AWSCURRENT version
 */
export function startSecretsEndpoint(values: Record<string, string>): Promise<Listening> {
  const secrets = new Map(Object.keys(values).map((name) => [name, new Secret()]));
  for (const [name, secret] of secrets) operations.PutSecretValue?.(secret, { SecretString: values[name] });
  const arnOf = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-local0`;
  return startAwsEndpoint((target, input: Input) => {
    if (target === "secretsmanager.CreateSecret" && input.Name !== undefined) {
      secrets.set(input.Name, new Secret());
      return { ARN: arnOf(input.Name), Name: input.Name };
    }
    if (target === "secretsmanager.ListSecrets") {
      const prefixes = input.Filters?.find(({ Key }) => Key === "name")?.Values ?? [""];
      const names = [...secrets.keys()].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
      return { SecretList: names.map((Name) => ({ ARN: arnOf(Name), Name })) };
    }
    const perform = operations[target.replace("secretsmanager.", "")];
    if (perform === undefined) {
      throw new AwsError("UnknownOperationException", `There is no operation "${target}" here.`);
    }
    if (!input.SecretId) throw new AwsError("ValidationException", "SecretId is missing.");
    const name = input.SecretId.replace(/^arn:.*:secret:(.*)-[A-Za-z0-9]{6}$/, "$1");
    const secret = secrets.get(name);
    if (secret === undefined) throw notFound("secret.");
    return { ARN: arnOf(name), Name: name, ...perform(secret, input) };
  });
}
