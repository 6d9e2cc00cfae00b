import { readFileSync } from "node:fs";
import fc, { type Arbitrary } from "fast-check";
import type { Route } from "../../lib/contract/route.ts";
import type { TestRequest } from "./api-gateway.ts";

interface Schema {
  $ref?: string;
  type?: string;
  enum?: string[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  readOnly?: boolean;
  examples?: unknown[];
}
interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  schema: Schema;
}
interface Operation {
  parameters: Parameter[];
  requestBody?: { content: { "application/json": { schema: Schema; example: unknown } } };
}

const document: {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
} = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"));

/** A request as it is generated: what depends on the service's state is chosen when it is sent. */
export interface GeneratedRequest {
  path: Record<string, string | { existing: number }>;
  /** Names and values, not encoded; a value may be the cursor that the service gave last. */
  query: [string, string | { cursor: true }][];
  rawQuery: string;
  headers: Record<string, string>;
  body?: TestRequest["body"];
  /** It fits the OpenAPI file. */
  isDescribed: boolean;
  token: "user" | "admin" | "readOnly" | "none" | "forged";
}

/** Requests of an operation: two of three fit the OpenAPI file, the others may break it anywhere. */
export function requestsOf(route: Route): Arbitrary<GeneratedRequest> {
  const operation = document.paths[route.path]?.[route.method.toLowerCase()];
  if (operation === undefined) throw new Error(`${route.operationId} is not described`);
  const described = fc.oneof({ weight: 2, arbitrary: requests(operation, false) }, requests(operation, true));
  return route.isWebhook
    ? fc.tuple(described, webhookParts).map(([one, parts]) => ({ ...one, ...parts, isDescribed: false }))
    : described;
}

function requests({ parameters, requestBody }: Operation, isBroken: boolean): Arbitrary<GeneratedRequest> {
  const placed = (place: Parameter["in"]) => parameters.filter((parameter) => parameter.in === place);
  const body = requestBody?.content["application/json"];
  const junk = fc.string({ maxLength: 300 });
  const orJunk = <Value>(value: Arbitrary<Value>) =>
    isBroken ? fc.oneof<Arbitrary<Value | string>[]>(value, junk) : value;
  const path = placed("path").map(({ name, schema }) => {
    const known = name === "extensionId" ? fc.constantFrom("me", "3800222") : existing;
    return [name, orJunk(fc.oneof({ weight: 3, arbitrary: known }, fitting(schema).map(String)))] as const;
  });
  const query = placed("query").map(({ name, schema }) =>
    fc.tuple(fc.constant(name), orJunk(value(name, schema))),
  );
  const unknown = fc.tuple(fc.string({ maxLength: 12 }), fc.string());
  const headers = placed("header").map(({ name, schema }) => [name, orJunk(text(schema))] as const);
  const broken = ["%zz=1", "__proto__=1", "limit=1&limit=2", "&&=", "toString=x"];
  return fc.record({
    path: fc.record(Object.fromEntries(path)),
    query: fc
      .tuple(...[...query, ...(isBroken ? [unknown] : [])].map((pair) => fc.option(pair, { freq: 1 })))
      .map((pairs) => pairs.filter((pair) => pair !== null)),
    rawQuery: fc.constantFrom("", ...(isBroken ? broken : [])),
    headers: fc.record(
      {
        ...Object.fromEntries(headers),
        origin: fc.constantFrom("https://app.example.com", "https://other.example.com"),
        "cache-control": fc.constantFrom("no-cache", "no-store", "max-age=3", "max-age=x"),
      },
      { requiredKeys: [] },
    ),
    body: body === undefined ? fc.constant(undefined) : isBroken ? brokenBodies(body) : fitting(body.schema),
    isDescribed: fc.constant(!isBroken),
    token: isBroken
      ? fc.constantFrom("user", "admin", "readOnly", "none", "forged")
      : fc.constantFrom("user", "admin"),
  });
}

/** RingCentral's documentation describes these requests, not ours. */
const webhookParts = fc.record(
  {
    headers: fc.record({ "validation-token": fc.oneof(fc.uuid(), fc.string()) }),
    body: fc.oneof(
      fc.record({ uuid: fc.uuid(), event: fc.string(), body: fc.jsonValue() }),
      fc.jsonValue(),
      fc.string(),
    ),
  },
  { requiredKeys: ["headers"] },
);

const existing = fc.nat({ max: 999 }).map((index) => ({ existing: index }));

function value(name: string, schema: Schema): Arbitrary<string | { cursor: true }> {
  if (name === "cursor") return fc.constant({ cursor: true } as const);
  return name === "phoneNumber" ? fc.oneof(phoneNumbers, text(schema)) : text(schema);
}

const text = (schema: Schema) =>
  fitting(schema).map((value) => (Array.isArray(value) ? value.join(",") : String(value)));

/** Free text is hardly ever a number. */
const phoneNumbers = fc.integer({ min: 100, max: 199 }).map((line) => `+12025550${line}`);

function brokenBodies({ schema, example }: { schema: Schema; example: unknown }): Arbitrary<unknown> {
  const fits = fc.oneof(fitting(schema), fc.constant(example));
  const broken = fc.tuple(fits, fc.string({ maxLength: 10 }), fc.jsonValue()).map(([value, name, other]) => ({
    ...(value as object),
    [name]: other,
  }));
  const wrongType = fc.tuple(fits, fc.nat(), fc.jsonValue()).map(([value, index, other]) => {
    const names = Object.keys(value as object);
    return { ...(value as object), [names[index % names.length] ?? "x"]: other };
  });
  return fc.oneof(
    fits,
    broken,
    wrongType,
    fc.jsonValue(),
    fc.constantFrom("", "{", "\ufeff{}", '{"__proto__":{}}', `"${"x".repeat(70_000)}"`),
  );
}

/** Values that fit a schema of the OpenAPI file, those of its examples among them. */
export function fitting(schema: Schema): Arbitrary<unknown> {
  const { $ref, type, examples = [] } = schema;
  if ($ref !== undefined) return fitting(document.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
  const generated = byType(schema, type);
  return examples.length === 0 || type === "object"
    ? generated
    : fc.oneof(fc.constantFrom(...examples), generated);
}

function byType(schema: Schema, type: string | undefined): Arbitrary<unknown> {
  const { enum: values, pattern, minLength = 0, maxLength = 40, minimum, maximum } = schema;
  switch (type) {
    case "string":
      if (values !== undefined) return fc.constantFrom(...values);
      if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, "u"), { maxLength });
      return fc.string({ unit: "binary", minLength, maxLength: Math.min(maxLength, 40) });
    case "integer":
      return fc.integer({ min: minimum ?? 0, max: maximum ?? 1000 });
    case "boolean":
      return fc.boolean();
    case "array": {
      const { items = {}, minItems = 0, maxItems = 5 } = schema;
      return fc.array(fitting(items), { minLength: minItems, maxLength: Math.min(maxItems, 5) });
    }
    case "object": {
      const { properties = {}, required = [] } = schema;
      const members: Record<string, Arbitrary<unknown>> = {};
      for (const [name, member] of Object.entries(properties)) {
        const fits = fitting(member);
        members[name] =
          name === "phoneNumber" ? fc.oneof({ weight: 3, arbitrary: phoneNumbers }, fits) : fits;
      }
      return fc.record(members, { requiredKeys: required });
    }
    default:
      return fc.jsonValue();
  }
}
