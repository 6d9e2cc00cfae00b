import type { Template } from "./template.ts";

/** A function of CloudFormation's own: what comes out of it is not known here. */
export function isIntrinsic(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && (keys[0] === "Ref" || keys[0]?.startsWith("Fn::") === true);
}

interface Reference {
  /** The resource or output that refers. */
  from: string;
  logicalId: string;
  attribute?: string | undefined;
}

/**
 * References to what is not there: a resource, an attribute that its type does not have, a dependency; and circles,
 * which CloudFormation rejects.
 * @param attributesOf what `Fn::GetAtt` may ask of a resource type
 * @returns a sentence for each
 */
export function findBrokenReferences(
  template: Template,
  attributesOf: (type: string) => readonly string[],
): string[] {
  const references: Reference[] = [
    ...Object.entries(template.Resources).flatMap(([from, { DependsOn, ...resource }]) => [
      ...referencesIn(resource, from),
      ...[DependsOn ?? []].flat().map((logicalId) => ({ from, logicalId: String(logicalId) })),
    ]),
    ...Object.entries(template.Outputs).flatMap(([from, output]) => referencesIn(output, from)),
  ];
  const broken = references.flatMap(({ from, logicalId, attribute }) => {
    if (logicalId.startsWith("AWS::")) return [];
    const target = template.Resources[logicalId];
    if (target === undefined) return [`${from} refers to ${logicalId}, which is not there`];
    return attribute === undefined || attributesOf(target.Type).includes(attribute)
      ? []
      : [`${from} asks ${logicalId} for ${attribute}, which a ${target.Type} does not have`];
  });
  return [...broken, ...findCircles(references)];
}

function referencesIn(value: unknown, from: string): Reference[] {
  if (typeof value !== "object" || value === null) return [];
  if (!isIntrinsic(value)) return Object.values(value).flatMap((one) => referencesIn(one, from));
  if (typeof value.Ref === "string") return [{ from, logicalId: value.Ref }];
  const getAtt = value["Fn::GetAtt"];
  if (Array.isArray(getAtt)) return [{ from, logicalId: String(getAtt[0]), attribute: String(getAtt[1]) }];
  const sub = value["Fn::Sub"];
  if (typeof sub === "string") return placeholdersIn(sub, from);
  return Object.values(value).flatMap((one) => referencesIn(one, from));
}

function placeholdersIn(text: string, from: string): Reference[] {
  return [...text.matchAll(/\$\{(?!!)([^}]+)\}/g)].map(([, name = ""]) => {
    const [logicalId = "", attribute] = name.split(".");
    return { from, logicalId, attribute };
  });
}

function findCircles(references: readonly Reference[]): string[] {
  const targets = new Map<string, Set<string>>();
  for (const { from, logicalId } of references) {
    targets.set(from, (targets.get(from) ?? new Set()).add(logicalId));
  }
  const settled = new Set<string>();
  const circles: string[] = [];
  function follow(from: string, path: readonly string[]): void {
    if (settled.has(from)) return;
    if (path.includes(from)) {
      circles.push(`a circle: ${[...path.slice(path.indexOf(from)), from].join(" -> ")}`);
      return;
    }
    for (const target of targets.get(from) ?? []) follow(target, [...path, from]);
    settled.add(from);
  }
  for (const from of targets.keys()) follow(from, []);
  return circles;
}
