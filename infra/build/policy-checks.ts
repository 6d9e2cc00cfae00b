import { type PolicyStatement, policyStatements } from "./policies.ts";
import { type Resource, referredTo, resourcesOf, type Template } from "./template.ts";

/**
 * Policies that let in too many, or lock out who needs to get in: queues and topics without TLS, services without a
 * source, keys that the functions' roles cannot use.
 * @returns a sentence for each violation
 */
export function findPolicyViolations(template: Template): string[] {
  const statements = policyStatements(template);
  return [
    ...findWithoutTls(template, statements),
    ...statements.filter(hasNoSource).map(({ owner, principals }) => {
      const service = principals.join(", ");
      return `${owner} lets ${service} in for any account: it names neither aws:SourceAccount nor aws:SourceArn`;
    }),
    ...findKeysWithoutUse(template, statements),
    ...findSilencedAlarms(template, statements),
    ...findOpenCallers(template),
    ...findShortVisibility(template),
    ...findReadableSecrets(template, statements),
  ];
}

/** Whether a statement has this condition, with the right kind of operator for it. */
const says = ({ condition }: PolicyStatement, key: string, operator: RegExp, value = /./) =>
  Object.entries(condition).some(
    ([name, values]) => operator.test(name) && key in values && value.test(JSON.stringify(values[key])),
  );

const policyTypes: Readonly<Record<string, [policyType: string, action: string]>> = {
  "AWS::SQS::Queue": ["AWS::SQS::QueuePolicy", "sqs:*"],
  "AWS::SNS::Topic": ["AWS::SNS::TopicPolicy", "sns:Publish"],
};

function findWithoutTls(template: Template, statements: readonly PolicyStatement[]): string[] {
  const denying = statements.filter(
    (one) =>
      one.effect === "Deny" &&
      one.principals.includes("*") &&
      says(one, "aws:SecureTransport", /^Bool$/, /false/),
  );
  return Object.entries(policyTypes).flatMap(([type, [policyType, action]]) =>
    resourcesOf(template, type)
      .filter(([logicalId]) => {
        const isDenied = denying.some(
          ({ owner, ownerType, actions, resources }) =>
            ownerType === policyType &&
            actions.includes(action) &&
            JSON.stringify(template.Resources[owner]?.Properties).includes(`"Ref":"${logicalId}"`) &&
            resources.some((resource) => referredTo(resource) === logicalId),
        );
        return !isDenied;
      })
      .map(([logicalId]) => `${logicalId} takes requests without TLS`),
  );
}

/**
 * [AWS] These state no source: Lambda when it assumes a role, and EventBridge when it looks at a key. CloudWatch Logs states
 * the group's ARN in the encryption context instead.
 */
function hasNoSource(statement: PolicyStatement): boolean {
  const { effect, actions, principals, ownerType } = statement;
  const services = principals.filter((principal) => principal.includes(".amazonaws.com"));
  if (effect !== "Allow" || services.length === 0) return false;
  const isLambdas = ownerType === "AWS::IAM::Role" && services.every((one) => one === "lambda.amazonaws.com");
  const isLook = actions.every((action) => action === "kms:DescribeKey");
  return !(
    isLambdas ||
    isLook ||
    says(statement, "aws:SourceAccount", /^StringEquals$/) ||
    says(statement, "kms:EncryptionContext:aws:logs:arn", /^Arn(Like|Equals)$/)
  );
}

const ROOT = ":root";

/** Actions on our keys that a role is permitted, but that the key's policy leaves to nobody of the account. */
function findKeysWithoutUse(template: Template, statements: readonly PolicyStatement[]): string[] {
  return resourcesOf(template, "AWS::KMS::Key").flatMap(([logicalId]) => {
    const ofKey = statements.filter(({ owner, effect }) => owner === logicalId && effect === "Allow");
    const open = ofKey.filter(({ principals }) => principals.some((one) => one.endsWith(ROOT)));
    const permitted = statements.filter(
      ({ ownerType, resources }) =>
        ownerType === "AWS::IAM::Role" && resources.some((resource) => referredTo(resource) === logicalId),
    );
    const lockedOut = permitted.flatMap(({ owner, actions, condition }) => {
      const via = servicesIn(condition);
      const lets = (action: string) =>
        open.some((one) => {
          const allowed = servicesIn(one.condition);
          return (
            one.actions.includes(action) && (allowed.length === 0 || via.every((id) => allowed.includes(id)))
          );
        });
      return actions
        .filter((action) => !lets(action))
        .map((action) => `${logicalId} does not let ${owner} ${action}`);
    });
    const isAdministered = ofKey.some(({ actions }) => actions.includes("kms:PutKeyPolicy"));
    const unlimited = open.filter(
      ({ actions, condition }) => actions.includes("kms:Decrypt") && servicesIn(condition).length === 0,
    );
    return [
      ...lockedOut,
      ...(isAdministered ? [] : [`nobody may administer ${logicalId}`]),
      ...unlimited.map(() => `${logicalId} can be used without the service that keeps the data`),
    ];
  });
}

