import {
  allow,
  arnOf,
  kept,
  ownAccountOnly,
  ownArn,
  perFunction,
  policy,
  resource,
  sub,
} from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * The two keys that encrypt everything at rest: one for data (table, secret, queues), which only the functions and its
 * administrators may use, and one for operations (logs, alarms), which AWS's own services write with. They are
 * separate, so that access to the log of an incident does not need access to the table.
 */
export function keys({ name, text, functions }: Stack) {
  const administrator = text("keyAdministratorArn") || accountRoot;
  // The retention of log groups is `logRetentionInDays` of serverless.yml.
  const encrypted = { Properties: { KmsKeyId: arnOf("OperationsKey") } };
  return {
    Resources: {
      DataKey: key(`Ringfront's data at rest (${name})`, administer(administrator)),
      DataKeyAlias: alias(`${name}-data`, "DataKey"),
      OperationsKey: key(
        `Ringfront's logs and alarms (${name})`,
        administer(administrator),
        writeLogs(name),
        sendAlarms,
      ),
      OperationsKeyAlias: alias(`${name}-operations`, "OperationsKey"),
    },
    extensions: { ...perFunction(functions, "LogGroup", () => encrypted), HttpApiLogGroup: encrypted },
  };
}

/** The account itself, whose IAM policies then decide. Without it a key could lock everyone out permanently. */
const accountRoot = sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root");

function key(description: string, ...statements: object[]) {
  const properties = {
    Description: description,
    EnableKeyRotation: true,
    PendingWindowInDays: 30,
    KeyPolicy: policy(...statements),
  };
  return resource("AWS::KMS::Key", properties, kept);
}

const alias = (name: string, target: string) =>
  resource("AWS::KMS::Alias", { AliasName: `alias/${name}`, TargetKeyId: { Ref: target } });

/** In a key's policy the resource "*" is that key: KMS accepts nothing else. */
const statement = (Sid: string, Principal: object, Action: readonly string[], Condition?: object) => ({
  Sid,
  Principal,
  ...allow(Action, "*", Condition),
});

const administration = `
  CancelKeyDeletion CreateAlias CreateGrant Decrypt DeleteAlias DescribeKey DisableKey DisableKeyRotation
  EnableKey EnableKeyRotation Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GetKeyPolicy
  GetKeyRotationStatus ListGrants ListKeyPolicies ListKeyRotations ListResourceTags PutKeyPolicy
  ReEncryptFrom ReEncryptTo RetireGrant RevokeGrant RotateKeyOnDemand ScheduleKeyDeletion TagResource
  UntagResource UpdateAlias UpdateKeyDescription`;

function administer(principal: string | object) {
  const actions = administration.trim().split(/\s+/);
  return statement(
    "Administer",
    { AWS: principal },
    actions.map((action) => `kms:${action}`),
  );
}

/** CloudWatch Logs, for the log groups of this stack only. */
function writeLogs(name: string) {
  const groups = [`/aws/lambda/${name}-*`, `/aws/http-api/${name}`];
  const arns = groups.map((group) => sub(ownArn("logs", `log-group:${group}`)));
  return statement(
    "EncryptLogs",
    { Service: sub("logs.${AWS::Region}.amazonaws.com") },
    [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ],
    { ArnLike: { "kms:EncryptionContext:aws:logs:arn": arns } },
  );
}

/** The services that put a message into the alarm topic, for this account. */
const sendAlarms = statement(
  "SendAlarms",
  { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
  ["kms:Decrypt", "kms:GenerateDataKey"],
  ownAccountOnly,
);
