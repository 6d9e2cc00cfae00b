import { readFileSync } from "node:fs";
import * as z from "zod/mini";

const Resource = z.looseObject({
  Type: z.string(),
  Properties: z._default(z.record(z.string(), z.unknown()), {}),
});
export const TemplateFile = z.object({
  Resources: z.record(z.string(), Resource),
  Outputs: z._default(z.record(z.string(), z.looseObject({ Value: z.unknown() })), {}),
});

export type Resource = z.output<typeof Resource>;
/** The parts of a packaged CloudFormation template that the checks read. */
export type Template = z.output<typeof TemplateFile>;

/** @throws when the file is not a CloudFormation template */
export function readTemplate(path: string): Template {
  return TemplateFile.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** The resources of one type, by logical id. */
export function resourcesOf(template: Template, type: string): [logicalId: string, resource: Resource][] {
  return Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
}

const Intrinsic = z.object({
  Ref: z.optional(z.string()),
  "Fn::GetAtt": z.optional(z.array(z.string())),
  "Fn::Sub": z.optional(z.string()),
  "Fn::Join": z.optional(z.tuple([z.string(), z.array(z.unknown())])),
});

/** A value as text: strings unchanged, references as `${LogicalId}` or `${LogicalId.Attribute}`. */
export function spell(value: unknown): string {
  if (typeof value === "string") return value;
  const intrinsic = Intrinsic.safeParse(value).data ?? {};
  const { Ref, "Fn::GetAtt": getAtt, "Fn::Sub": sub, "Fn::Join": join } = intrinsic;
  if (Ref !== undefined) return `\${${Ref}}`;
  if (getAtt !== undefined) return `\${${getAtt.join(".")}}`;
  if (sub !== undefined) return sub;
  if (join !== undefined) return join[1].map(spell).join(join[0]);
  return JSON.stringify(value ?? null);
}

/** The logical id that a `Ref`, an `Fn::GetAtt` or a text begins with. */
export function referredTo(value: unknown): string | undefined {
  return /^\$\{(\w+)[.}]/.exec(spell(value))?.[1];
}

/** One of CloudFormation's functions; its result is not known here. */
export function isIntrinsic(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const [key = "", ...others] = Object.keys(value);
  return others.length === 0 && (key === "Ref" || key.startsWith("Fn::"));
}

/** Every object below a value, and the value itself. */
export function objectsIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

/** The JSON of each resource of a type that contains all these texts. */
export function textsOf({ Resources }: Template, type: string, ...contained: string[]): string[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => JSON.stringify(Properties))
    .filter((text) => contained.every((one) => text.includes(one)));
}
