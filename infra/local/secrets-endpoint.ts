import { randomUUID } from "node:crypto";
import * as z from "zod/mini";
import { AwsError, parseInput, startAwsEndpoint } from "./aws-endpoint.ts";
import type { Listening } from "./ports.ts";

/**
 * The part of AWS Secrets Manager that a service needs to read and rotate one secret: GetSecretValue, DescribeSecret,
 * PutSecretValue and UpdateSecretVersionStage, with the stages AWSCURRENT and AWSPREVIOUS.
 */
export type SecretsEndpoint = Listening;

interface Version {
  id: string;
  secretString: string;
  createdAt: number;
  stages: Set<string>;
}

const name = z.string().check(z.minLength(1));
const AnyInput = z.object({ SecretId: name });
const GetSecretValue = z.object({ VersionId: z.optional(z.string()), VersionStage: z.optional(z.string()) });
const PutSecretValue = z.object({
  SecretString: z.string(),
  ClientRequestToken: z.optional(z.string()),
  VersionStages: z._default(z.array(z.string()), ["AWSCURRENT"]),
});
const UpdateSecretVersionStage = z.object({
  VersionStage: name,
  MoveToVersionId: z.string(),
  RemoveFromVersionId: z.string(),
});

/** Each operation, on the versions of one secret. Every response also has the secret's name and ARN. */
const operations: Record<string, (versions: Version[], input: unknown) => object> = {
  GetSecretValue(versions, input) {
    const { VersionId, VersionStage } = parseInput(GetSecretValue, input);
    const stage = VersionStage ?? (VersionId === undefined ? "AWSCURRENT" : undefined);
    const version = versions.find(
      ({ id, stages }) =>
        (VersionId === undefined || id === VersionId) && (stage === undefined || stages.has(stage)),
    );
    if (version === undefined) {
      const which = stage === undefined ? `VersionId: ${VersionId}` : `staging label: ${stage}`;
      throw notFound(`secret value for ${which}`);
    }
    const { id, secretString, createdAt, stages } = version;
    return {
      VersionId: id,
      SecretString: secretString,
      VersionStages: [...stages],
      CreatedDate: createdAt / 1000,
    };
  },

  DescribeSecret(versions) {
    const staged = versions.filter(({ stages }) => stages.size > 0);
    const entries = staged.map(({ id, stages }) => [id, [...stages]]);
    return { RotationEnabled: false, VersionIdsToStages: Object.fromEntries(entries) };
  },

  PutSecretValue(versions, input) {
    const { SecretString, ClientRequestToken, VersionStages } = parseInput(PutSecretValue, input);
    const id = ClientRequestToken ?? randomUUID();
    const known = versions.find((version) => version.id === id);
    if (known !== undefined && known.secretString !== SecretString) {
      throw new AwsError("ResourceExistsException", "That ClientRequestToken names another secret value.");
    }
    const version = known ?? newVersion(SecretString, id);
    if (known === undefined) versions.push(version);
    for (const stage of VersionStages) moveStage(versions, version, stage);
    return { VersionId: id, VersionStages: [...version.stages] };
  },

  UpdateSecretVersionStage(versions, input) {
    const { VersionStage, MoveToVersionId, RemoveFromVersionId } = parseInput(
      UpdateSecretVersionStage,
      input,
    );
    const holder = versions.find(({ stages }) => stages.has(VersionStage));
    const target = versions.find(({ id }) => id === MoveToVersionId);
    if (target === undefined || holder?.id !== RemoveFromVersionId) {
      throw new AwsError(
        "InvalidParameterException",
        `The staging label ${VersionStage} is not on the version to move it from.`,
      );
    }
    moveStage(versions, target, VersionStage);
    return {};
  },
};

/** @param secrets secret strings by name; each starts as its AWSCURRENT version */
export function startSecretsEndpoint(secrets: Record<string, string>): Promise<SecretsEndpoint> {
  const stored = new Map(
    Object.entries(secrets).map(([name, value]) => [name, [newVersion(value, randomUUID(), "AWSCURRENT")]]),
  );
  return startAwsEndpoint((target, input) => {
    const perform = operations[target.replace("secretsmanager.", "")];
    if (perform === undefined) {
      throw new AwsError("UnknownOperationException", `There is no operation "${target}" here.`);
    }
    const { SecretId } = parseInput(AnyInput, input);
    const name = SecretId.replace(/^arn:.*:secret:(.*)-[A-Za-z0-9]{6}$/, "$1");
    const versions = stored.get(name);
    if (versions === undefined) throw notFound("secret.");
    const ARN = `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-local0`;
    return { ARN, Name: name, ...perform(versions, input) };
  });
}

const notFound = (what: string) =>
  new AwsError("ResourceNotFoundException", `Secrets Manager can't find the specified ${what}`);

/** A stage is on one version at a time; the version that loses AWSCURRENT becomes AWSPREVIOUS. */
function moveStage(versions: Version[], to: Version, stage: string): void {
  const from = versions.find(({ stages }) => stages.has(stage));
  if (from === to) return;
  from?.stages.delete(stage);
  to.stages.add(stage);
  if (stage !== "AWSCURRENT" || from === undefined) return;
  for (const version of versions) version.stages.delete("AWSPREVIOUS");
  from.stages.add("AWSPREVIOUS");
}

function newVersion(secretString: string, id: string, ...stages: string[]): Version {
  return { id, secretString, createdAt: Date.now(), stages: new Set(stages) };
}
