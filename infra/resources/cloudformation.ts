// Forms that many fragments share.
import type { StackFunction } from "./stack.ts";

export const resource = (Type: string, Properties: object, attributes: object = {}) => ({
  Type,
  ...attributes,
  Properties,
});

/**
 * The attributes of a resource that stays when the stack is deleted, but not when its first creation is rolled back:
 * left over, its name would stop the next try.
 */
export const kept = { DeletionPolicy: "RetainExceptOnCreate", UpdateReplacePolicy: "Retain" };

/** One resource for each function. Its logical id begins with the function's. */
export const perFunction = (
  functions: readonly StackFunction[],
  suffix: string,
  make: (definition: StackFunction) => object,
) =>
  Object.fromEntries(functions.map((definition) => [`${definition.logicalName}${suffix}`, make(definition)]));

export const attributeOf = (logicalId: string, name: string) => ({ "Fn::GetAtt": [logicalId, name] });
export const arnOf = (logicalId: string) => attributeOf(logicalId, "Arn");

/** The text of an ARN in this stack's account and region. */
export const ownArn = (service: string, name: string) =>
  `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${name}`;

export const sub = (text: string) => ({ "Fn::Sub": text });

/** The condition that a service acts for this account, and for these of its resources. */
export const actsFor = (...sources: readonly string[]) => ({
  StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } },
  ...(sources.length > 0 && { ArnLike: { "aws:SourceArn": sources.map(sub) } }),
});

const endpoint = (service: string) => sub(`${service}.\${AWS::Region}.amazonaws.com`);

/** The condition that a key is used only through these services. */
export const viaServices = (services: string | readonly string[]) => ({
  StringEquals: {
    "kms:ViaService": typeof services === "string" ? endpoint(services) : services.map(endpoint),
  },
});

export const policy = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });

export const allow = (Action: readonly string[], Resource: unknown, Condition?: object) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition !== undefined && { Condition }),
});

interface RoleOptions {
  description: string;
  /** The service that assumes the role: `lambda.amazonaws.com`. */
  service: string;
  /**
   * Absent for Lambda: only this account's functions can have the role, and Lambda states no source when it assumes one.
   * [AWS: https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html]
   */
  trustCondition?: object;
  policyName: string;
  statements: readonly object[];
}

export function role({ description, service, trustCondition, policyName, statements }: RoleOptions) {
  const trust = {
    Effect: "Allow",
    Principal: { Service: service },
    Action: "sts:AssumeRole",
    ...(trustCondition !== undefined && { Condition: trustCondition }),
  };
  return resource("AWS::IAM::Role", {
    Description: description,
    AssumeRolePolicyDocument: policy(trust),
    Policies: [{ PolicyName: policyName, PolicyDocument: policy(...statements) }],
  });
}

/** Everybody is denied what does not come over TLS. @param actions in the form that the resource's policy accepts */
export const tlsOnly = (actions: readonly string[], Resource: unknown) => ({
  Sid: "TlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: actions,
  Resource,
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

export const queuePolicy = (logicalId: string, ...statements: readonly object[]) =>
  resource("AWS::SQS::QueuePolicy", {
    Queues: [{ Ref: logicalId }],
    PolicyDocument: policy(tlsOnly(["sqs:*"], arnOf(logicalId)), ...statements),
  });

export function queue(name: string, retentionDays: number, more: object = {}) {
  return resource("AWS::SQS::Queue", {
    QueueName: name,
    KmsMasterKeyId: arnOf("DataKey"),
    MessageRetentionPeriod: retentionDays * 86_400,
    ...more,
  });
}
