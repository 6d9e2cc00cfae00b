import * as z from "zod/mini";
import { objectsIn, type Resource, spell, type Template } from "./template.ts";

const Statement = z.strictObject({
  Sid: z.optional(z.string()),
  Effect: z.enum(["Allow", "Deny"]),
  Principal: z.optional(z.unknown()),
  Action: z.unknown(),
  Resource: z.optional(z.unknown()),
  Condition: z._default(z.record(z.string(), z.record(z.string(), z.unknown())), {}),
});
const Document = z.object({ Statement: z.array(z.unknown()) });

/** One statement of a policy, with its actions, resources and principals spelt out. */
export interface PolicyStatement {
  /** The logical id and type of the resource whose policy it is. */
  owner: string;
  ownerType: string;
  effect: "Allow" | "Deny";
  actions: string[];
  /** None in a role's trust policy. */
  resources: string[];
  principals: string[];
  condition: Record<string, Record<string, unknown>>;
}

/**
 * Every statement of every policy in the template: trust, inline, key, queue, topic, bucket and secret policies.
 * @throws for a statement in a form without a rule here, such as NotAction
 */
export function policyStatements(template: Template): PolicyStatement[] {
  return Object.entries(template.Resources).flatMap(([owner, { Type, Properties }]) =>
    statementsIn(Properties, owner, Type),
  );
}

/** The statements below one property. @throws as `policyStatements` */
export function statementsIn(value: unknown, owner: string, ownerType: Resource["Type"]): PolicyStatement[] {
  const raws = objectsIn(value).flatMap((one) => Document.safeParse(one).data?.Statement ?? []);
  return raws.map((raw) => {
    const { data } = Statement.safeParse(raw);
    if (data === undefined)
      throw new Error(`${owner} has a statement in an unknown form: ${JSON.stringify(raw)}`);
    const { Effect: effect, Action, Resource, Principal, Condition: condition } = data;
    const isByKind = typeof Principal === "object" && Principal !== null;
    const principals = isByKind ? Object.values(Principal).flat() : listOf(Principal);
    return {
      owner,
      ownerType,
      effect,
      actions: listOf(Action).map(spell),
      resources: listOf(Resource).map(spell),
      principals: principals.map(spell),
      condition,
    };
  });
}

const listOf = (value: unknown): unknown[] => (value === undefined ? [] : [value].flat());

/** Whether AWS accepts only this wildcard. No other is allowed. */
function isForced({ ownerType, actions }: PolicyStatement, resource: string): boolean {
  const areAll = (pattern: RegExp) => actions.every((action) => pattern.test(action));
  // Lambda begins a stream's name with the date and ends it with the instance; group and function are spelt out.
  if (areAll(/^logs:(CreateLogStream|PutLogEvents)$/)) {
    return /^[^*]*:log-group:\/[\w-]+\/functions:log-stream:\*\/[\w-]+\[\*$/.test(resource);
  }
  // CodeDeploy moves the aliases of one stack; their list would be too long for a policy.
  if (areAll(/^(lambda:(GetAlias|UpdateAlias|GetProvisionedConcurrencyConfig)|cloudwatch:DescribeAlarms)$/)) {
    return /^[^*]*:(function|alarm):[a-z]+-\w+-\*(:live)?$/.test(resource);
  }
  // X-Ray's actions take no resource. In a key's own policy the resource is that key, and KMS takes only `*`.
  const isTracing = areAll(/^xray:Put(TraceSegments|TelemetryRecords)$/);
  return resource === "*" && (isTracing || ownerType === "AWS::KMS::Key");
}

/**
 * Wildcards in place of a possible name. A statement that denies may have any.
 * @returns a sentence for each violation
 */
export function findWildcards(statements: readonly PolicyStatement[]): string[] {
  const isWild = (text: string) => text.includes("*");
  return statements.flatMap((statement) => {
    const { owner, effect, actions, resources, principals } = statement;
    if (effect === "Deny") return [];
    const wildResources = resources.filter((resource) => isWild(resource) && !isForced(statement, resource));
    return [
      ...actions.filter(isWild).map((action) => `${owner} allows the actions ${action}`),
      ...principals.filter(isWild).map((principal) => `${owner} allows ${principal} in`),
      ...wildResources.map((resource) => `${owner} allows ${actions.join(", ")} on ${resource}`),
    ];
  });
}
