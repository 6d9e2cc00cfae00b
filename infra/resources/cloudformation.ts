// Forms that many fragments share.
import type { StackFunction } from "./stack.ts";

export const resource = (Type: string, Properties: object, attributes: object = {}) => ({
  Type,
  ...attributes,
  Properties,
});

/** The attributes of a resource that stays when the stack is deleted. */
export const kept = { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" };

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

export const ownAccountOnly = { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } };

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

export function queue(name: string, retentionDays: number, more: object = {}) {
  return resource("AWS::SQS::Queue", {
    QueueName: name,
    KmsMasterKeyId: arnOf("DataKey"),
    MessageRetentionPeriod: retentionDays * 86_400,
    ...more,
  });
}
