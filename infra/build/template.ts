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

const Ref = z.object({ Ref: z.string() });
const GetAtt = z.object({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) });
const Join = z.object({ "Fn::Join": z.tuple([z.string(), z.array(z.unknown())]) });
const Sub = z.object({ "Fn::Sub": z.string() });

/** The logical id behind a `Ref`, an `Fn::GetAtt` or an `Fn::Join` that begins with one. */
export function referredTo(value: unknown): string | undefined {
  const ref = Ref.safeParse(value);
  if (ref.success) return ref.data.Ref;
  const getAtt = GetAtt.safeParse(value);
  if (getAtt.success) return getAtt.data["Fn::GetAtt"][0];
  const join = Join.safeParse(value);
  return join.success ? referredTo(join.data["Fn::Join"][1][0]) : undefined;
}

/** A value as text: strings unchanged, references as `${LogicalId}` or `${LogicalId.Attribute}`. */
export function spell(value: unknown): string {
  if (typeof value === "string") return value;
  const ref = Ref.safeParse(value);
  if (ref.success) return `\${${ref.data.Ref}}`;
  const getAtt = GetAtt.safeParse(value);
  if (getAtt.success) return `\${${getAtt.data["Fn::GetAtt"].join(".")}}`;
  const sub = Sub.safeParse(value);
  if (sub.success) return sub.data["Fn::Sub"];
  const join = Join.safeParse(value);
  if (join.success) return join.data["Fn::Join"][1].map(spell).join(join.data["Fn::Join"][0]);
  return JSON.stringify(value);
}
