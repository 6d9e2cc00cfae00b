// Forms that many fragments need.

export const arnOf = (logicalId: string) => ({ "Fn::GetAtt": [logicalId, "Arn"] });

/** The text of an ARN in this stack's account and region. */
export const ownArn = (service: string, name: string) =>
  `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${name}`;

export const sub = (text: string) => ({ "Fn::Sub": text });

export const ownAccountOnly = { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } };

const endpoint = (service: string) => sub(`${service}.\${AWS::Region}.amazonaws.com`);

/** The condition that a key is used through these services only. */
export const viaServices = (services: string | readonly string[]) => ({
  StringEquals: {
    "kms:ViaService": typeof services === "string" ? endpoint(services) : services.map(endpoint),
  },
});

export const allow = (Action: readonly string[], Resource: unknown, Condition?: object) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition !== undefined && { Condition }),
});

interface RoleOptions {
  description: string;
  /** Who takes the role: `lambda.amazonaws.com`. */
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
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: description,
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [trust] },
      Policies: [
        { PolicyName: policyName, PolicyDocument: { Version: "2012-10-17", Statement: statements } },
      ],
    },
  };
}
