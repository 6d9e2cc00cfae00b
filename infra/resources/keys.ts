import { actsFor, allow, arnOf, kept, ownArn, policy, resource, sub, viaServices } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";
import { busArn } from "./sync.ts";

/**
 * The two keys that encrypt everything at rest: one for data (table, secret, queues, bus), which the functions use, and one
 * for operations (logs, alarms), which AWS's own services write with. They are
 * separate, so that access to the log of an incident does not need access to the table.
 */
export function keys({ name, text }: Stack) {
  const administrator = text("keyAdministratorArn") || accountRoot;
  return {
    Resources: {
      DataKey: key(
        `Ringfront's data at rest (${name})`,
        administer(administrator),
        ...useByIam,
        ...encryptEvents(name),
      ),
      DataKeyAlias: alias(`${name}-data`, "DataKey"),
      OperationsKey: key(
        `Ringfront's logs and alarms (${name})`,
        administer(administrator),
        writeLogs(name),
        ...sendAlarms(name),
      ),
      OperationsKeyAlias: alias(`${name}-operations`, "OperationsKey"),
    },
    // The retention of the gateway's group is `logRetentionInDays` of serverless.yml.
    extensions: { HttpApiLogGroup: { Properties: { KmsKeyId: arnOf("OperationsKey") } } },
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
  CancelKeyDeletion CreateAlias DeleteAlias DescribeKey DisableKey DisableKeyRotation EnableKey EnableKeyRotation
  GetKeyPolicy GetKeyRotationStatus ListGrants ListKeyPolicies ListKeyRotations ListResourceTags PutKeyPolicy
  RetireGrant RevokeGrant RotateKeyOnDemand ScheduleKeyDeletion TagResource UntagResource UpdateAlias
  UpdateKeyDescription`;

/** Without a role of its own for this, the account's IAM decides. Neither may read data with the key alone. */
function administer(principal: string | object) {
  const actions = administration.trim().split(/\s+/);
  return statement(
    "Administer",
    { AWS: principal },
    actions.map((action) => `kms:${action}`),
  );
}

const dataServices = ["dynamodb", "secretsmanager", "sqs"];

/**
 * Whoever the account's IAM permits may use the key, through the services that keep the data: the functions, by their
 * roles, and an operator who creates the table or writes the secret. It holds whoever administers the key.
 */
const useByIam = [
  statement(
    "UseByIam",
    { AWS: accountRoot },
    ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
    viaServices(dataServices),
  ),
  // DynamoDB reads the table's key with a grant, which it makes for the role that creates the table.
  statement("GrantByIam", { AWS: accountRoot }, ["kms:CreateGrant"], {
    ...viaServices(dataServices),
    Bool: { "kms:GrantIsForAWSResource": "true" },
  }),
];

/** EventBridge, for the events on the stack's bus. [AWS: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-key-policy.html] */
function encryptEvents(name: string) {
  const events = { Service: "events.amazonaws.com" };
  return [
    statement("DescribeForEvents", events, ["kms:DescribeKey"]),
    statement("EncryptEvents", events, ["kms:Decrypt", "kms:GenerateDataKey"], actsFor(busArn(name))),
  ];
}

/** CloudWatch Logs, for the log groups of this stack only. */
function writeLogs(name: string) {
  const groups = [`/${name}/*`, `/aws/http-api/${name}`];
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
const sendAlarms = (name: string) =>
  [
    ["SendAlarms", "cloudwatch.amazonaws.com", ownArn("cloudwatch", `alarm:${name}-*`)] as const,
    ["SendBudgets", "budgets.amazonaws.com", "arn:${AWS::Partition}:budgets::${AWS::AccountId}:*"] as const,
  ].map(([sid, Service, source]) =>
    statement(sid, { Service }, ["kms:Decrypt", "kms:GenerateDataKey"], actsFor(source)),
  );
