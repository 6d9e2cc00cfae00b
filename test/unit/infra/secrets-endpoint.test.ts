import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Listening } from "../../../infra/local/ports.ts";
import { startSecretsEndpoint } from "../../../infra/local/secrets-endpoint.ts";

const SecretId = "ringfront/local/ringcentral";
let endpoint: Listening;
let client: SecretsManagerClient;

beforeEach(async () => {
  endpoint = await startSecretsEndpoint({ [SecretId]: "first" });
  client = new SecretsManagerClient({
    endpoint: endpoint.url,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  await endpoint.close();
});

const valueAt = async (VersionStage?: string) => {
  const { SecretString } = await client.send(
    new GetSecretValueCommand({ SecretId, ...(VersionStage && { VersionStage }) }),
  );
  return SecretString;
};

test("the AWS SDK reads the current value, by name and by ARN", async () => {
  const result = await client.send(new GetSecretValueCommand({ SecretId }));
  expect(result).toMatchObject({ Name: SecretId, SecretString: "first", VersionStages: ["AWSCURRENT"] });
  expect(result.CreatedDate).toBeInstanceOf(Date);
  const byArn = await client.send(new GetSecretValueCommand({ SecretId: result.ARN }));
  expect(byArn.SecretString).toBe("first");
});

test("before a rotation there is no previous value", async () => {
  await expect(valueAt("AWSPREVIOUS")).rejects.toBeInstanceOf(ResourceNotFoundException);
});

test("an unknown secret is the SDK's ResourceNotFoundException", async () => {
  const unknown = client.send(new GetSecretValueCommand({ SecretId: "nobody" }));
  await expect(unknown).rejects.toBeInstanceOf(ResourceNotFoundException);
});

test("a rotation makes the former value the previous one, and a second rotation drops the first value", async () => {
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: "second" }));
  expect([await valueAt(), await valueAt("AWSCURRENT"), await valueAt("AWSPREVIOUS")]).toEqual([
    "second",
    "second",
    "first",
  ]);
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: "third" }));
  expect([await valueAt(), await valueAt("AWSPREVIOUS")]).toEqual(["third", "second"]);
  const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }));
  expect(Object.values(VersionIdsToStages ?? {}).sort()).toEqual([["AWSCURRENT"], ["AWSPREVIOUS"]]);
});

test("a value put as pending does not change the current one", async () => {
  await client.send(
    new PutSecretValueCommand({ SecretId, SecretString: "next", VersionStages: ["AWSPENDING"] }),
  );
  expect([await valueAt(), await valueAt("AWSPENDING")]).toEqual(["first", "next"]);
});

test("a rollback makes the former value current again, and the replaced one previous", async () => {
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: "second" }));
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  const idOf = (stage: string) =>
    Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes(stage))?.[0];
  const goBack = () =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: idOf("AWSPREVIOUS"),
        RemoveFromVersionId: idOf("AWSCURRENT"),
      }),
    );
  await goBack();
  expect([await valueAt(), await valueAt("AWSPREVIOUS")]).toEqual(["first", "second"]);
  await expect(goBack()).rejects.toMatchObject({ name: "InvalidParameterException" });
});

test("a repeated put with one token is one version; with another value it is rejected", async () => {
  const ClientRequestToken = "11111111-1111-4111-8111-111111111111";
  const put = (SecretString: string) =>
    client.send(new PutSecretValueCommand({ SecretId, SecretString, ClientRequestToken }));
  await put("second");
  await put("second");
  expect(await valueAt("AWSPREVIOUS")).toBe("first");
  await expect(put("other")).rejects.toMatchObject({ name: "ResourceExistsException" });
});

test("a request that is no operation, or not JSON, is rejected with an AWS error type", async () => {
  const send = async (target: string, body: string) => {
    const response = await fetch(endpoint.url, { method: "POST", headers: { "x-amz-target": target }, body });
    return [response.status, await response.json()];
  };
  expect(await send("secretsmanager.DeleteSecret", "{}")).toMatchObject([
    400,
    { __type: "UnknownOperationException" },
  ]);
  expect(await send("secretsmanager.GetSecretValue", "{")).toMatchObject([
    400,
    { __type: "SerializationException" },
  ]);
  expect(await send("secretsmanager.GetSecretValue", "{}")).toMatchObject([
    400,
    { __type: "ValidationException" },
  ]);
});
