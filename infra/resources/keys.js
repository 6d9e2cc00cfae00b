// @ts-check
import { stackName, text } from "./service-functions.js";

/**
 * The two keys that everything at rest is encrypted with: one for data (table, secret, queues), which only the
 * functions and its administrators may use, and one for operations (logs, alarms), which AWS's own services write
 * with. Two, so that who may read the log of an incident need not be able to read the table.
 * @param {import("./service-functions.js").Variables} variables
 */
export async function keys(variables) {
  const stack = await stackName(variables);
  const administrators = await text(variables, "keyAdministratorArn");
  const administrator = administrators === "" ? accountRoot : administrators;
  return {
    Resources: {
      DataKey: key(`Ringfront's data at rest (${stack})`, [administer(administrator)]),
      DataKeyAlias: alias(`${stack}-data`, "DataKey"),
      OperationsKey: key(`Ringfront's logs and alarms (${stack})`, [
        administer(administrator),
        writeLogs(stack),
        sendAlarms(),
      ]),
      OperationsKeyAlias: alias(`${stack}-operations`, "OperationsKey"),
    },
  };
}

/** The account itself: its IAM policies then say who. Without it a key could lock out everyone for good. */
const accountRoot = { "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" };

/** @param {string} description @param {object[]} statements */
function key(description, statements) {
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

/** @param {string} name @param {string} target */
function alias(name, target) {
  return {
    Type: "AWS::KMS::Alias",
    Properties: { AliasName: `alias/${name}`, TargetKeyId: { Ref: target } },
  };
}

// In a key's policy the resource "*" is that key: KMS takes nothing else.

/** @param {string | object} principal */
function administer(principal) {
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

/** CloudWatch Logs, for the log groups of this stack only. @param {string} stack */
function writeLogs(stack) {
  const group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:";
  return {
    Sid: "EncryptLogs",
    Effect: "Allow",
    Principal: { Service: { "Fn::Sub": "logs.${AWS::Region}.amazonaws.com" } },
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
          { "Fn::Sub": `${group}/aws/lambda/${stack}-*` },
          { "Fn::Sub": `${group}/aws/http-api/${stack}` },
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
    Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
  };
}
