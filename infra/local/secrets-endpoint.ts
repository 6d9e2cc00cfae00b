import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import * as z from "zod/mini";
import { type Listening, listenOnLoopback } from "./ports.ts";

/**
 * The part of AWS Secrets Manager that a service reading and rotating one secret meets, on loopback, in its wire
 * protocol (JSON 1.1, operation in `X-Amz-Target`): GetSecretValue, DescribeSecret, PutSecretValue and
 * UpdateSecretVersionStage, with the AWSCURRENT and AWSPREVIOUS stages. It checks no signature.
 */
export type SecretsEndpoint = Listening;

interface Version {
  id: string;
  secretString: string;
  createdAt: number;
  stages: Set<string>;
}

class ServiceError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const GetSecretValue = z.object({
  SecretId: z.string().check(z.minLength(1)),
  VersionId: z.optional(z.string()),
  VersionStage: z.optional(z.string()),
});
const DescribeSecret = z.object({ SecretId: z.string().check(z.minLength(1)) });
const PutSecretValue = z.object({
  SecretId: z.string().check(z.minLength(1)),
  SecretString: z.string(),
  ClientRequestToken: z.optional(z.string()),
  VersionStages: z.optional(z.array(z.string())),
});
const UpdateSecretVersionStage = z.object({
  SecretId: z.string().check(z.minLength(1)),
  VersionStage: z.string().check(z.minLength(1)),
  MoveToVersionId: z.string(),
  RemoveFromVersionId: z.string(),
});

/** @param secrets secret strings by name; each starts as its AWSCURRENT version */
export async function startSecretsEndpoint(secrets: Record<string, string>): Promise<SecretsEndpoint> {
  const store = new SecretStore(secrets);
  const server = createServer((request, response) => {
    answer(store, request).then(({ status, body }) => {
      const text = JSON.stringify(body);
      response.writeHead(status, {
        "content-type": "application/x-amz-json-1.1",
        "content-length": Buffer.byteLength(text),
        "x-amzn-requestid": randomUUID(),
      });
      response.end(text);
    }, response.destroy.bind(response));
  });
  return listenOnLoopback(server);
}

async function answer(
  store: SecretStore,
  request: IncomingMessage,
): Promise<{ status: number; body: unknown }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const target = String(request.headers["x-amz-target"] ?? "");
    return { status: 200, body: store.perform(target, parseJson(Buffer.concat(chunks).toString("utf8"))) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { status: 400, body: { __type: error.type, Message: error.message, message: error.message } };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError("SerializationException", "The request body is not JSON.");
  }
}

class SecretStore {
  readonly #versions = new Map<string, Version[]>();

  constructor(secrets: Record<string, string>) {
    for (const [name, secretString] of Object.entries(secrets)) {
      this.#versions.set(name, [newVersion(secretString, randomUUID(), ["AWSCURRENT"])]);
    }
  }

  perform(target: string, input: unknown): unknown {
    switch (target) {
      case "secretsmanager.GetSecretValue":
        return this.#get(parse(GetSecretValue, input));
      case "secretsmanager.DescribeSecret":
        return this.#describe(parse(DescribeSecret, input));
      case "secretsmanager.PutSecretValue":
        return this.#put(parse(PutSecretValue, input));
      case "secretsmanager.UpdateSecretVersionStage":
        return this.#update(parse(UpdateSecretVersionStage, input));
      default:
        throw new ServiceError("UnknownOperationException", `There is no operation "${target}" here.`);
    }
  }

  #find(secretId: string): { name: string; versions: Version[] } {
    const name = secretId.startsWith("arn:") ? nameInArn(secretId) : secretId;
    const versions = this.#versions.get(name);
    if (versions === undefined) {
      throw new ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    }
    return { name, versions };
  }

  #get(input: z.output<typeof GetSecretValue>) {
    const { name, versions } = this.#find(input.SecretId);
    const stage = input.VersionStage ?? (input.VersionId === undefined ? "AWSCURRENT" : undefined);
    const version = versions.find(
      (candidate) =>
        (input.VersionId === undefined || candidate.id === input.VersionId) &&
        (stage === undefined || candidate.stages.has(stage)),
    );
    if (version === undefined) {
      const which = stage === undefined ? `VersionId: ${input.VersionId}` : `staging label: ${stage}`;
      throw new ServiceError(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${which}`,
      );
    }
    return {
      ARN: arnOf(name),
      Name: name,
      VersionId: version.id,
      SecretString: version.secretString,
      VersionStages: [...version.stages],
      CreatedDate: version.createdAt / 1000,
    };
  }

  #describe(input: z.output<typeof DescribeSecret>) {
    const { name, versions } = this.#find(input.SecretId);
    const staged = versions.filter((version) => version.stages.size > 0);
    return {
      ARN: arnOf(name),
      Name: name,
      RotationEnabled: false,
      VersionIdsToStages: Object.fromEntries(staged.map((version) => [version.id, [...version.stages]])),
    };
  }

  #put(input: z.output<typeof PutSecretValue>) {
    const { name, versions } = this.#find(input.SecretId);
    const id = input.ClientRequestToken ?? randomUUID();
    const known = versions.find((version) => version.id === id);
    if (known !== undefined && known.secretString !== input.SecretString) {
      throw new ServiceError(
        "ResourceExistsException",
        "That ClientRequestToken names another secret value.",
      );
    }
    const version = known ?? newVersion(input.SecretString, id, []);
    if (known === undefined) versions.push(version);
    for (const stage of input.VersionStages ?? ["AWSCURRENT"]) moveStage(versions, version, stage);
    return { ARN: arnOf(name), Name: name, VersionId: id, VersionStages: [...version.stages] };
  }

  #update(input: z.output<typeof UpdateSecretVersionStage>) {
    const { name, versions } = this.#find(input.SecretId);
    const holder = versions.find(({ stages }) => stages.has(input.VersionStage));
    const target = versions.find(({ id }) => id === input.MoveToVersionId);
    if (target === undefined || holder?.id !== input.RemoveFromVersionId) {
      throw new ServiceError(
        "InvalidParameterException",
        `The staging label ${input.VersionStage} is not on the version that it is to be moved from.`,
      );
    }
    moveStage(versions, target, input.VersionStage);
    return { ARN: arnOf(name), Name: name };
  }
}

/** A stage is on one version at a time; the version that loses AWSCURRENT becomes AWSPREVIOUS. */
function moveStage(versions: Version[], to: Version, stage: string): void {
  const from = versions.find((version) => version.stages.has(stage));
  if (from === to) return;
  from?.stages.delete(stage);
  to.stages.add(stage);
  if (stage !== "AWSCURRENT" || from === undefined) return;
  for (const version of versions) version.stages.delete("AWSPREVIOUS");
  from.stages.add("AWSPREVIOUS");
}

function newVersion(secretString: string, id: string, stages: string[]): Version {
  return { id, secretString, createdAt: Date.now(), stages: new Set(stages) };
}

const arnPrefix = "arn:aws:secretsmanager:us-east-1:000000000000:secret:";
const arnOf = (name: string) => `${arnPrefix}${name}-local0`;
const nameInArn = (arn: string) => arn.replace(/^arn:.*?:secret:/, "").replace(/-[A-Za-z0-9]{6}$/, "");

function parse<Schema extends z.ZodMiniType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") ?? "request";
    throw new ServiceError(
      "ValidationException",
      `1 validation error detected: ${field} is missing or malformed.`,
    );
  }
  return parsed.data;
}