const servicesIn = (condition: PolicyStatement["condition"]): string[] =>
  [condition.StringEquals?.["kms:ViaService"] ?? []].flat().map((service) => JSON.stringify(service));

/** Alarms of the topic reach nobody when CloudWatch may not publish there, or not use the topic's key. */
function findSilencedAlarms(template: Template, statements: readonly PolicyStatement[]): string[] {
  const lets = (action: string, isOwn: (owner: string) => boolean) =>
    statements.some(
      ({ owner, effect, actions, principals }) =>
        effect === "Allow" &&
        isOwn(owner) &&
        actions.includes(action) &&
        principals.includes("cloudwatch.amazonaws.com"),
    );
  return resourcesOf(template, "AWS::SNS::Topic").flatMap(([logicalId, { Properties }]) => {
    const key = referredTo(Properties.KmsMasterKeyId);
    const isPolicy = (owner: string) =>
      JSON.stringify(template.Resources[owner]?.Properties.Topics)?.includes(`"${logicalId}"`) === true;
    const reached = lets("sns:Publish", isPolicy) && lets("kms:GenerateDataKey", (owner) => owner === key);
    return reached ? [] : [`${logicalId} gets no alarm of CloudWatch`];
  });
}

/** A function's own policy: which service may call it, and for which of its resources. */
function findOpenCallers(template: Template): string[] {
  return resourcesOf(template, "AWS::Lambda::Permission")
    .filter(
      ([, { Properties }]) => Properties.SourceArn === undefined && Properties.SourceAccount === undefined,
    )
    .map(([logicalId]) => `${logicalId} lets any resource call its function`);
}

/** [AWS] Six times the function's time-out: Lambda may hold a message that long while it is throttled. */
function findShortVisibility(template: Template): string[] {
  return resourcesOf(template, "AWS::Lambda::EventSourceMapping").flatMap(([, { Properties }]) => {
    const queueId = referredTo(Properties.EventSourceArn) ?? "";
    const queue = template.Resources[queueId];
    const timeout = Number(timeoutOf(template, JSON.stringify(Properties)) ?? Number.NaN);
    const isLong = Number(queue?.Properties.VisibilityTimeout) >= 6 * timeout;
    return isLong
      ? []
      : [`${queueId} shows a message again before six time-outs of its function (${timeout} s)`];
  });
}

const timeoutOf = (template: Template, mapping: string): unknown =>
  resourcesOf(template, "AWS::Lambda::Function").find(([logicalId]) =>
    mapping.includes(`"${logicalId}"`),
  )?.[1].Properties.Timeout;

/** Secrets that everybody may read whom the account's IAM permits it, administrators included. */
function findReadableSecrets(template: Template, statements: readonly PolicyStatement[]): string[] {
  return resourcesOf(template, "AWS::SecretsManager::Secret").flatMap(([logicalId]) => {
    const policies = resourcesOf(template, "AWS::SecretsManager::ResourcePolicy").filter(([, policy]) =>
      isFor(policy, logicalId),
    );
    const isClosed = policies.some(([owner]) =>
      statements.some(
        (one) =>
          one.owner === owner &&
          one.effect === "Deny" &&
          one.actions.includes("secretsmanager:GetSecretValue") &&
          says(one, "aws:PrincipalArn", /^ArnNotEquals$/),
      ),
    );
    return isClosed ? [] : [`${logicalId} can be read by everybody whom the account's IAM permits it`];
  });
}

const isFor = ({ Properties }: Resource, secret: string) =>
  JSON.stringify(Properties.SecretId) === JSON.stringify({ Ref: secret });
