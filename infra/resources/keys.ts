import { ownAccountOnly, ownArn, sub } from "./cloudformation.ts";
import type { Stack } from "./stack.ts";

/**
 * The two keys that everything at rest is encrypted with: one for data (table, secret, queues), which only the
 * functions and its administrators may use, and one for operations (logs, alarms), which AWS's own services write
 * with. Two, so that who may read the log of an incident need not be able to read the table.
 */
export function keys({ name, text }: Stack) {
  const administrator = text("keyAdministratorArn") || accountRoot;
  return {
    Resources: {
      DataKey: key(`Ringfront's data at rest (${name})`, [administer(administrator)]),
      DataKeyAlias: alias(`${name}-data`, "DataKey"),
      OperationsKey: key(`Ringfront's logs and alarms (${name})`, [
        administer(administrator),
        writeLogs(name),
        sendAlarms(),
      ]),
      OperationsKeyAlias: alias(`${name}-operations`, "OperationsKey"),
    },
  };
}

/** The account itself: its IAM policies then say who. Without it a key could lock out everyone for good. */
const accountRoot = sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root");

function key(description: string, statements: readonly object[]) {
  return {
    Type: "AWS::KMS::Key",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      Description: description,
      EnableKeyRotation: true,
      PendingWindowInDays: 30,
      KeyPolicy: { Version: "2012-10-17", Statement: statements },
    },
  };
}

function alias(name: string, target: string) {
  return {
    Type: "AWS::KMS::Alias",
    Properties: { AliasName: `alias/${name}`, TargetKeyId: { Ref: target } },
  };
}

// In a key's policy the resource "*" is that key: KMS takes nothing else.

function administer(principal: string | object) {
  return {
    Sid: "Administer",
    Effect: "Allow",
    Principal: { AWS: principal },
    Action: [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
      "kms:RetireGrant",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ],
    Resource: "*",
  };
}

/** CloudWatch Logs, for the log groups of this stack only. */
function writeLogs(name: string) {
  return {
    Sid: "EncryptLogs",
    Effect: "Allow",
    Principal: { Service: sub("logs.${AWS::Region}.amazonaws.com") },
    Action: [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ],
    Resource: "*",
    Condition: {
      ArnLike: {
        "kms:EncryptionContext:aws:logs:arn": [
          sub(ownArn("logs", `log-group:/aws/lambda/${name}-*`)),
          sub(ownArn("logs", `log-group:/aws/http-api/${name}`)),
        ],
      },
    },
  };
}

/** Those that put a message into the alarm topic, on behalf of this account. */
function sendAlarms() {
  return {
    Sid: "SendAlarms",
    Effect: "Allow",
    Principal: { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
    Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    Resource: "*",
    Condition: ownAccountOnly,
  };
}
