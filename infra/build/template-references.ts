import type { Template } from "./template.ts";

/** One of CloudFormation's functions; its result is not known here. */
export function isIntrinsic(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const [key = "", ...others] = Object.keys(value);
  return others.length === 0 && (key === "Ref" || key.startsWith("Fn::"));
}

interface Reference {
  /** The resource or output that refers. */
  from: string;
  /** Its target: a logical id, or one with an attribute. */
  target: string;
}

/**
 * References to a resource that does not exist or to an attribute that its type does not have, and cycles:
 * CloudFormation rejects them all.
 * @param attributesOf what `Fn::GetAtt` may ask of a resource type
 * @returns a sentence for each
 */
export function findBrokenReferences(
  template: Template,
  attributesOf: (type: string) => readonly string[],
): string[] {
  const parts = [...Object.entries(template.Outputs), ...Object.entries(template.Resources)];
  const references = parts.flatMap(([from, { DependsOn, ...rest }]): Reference[] =>
    [...[DependsOn ?? []].flat().map(String), ...targetsIn(rest)].map((target) => ({ from, target })),
  );
  const broken = references.flatMap(({ from, target }) => {
    if (target.startsWith("AWS::")) return [];
    const [logicalId = "", ...attribute] = target.split(".");
    const resource = template.Resources[logicalId];
    if (resource === undefined) return [`${from} refers to ${logicalId}, which does not exist`];
    const name = attribute.join(".");
    if (name === "" || attributesOf(resource.Type).includes(name)) return [];
    return [`${from} asks ${logicalId} for ${name}, which a ${resource.Type} does not have`];
  });
  return [...broken, ...findCycles(references)];
}

function targetsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (isIntrinsic(value)) {
    const { Ref, "Fn::GetAtt": getAtt, "Fn::Sub": text } = value;
    if (typeof Ref === "string") return [Ref];
    if (Array.isArray(getAtt)) return [getAtt.join(".")];
    if (typeof text === "string")
      return [...text.matchAll(/\$\{(?!!)([^}]+)\}/g)].map(([, name = ""]) => name);
  }
  return Object.values(value).flatMap(targetsIn);
}

function findCycles(references: readonly Reference[]): string[] {
  const byOrigin = Map.groupBy(references, ({ from }) => from);
  const settled = new Set<string>();
  const cycles: string[] = [];
  function follow(from: string, path: readonly string[]): void {
    if (path.includes(from)) {
      cycles.push(`a cycle: ${[...path.slice(path.indexOf(from)), from].join(" -> ")}`);
    } else if (!settled.has(from)) {
      for (const { target } of byOrigin.get(from) ?? []) follow(target.split(".")[0] ?? "", [...path, from]);
      settled.add(from);
    }
  }
  for (const from of byOrigin.keys()) follow(from, []);
  return cycles;
}
