import type * as z from "zod/mini";
import { Cursor, DEFAULT_LIMIT, MAX_LIMIT, SET_VALUES } from "../parameters.ts";
import { isPaged, type ObjectSchema, type Route } from "../route.ts";
import { type JsonObject, jsonSchema } from "./schemas.ts";

/** Everything of a request but its body. */
export function requestParameters(route: Route): JsonObject[] {
  return [
    ...declared("path", route.parameters),
    ...declared("query", route.query),
    ...(isPaged(route) ? pagingParameters : []),
    requestIdParameter,
    ...(route.method === "GET" ? [ifNoneMatch] : []),
    ...(route.method === "POST" && route.scope !== undefined ? [idempotencyKey] : []),
    ...(route.problems.includes("precondition_failed") ? [ifMatch] : []),
  ];
}

function declared(place: "path" | "query", schema: ObjectSchema | undefined): JsonObject[] {
  return Object.entries((schema?.shape ?? {}) as Record<string, z.ZodMiniType>).map(([name, member]) => {
    const { description, [SET_VALUES]: values, ...rest } = jsonSchema(member);
    const isSet = Array.isArray(values);
    return {
      name,
      in: place,
      required: place === "path",
      ...(typeof description === "string" && { description }),
      ...(isSet && { style: "form", explode: false }),
      schema: isSet
        ? { type: "array", items: { type: "string", enum: values }, minItems: 1, maxItems: values.length }
        : rest,
    };
  });
}

const pagingParameters: JsonObject[] = [
  {
    name: "limit",
    in: "query",
    required: false,
    description: "The most items to answer.",
    schema: { type: "integer", format: "int32", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
  },
  {
    name: "cursor",
    in: "query",
    required: false,
    description: "`page.nextCursor` of the page before. It fits the same route, extension and filters only.",
    schema: jsonSchema(Cursor),
  },
];

const requestIdParameter: JsonObject = {
  name: "X-Request-Id",
  in: "header",
  required: false,
  description: "The caller's own id of this request; echoed.",
  schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$", maxLength: 128 },
};

const ifNoneMatch: JsonObject = {
  name: "If-None-Match",
  in: "header",
  required: false,
  description: "An `ETag` the caller has; 304 when it is still right.",
  schema: { type: "string", maxLength: 1024, pattern: "^[\\x21-\\x7e ]+$" },
};

const idempotencyKey: JsonObject = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "A value of your own for this request, such as a UUID. Sent again with the same key within 24 h it takes effect " +
    "once, and the first answer is repeated.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e ]+$" },
};

const ifMatch: JsonObject = {
  name: "If-Match",
  in: "header",
  required: false,
  description: "The `ETag` of the version to change; 412 when the resource is another by now.",
  schema: { type: "string", maxLength: 1024, pattern: "^[\\x21-\\x7e ]+$" },
};

const text = (description: string, more: JsonObject = {}): JsonObject => ({
  description,
  schema: { type: "string", ...more },
});
const seconds = { type: "integer", format: "int32", minimum: 0, maximum: 2147483647 };

export const headerComponents: JsonObject = {
  "X-Request-Id": text("The id of this request.", { maxLength: 128 }),
  ETag: text("A strong tag over the content."),
  Link: text('The next page, as `<…>; rel="next"`.'),
  Location: text("Where the new resource is."),
  "Retry-After": { description: "Seconds to wait.", schema: seconds },
  Age: { description: "Seconds since RingCentral was read, for an answer from the cache.", schema: seconds },
  "Idempotency-Replayed": {
    description: "`true` when this is the answer of an earlier request with the same key.",
    schema: { type: "string", enum: ["true"] },
  },
  RateLimit: text("What is left of the RingCentral budgets this answer was paid from."),
  "RateLimit-Policy": text("The limits and windows, in seconds, of those budgets."),
  "Access-Control-Allow-Origin": text("The caller's origin, when it is an allowed one."),
  "WWW-Authenticate": text("The challenge of RFC 6750."),
};

export function headerRefs(...names: string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
