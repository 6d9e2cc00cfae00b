// The packaged template against AWS's own description of its resources (the CloudFormation registry's schemas, as
// published with the CDK): resource types, property names, required ones, types, allowed values. Patterns, lengths
// and what only a service knows (quotas, names that are taken) are not in there: docs/operations.md lists them.
import { type Properties, propertiesOfType, resourceType } from "./aws-resource-types.ts";
import type { Template } from "./template.ts";
import { findBrokenReferences, isIntrinsic } from "./template-references.ts";

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

/** @returns a sentence for each place where the template is none that CloudFormation takes */
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
  return [...resources, ...findBrokenReferences(template, attributesOf), ...findExceededQuotas(template)];
}

/** What `Fn::GetAtt` can ask of a resource type. */
function attributesOf(type: string): string[] {
  const { attributes = {}, properties = {} } = resourceType(type) ?? {};
  return [...Object.keys(attributes), ...Object.keys(properties)];
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
  switch (type.type) {
    case "union": {
      const verdicts = type.types.map((one) => judge(value, one, path));
      return verdicts.find((violations) => violations.length === 0) ?? verdicts[0] ?? [];
    }
    case "array":
      if (!Array.isArray(value)) return [`${path} must be a list`];
      return value.flatMap((one, index) => judge(one, type.element, `${path}[${index}]`));
    case "map":
      if (!isObject(value)) return [`${path} must be a map`];
      return Object.entries(value).flatMap(([key, one]) => judge(one, type.element, `${path}.${key}`));
    case "ref":
      if (!isObject(value)) return [`${path} must be an object`];
      return judgeObject(value, propertiesOfType(type.reference.$ref), path);
    case "tag":
      return isObject(value) && "Key" in value && "Value" in value ? [] : [`${path} must be a tag`];
    case "json":
      return isObject(value) || typeof value === "string" ? [] : [`${path} must be a JSON document`];
    case "null":
      return value === null ? [] : [`${path} must be null`];
    case "string":
    case "integer": {
      const expected = type.type === "string" ? typeof value === "string" : Number.isInteger(value);
      if (!expected) return [`${path} must be of type ${type.type}, not ${JSON.stringify(value)}`];
      const allowed: readonly unknown[] | undefined = type.allowedValues;
      return allowed === undefined || allowed.includes(value)
        ? []
        : [`${path} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`];
    }
    case "number":
    case "boolean":
      return typeof value === type.type
        ? []
        : [`${path} must be a ${type.type}, not ${JSON.stringify(value)}`];
    case "date-time":
      return typeof value === "string" ? [] : [`${path} must be a point in time`];
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const MAX_TEMPLATE_BYTES = 1_000_000;
const MAX_RESOURCES = 500;
const MAX_OUTPUTS = 200;
/** All inline policies of a role together, without white space. References are longer once they are resolved. */
const MAX_ROLE_POLICY_CHARACTERS = 10_240;
const RESOLVED: readonly [reference: RegExp, value: string][] = [
  [/\$\{AWS::Partition\}/g, "aws-us-gov"],
  [/\$\{AWS::Region\}/g, "ap-southeast-2"],
  [/\$\{AWS::AccountId\}/g, "123456789012"],
  [/\{"(?:Fn::Sub)":("[^"]*")\}/g, "$1"],
  [/\{"(?:Ref|Fn::GetAtt)":[^}]*\}/g, `"arn:${"x".repeat(100)}"`],
];

function findExceededQuotas(template: Template): string[] {
  const roles = Object.entries(template.Resources).filter(([, { Type }]) => Type === "AWS::IAM::Role");
  const sizes: [what: string, size: number, limit: number][] = [
    ["the template's bytes", Buffer.byteLength(JSON.stringify(template)), MAX_TEMPLATE_BYTES],
    ["its resources", Object.keys(template.Resources).length, MAX_RESOURCES],
    ["its outputs", Object.keys(template.Outputs).length, MAX_OUTPUTS],
    ...roles.map(([logicalId, { Properties }]): [string, number, number] => {
      const text = RESOLVED.reduce(
        (policies, [reference, value]) => policies.replace(reference, value),
        JSON.stringify(Properties.Policies ?? []),
      );
      return [`the characters of ${logicalId}'s policies`, text.length, MAX_ROLE_POLICY_CHARACTERS];
    }),
  ];
  return sizes
    .filter(([, size, limit]) => size > limit)
    .map(([what, size, limit]) => `${what} are ${size}, of which AWS takes ${limit}`);
}
