import * as z from "zod/mini";
import { type Resource, spell, type Template } from "./template.ts";

const OneOrMore = z.union([
  z.unknown().check(z.refine((value) => !Array.isArray(value))),
  z.array(z.unknown()),
]);
const Statement = z.strictObject({
  Sid: z.optional(z.string()),
  Effect: z.enum(["Allow", "Deny"]),
  Principal: z.optional(z.unknown()),
  Action: OneOrMore,
  Resource: z.optional(OneOrMore),
  Condition: z.optional(z.record(z.string(), z.record(z.string(), z.unknown()))),
});
const Document = z.object({ Statement: z.array(z.unknown()) });

/** One statement of a policy, its actions, resources and principals spelt out. */
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
 * Every statement of every policy in the template, wherever it stands: trust, inline, key, queue, topic, bucket and
 * secret policies alike.
 * @throws for a statement in a form without a rule here, such as NotAction
 */
export function policyStatements(template: Template): PolicyStatement[] {
  return Object.entries(template.Resources).flatMap(([owner, resource]) => statementsOf(owner, resource));
}

/** Those of one resource. @throws as `policyStatements` */
export function statementsOf(owner: string, { Type, Properties }: Resource): PolicyStatement[] {
  return findDocuments(Properties).flatMap((document) =>
    document.Statement.map((raw) => {
      const parsed = Statement.safeParse(raw);
      if (!parsed.success)
        throw new Error(`${owner} has a statement in an unknown form: ${JSON.stringify(raw)}`);
      const { Effect, Action, Resource, Principal, Condition = {} } = parsed.data;
      return {
        owner,
        ownerType: Type,
        effect: Effect,
        actions: listOf(Action).map(spell),
        resources: listOf(Resource).map(spell),
        principals: principalsOf(Principal),
        condition: Condition,
      };
    }),
  );
}

function findDocuments(value: unknown): z.output<typeof Document>[] {
  if (typeof value !== "object" || value === null) return [];
  const document = Document.safeParse(value);
  return document.success ? [document.data] : Object.values(value).flatMap(findDocuments);
}

function principalsOf(principal: unknown): string[] {
  if (principal === undefined) return [];
  if (typeof principal !== "object" || principal === null) return [spell(principal)];
  return Object.values(principal).flatMap((one) => listOf(one).map(spell));
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** What AWS leaves no other form for, each with its reason. Nothing else may be a wildcard. */
const forced: readonly { reason: string; holds(statement: PolicyStatement, resource: string): boolean }[] = [
  {
    reason: "Lambda makes up the names of the streams in a log group; the group itself is spelt out",
    holds: ({ actions }, resource) =>
      actions.every((action) => /^logs:(CreateLogStream|PutLogEvents)$/.test(action)) &&
      /:log-group:\/aws\/lambda\/[\w-]+:\*$/.test(resource) &&
      resource.split("*").length === 2,
  },
  {
    reason: "X-Ray's actions take no resource",
    holds: ({ actions }, resource) =>
      resource === "*" &&
      actions.every((action) => /^xray:Put(TraceSegments|TelemetryRecords)$/.test(action)),
  },
  {
    reason: "in a key's own policy the resource is that key, and KMS takes nothing but *",
    holds: ({ ownerType }, resource) => ownerType === "AWS::KMS::Key" && resource === "*",
  },
];

/**
 * Wildcards where a name could stand. A statement that denies may be as wide as it likes.
 * @returns a sentence for each violation
 */
export function findWildcards(statements: readonly PolicyStatement[]): string[] {
  return statements
    .filter(({ effect }) => effect === "Allow")
    .flatMap((statement) => {
      const { owner, actions, resources, principals } = statement;
      const wildActions = actions.filter((action) => action.includes("*"));
      const wildPrincipals = principals.filter((principal) => principal.includes("*"));
      const wildResources = resources.filter(
        (resource) => resource.includes("*") && !forced.some(({ holds }) => holds(statement, resource)),
      );
      return [
        ...wildActions.map((action) => `${owner} allows the actions ${action}`),
        ...wildPrincipals.map((principal) => `${owner} allows ${principal} in`),
        ...wildResources.map((resource) => `${owner} allows ${actions.join(", ")} on ${resource}`),
      ];
    });
}
