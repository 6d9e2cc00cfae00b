import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openApi } from "../../../infra/build/openapi.ts";
import { jsonSchema } from "../../../lib/contract/openapi/schemas.ts";
import { routes } from "../../../lib/contract/routes.ts";

const written = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8"));
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Every schema below a value, with its path. */
function* schemas(value: unknown, path: string): Generator<[string, Record<string, unknown>]> {
  if (!isObject(value)) return;
  if (typeof value.type === "string") yield [path, value];
  for (const [name, inner] of Object.entries(value)) yield* schemas(inner, `${path}/${name}`);
}

describe("docs/openapi.json", () => {
  it("matches the routes (npm run openapi writes it)", () => {
    expect(written).toEqual(JSON.parse(JSON.stringify(openApi())));
  });

  it("names every operation once", () => {
    const ids = routes.map((route) => route.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("resolves every reference", () => {
    const text = JSON.stringify(written);
    for (const [, pointer = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer
        .split("/")
        .reduce<unknown>((at, part) => (isObject(at) ? at[part] : undefined), written);
      expect(target, pointer).toBeDefined();
    }
  });
});

describe("input from callers", () => {
  it.each(routes.filter((route) => route.body).map((route) => [route.operationId, route] as const))(
    "%s: every text and number of its body has a bound",
    (_, route) => {
      const name =
        String(route.body && jsonSchema(route.body).$ref)
          .split("/")
          .at(-1) ?? "";
      const found = [...schemas(written.components.schemas[name], name)];
      expect(found.length).toBeGreaterThan(1);
      for (const [path, schema] of found) {
        if (schema.type === "string" && !schema.enum) expect(schema.maxLength, path).toBeTypeOf("number");
        if (schema.type === "integer") expect(schema.maximum, path).toBeTypeOf("number");
        if (schema.type === "object") expect(schema.additionalProperties, path).toBe(false);
      }
    },
  );

  it("rejects unknown members in paths and queries", () => {
    for (const { operationId, parameters, query } of routes) {
      for (const schema of [parameters, query]) {
        if (schema) expect(jsonSchema(schema).additionalProperties, operationId).toBe(false);
      }
    }
  });
});
