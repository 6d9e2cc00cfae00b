import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

// The requirements of Swift and Kotlin generators on docs/openapi.json; docs/client-generators.md gives the reasons.
const document = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8"));

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

interface Found {
  path: string;
  schema: Json;
}

/** Every schema below `value`, `value` itself included. */
function schemasIn(value: unknown, path: string): Found[] {
  if (Array.isArray(value)) return value.flatMap((inner, index) => schemasIn(inner, `${path}/${index}`));
  if (!isObject(value)) return [];
  const isSchema = ["type", "$ref", "enum", "const", "anyOf", "oneOf", "allOf"].some((key) => {
    return key in value && !isObject(value[key]);
  });
  const inner = Object.entries(value).flatMap(([name, child]) => schemasIn(child, `${path}/${name}`));
  return [...(isSchema ? [{ path, schema: value }] : []), ...inner];
}

const components: Json = document.components.schemas;
const inComponents = schemasIn(components, "");
const operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation: operation as Json })),
);
const everywhere = [...inComponents, ...schemasIn(document.paths, "paths")];
const offenders = (found: Found[], offends: (schema: Json, path: string) => boolean) =>
  found.filter(({ schema, path }) => offends(schema, path)).map(({ path }) => path);

describe("docs/openapi.json, for client generators,", () => {
  test("names every object: none is inline in another", () => {
    const isNested = (path: string) => path.split("/").length > 2;
    expect(offenders(everywhere, (schema, path) => schema.type === "object" && isNested(path))).toEqual([]);
  });

  test("has no unions and no nulls: a field has one type, and an unknown value is left out", () => {
    const isUnion = (schema: Json) =>
      ["anyOf", "oneOf", "allOf", "not"].some((key) => key in schema) ||
      Array.isArray(schema.type) ||
      schema.type === "null" ||
      schema.nullable !== undefined;
    expect(offenders(everywhere, isUnion)).toEqual([]);
  });

  test("describes a constant as an enumeration of one value", () => {
    expect(offenders(everywhere, (schema) => "const" in schema)).toEqual([]);
  });

  test("states the width of every integer, and has no other numbers", () => {
    const isVague = ({ type, format }: Json) =>
      type === "number" || (type === "integer" && format !== "int32" && format !== "int64");
    expect(offenders(everywhere, isVague)).toEqual([]);
  });

  test("has enumerations of plain words only, which both languages can spell", () => {
    const isOdd = ({ enum: values }: Json) =>
      Array.isArray(values) && values.some((value) => !/^[A-Za-z][A-Za-z0-9_]*$/.test(String(value)));
    expect(offenders(everywhere, isOdd)).toEqual([]);
  });

  test("has no open object except the API description itself", () => {
    const open = offenders(everywhere, ({ additionalProperties }) => isObject(additionalProperties));
    expect(open).toEqual(["/OpenApiDocument"]);
  });

  test("names types in PascalCase, fields and operations in camelCase, each operation once", () => {
    for (const name of Object.keys(components)) expect(name).toMatch(/^[A-Z][A-Za-z0-9]*$/);
    for (const { schema } of inComponents) {
      for (const field of isObject(schema.properties) ? Object.keys(schema.properties) : []) {
        expect(field).toMatch(/^[a-z][A-Za-z0-9]*$/);
      }
    }
    const ids = operations.map(({ operation }) => String(operation.operationId));
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9]*$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("has no two type names that differ in case only, which would be one file on a Mac", () => {
    const lower = Object.keys(components).map((name) => name.toLowerCase());
    expect(new Set(lower).size).toBe(lower.length);
  });

  test("gives each operation one type of success in one media type, and every problem the same type", () => {
    for (const { operation } of operations) {
      const responses = Object.entries<Json>(operation.responses as Record<string, Json>);
      const successes = responses.filter(([status]) => status.startsWith("2"));
      const types = new Set(successes.map(([, { content }]) => JSON.stringify(content)));
      expect(types.size, String(operation.operationId)).toBe(1);
      // Only a POST that may find its resource has two.
      const statuses = successes.map(([status]) => status);
      if (statuses.length !== 1) expect(statuses).toEqual(["200", "201"]);
      for (const [, response] of successes) {
        const { content = {} } = response;
        expect(Object.keys(content as Json).length, String(operation.operationId)).toBeLessThanOrEqual(1);
      }
      expect(operation.responses).not.toHaveProperty("default");
    }
    for (const { content } of Object.values<Json>(document.components.responses)) {
      // API Gateway's own 429 has no problem.
      if (content === undefined) continue;
      const schema = { $ref: "#/components/schemas/Problem" };
      expect(content).toEqual({ "application/problem+json": { schema, examples: expect.any(Object) } });
    }
  });

  test("has one tag per operation, so that it lands in one class", () => {
    for (const { operation } of operations) expect(operation.tags).toHaveLength(1);
  });
});
