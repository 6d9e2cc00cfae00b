import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { routes } from "../../../lib/contract/routes.ts";

const Examples = z.object({ examples: z.tuple([z.unknown()]) });
const exampleOf = (schema: z.ZodMiniType) => Examples.parse(z.globalRegistry.get(schema)).examples[0];

describe("the example in the OpenAPI file", () => {
  test.each(routes.flatMap(({ operationId, body }) => (body === undefined ? [] : [{ operationId, body }])))(
    "of the body of $operationId is accepted",
    ({ body }) => {
      expect(body.safeParse(exampleOf(body)).error).toBeUndefined();
    },
  );

  test("of a resource has the resource's form", () => {
    const resources = new Set(routes.flatMap(({ response: { data } }) => (data === undefined ? [] : [data])));
    const shown = [...resources].filter((schema) => z.globalRegistry.get(schema)?.examples !== undefined);
    expect(shown.length).toBeGreaterThan(4);
    for (const schema of shown) expect(schema.safeParse(exampleOf(schema)).error).toBeUndefined();
  });
});
