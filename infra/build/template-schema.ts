// Checks the packaged template against AWS's own description of its resources (the CloudFormation registry's schemas,
// as published with the CDK): resource types, property names, required properties, types, allowed values. It does not
// know patterns, lengths and facts that only a service has (quotas, names in use): docs/operations.md lists them.
import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";
import { isIntrinsic, objectsIn, resourcesOf, spell, type Template } from "./template.ts";

let loaded: ReturnType<typeof loadAwsServiceSpecSync> | undefined;
/** Read once: this takes half a second and 100 MB. */
function spec() {
  loaded ??= loadAwsServiceSpecSync();
  return loaded;
}

/** AWS's description of a CloudFormation resource type; `undefined` for an unknown name. */
export function resourceType(name: string) {
  const found = spec().lookup("resource", "cloudFormationType", "equals", name);
  return found.length === 0 ? undefined : found.only();
}

type Properties = NonNullable<ReturnType<typeof resourceType>>["properties"];
type PropertyType = Properties[string]["type"];

const ATTRIBUTES = new Set([
  "Type",
  "Properties",
  "Condition",
  "CreationPolicy",
  "DeletionPolicy",
  "DependsOn",
  "Metadata",
  "UpdatePolicy",
  "UpdateReplacePolicy",
]);

/** @returns a sentence for each place where CloudFormation would reject the template */
export function findSchemaViolations(template: Template): string[] {
  const resources = Object.entries(template.Resources).flatMap(([logicalId, resource]) => {
    const type = resourceType(resource.Type);
    if (type === undefined) return [`${logicalId}: AWS has no resource type ${resource.Type}`];
    const foreign = Object.keys(resource).filter((attribute) => !ATTRIBUTES.has(attribute));
    return [
      ...foreign.map((attribute) => `${logicalId}: a resource has no attribute ${attribute}`),
      ...judgeObject(resource.Properties, type.properties, logicalId),
    ];
  });
  return [...resources, ...findBrokenReferences(template), ...findExceededQuotas(template)];
}

function judgeObject(value: object, properties: Properties, path: string): string[] {
  const missing = Object.entries(properties)
    .filter(([name, { required }]) => required === true && !(name in value))
    .map(([name]) => `${path}: ${name} is missing`);
  const present = Object.entries(value).flatMap(([name, one]) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return property === undefined
      ? [`${path}: there is no property ${name}`]
      : judge(one, property.type, `${path}.${name}`);
  });
  return [...missing, ...present];
}

function judge(value: unknown, type: PropertyType, path: string): string[] {
  if (isIntrinsic(value)) return [];
  if (!kinds[type.type](value)) {
    return [`${path} must be of type ${type.type}, not ${JSON.stringify(value)}`];
  }
  const members: object = typeof value === "object" && value !== null ? value : {};
  switch (type.type) {
    case "union": {
      const verdicts = type.types.map((one) => judge(value, one, path));
      return verdicts.find((violations) => violations.length === 0) ?? verdicts[0] ?? [];
    }
    case "array":
    case "map":
      return Object.entries(members).flatMap(([key, one]) => judge(one, type.element, `${path}.${key}`));
    case "ref":
      return judgeObject(members, spec().get("typeDefinition", type.reference.$ref).properties, path);
    case "string":
    case "integer": {
      const allowed: readonly unknown[] | undefined = type.allowedValues;
      if (allowed === undefined || allowed.includes(value)) return [];
      return [`${path} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`];
    }
    default:
      return [];
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === "string";

/** Whether a value can be of a type at all. */
const kinds: Record<PropertyType["type"], (value: unknown) => boolean> = {
  array: Array.isArray,
  boolean: (value) => typeof value === "boolean",
  "date-time": isText,
  integer: Number.isInteger,
  json: (value) => isObject(value) || isText(value),
  map: isObject,
  null: (value) => value === null,
  number: (value) => typeof value === "number",
  ref: isObject,
  string: isText,
  tag: (value) => isObject(value) && "Key" in value && "Value" in value,
  union: () => true,
};

/** References to a resource that does not exist or to an attribute that its type does not have, and cycles. */
function findBrokenReferences(template: Template): string[] {
  const outputs = Object.entries(template.Outputs).map(
    ([id, output]) => [`the output ${id}`, output] as const,
  );
  const parts = [...outputs, ...Object.entries(template.Resources)];
  const references = new Map(
    parts.map(([from, { DependsOn, ...rest }]) => [
      from,
      new Set([...[DependsOn ?? []].flat().map(String), ...targetsIn(rest)]),
    ]),
  );
  const broken = [...references].flatMap(([from, targets]) =>
    [...targets].flatMap((target) => {
      const [logicalId = "", ...attribute] = target.split(".");
      const resource = template.Resources[logicalId];
      if (resource === undefined) return [`${from} refers to ${logicalId}, which does not exist`];
      const name = attribute.join(".");
      const { attributes = {}, properties = {} } = resourceType(resource.Type) ?? {};
      if (name === "" || name in attributes || name in properties) return [];
      return [`${from} asks ${logicalId} for ${name}, which a ${resource.Type} does not have`];
    }),
  );
  return [...broken, ...findCycles(references)];
}

/** Logical ids, and logical ids with an attribute. */
function targetsIn(value: object): string[] {
  const texts = objectsIn(value).filter(isIntrinsic).map(spell).join();
  const names = [...texts.matchAll(/\$\{(?!!)([^}]+)\}/g)].map(([, name = ""]) => name);
  return names.filter((name) => !name.startsWith("AWS::"));
}

function findCycles(references: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const settled = new Set<string>();
  const cycles: string[] = [];
  function follow(from: string, path: readonly string[]): void {
    if (path.includes(from)) {
      cycles.push(`a cycle: ${[...path.slice(path.indexOf(from)), from].join(" -> ")}`);
    } else if (!settled.has(from)) {
      for (const target of references.get(from) ?? []) follow(target.split(".")[0] ?? "", [...path, from]);
      settled.add(from);
    }
  }
  for (const from of references.keys()) follow(from, []);
  return cycles;
}

/** All inline policies of a role together, without white space. References get longer once they are resolved. */
const MAX_ROLE_POLICY_CHARACTERS = 10_240;
const RESOLVED: readonly [reference: RegExp, value: string][] = [
  [/\$\{AWS::Partition\}/g, "aws-us-gov"],
  [/\$\{AWS::Region\}/g, "ap-southeast-2"],
  [/\$\{AWS::AccountId\}/g, "123456789012"],
  [/\{"(?:Fn::Sub)":("[^"]*")\}/g, "$1"],
  [/\{"(?:Ref|Fn::GetAtt)":[^}]*\}/g, `"arn:${"x".repeat(100)}"`],
];

function findExceededQuotas(template: Template): string[] {
  const sizes: [what: string, size: number, limit: number][] = [
    ["the template's bytes", Buffer.byteLength(JSON.stringify(template)), 1_000_000],
    ["its resources", Object.keys(template.Resources).length, 500],
    ["its outputs", Object.keys(template.Outputs).length, 200],
  ];
  for (const [logicalId, { Properties }] of resourcesOf(template, "AWS::IAM::Role")) {
    const policies = RESOLVED.reduce(
      (text, [reference, value]) => text.replace(reference, value),
      JSON.stringify(Properties.Policies ?? []),
    );
    sizes.push([`the characters of ${logicalId}'s policies`, policies.length, MAX_ROLE_POLICY_CHARACTERS]);
  }
  return sizes
    .filter(([, size, limit]) => size > limit)
    .map(([what, size, limit]) => `${what} are ${size}; AWS accepts ${limit}`);
}
