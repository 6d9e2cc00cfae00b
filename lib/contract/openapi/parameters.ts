import type * as z from "zod/mini";
import { Cursor, DEFAULT_LIMIT, MAX_LIMIT, SET_VALUES } from "../parameters.ts";
import { isConditional, isPaged, type ObjectSchema, type Route } from "../route.ts";
import { type JsonObject, jsonSchema } from "./schemas.ts";

/** A request without its body. */
export function requestParameters(route: Route): JsonObject[] {
  return [
    ...declared("path", route.parameters),
    ...declared("query", route.query),
    ...(isPaged(route) ? pagingParameters : []),
    requestIdParameter,
    ...(route.method === "GET" ? [ifNoneMatch] : []),
    ...(route.method === "POST" && route.scope !== undefined ? [idempotencyKey] : []),
    ...(isConditional(route) ? [ifMatch] : []),
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

const parameter = (place: "query" | "header", name: string, description: string, schema: JsonObject) => ({
  name,
  in: place,
  required: false,
  description,
  schema,
});

const pagingParameters: JsonObject[] = [
  parameter("query", "limit", "The most items to return.", {
    type: "integer",
    format: "int32",
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
  }),
  parameter(
    "query",
    "cursor",
    "`page.nextCursor` of the previous page. It is valid for the same route, extension and filters only.",
    jsonSchema(Cursor),
  ),
];

const headerParameter = (name: string, description: string, schema: JsonObject) =>
  parameter("header", name, description, { type: "string", ...schema });

const VISIBLE_ASCII = "^[\\x21-\\x7e ]+$";
const entityTag = { maxLength: 1024, pattern: VISIBLE_ASCII };

const requestIdParameter = headerParameter("X-Request-Id", "The caller's own id of this request; returned.", {
  pattern: "^[A-Za-z0-9._-]{1,128}$",
  maxLength: 128,
});
const ifNoneMatch = headerParameter(
  "If-None-Match",
  "An `ETag` the caller has; 304 while it is current.",
  entityTag,
);
const ifMatch = headerParameter(
  "If-Match",
  "The `ETag` of the version to change; 412 when it has changed since.",
  entityTag,
);
const idempotencyKey = headerParameter(
  "Idempotency-Key",
  "A unique value for this request, such as a UUID. Requests with the same key within 24 h take effect once, and " +
    "return the first response. Without a key, a repetition is a second request.",
  { minLength: 1, maxLength: 255, pattern: "^[\\x21\\x23-\\x7e]+$" },
);

const text = (description: string, more: JsonObject = {}): JsonObject => ({
  description,
  schema: { type: "string", ...more },
});
const seconds = { type: "integer", format: "int32", minimum: 0, maximum: 2147483647 };

export const headerComponents: JsonObject = {
  "X-Request-Id": text("The id of this request.", { maxLength: 128 }),
  ETag: text("A tag over the content; weak where the bytes may differ all the same, as in lists."),
  Link: text('The next page, as `<…>; rel="next"`.'),
  Location: text("Where the new resource is."),
  "Retry-After": { description: "Seconds to wait.", schema: seconds },
  Age: { description: "Seconds since RingCentral was read, for a response from the cache.", schema: seconds },
  "Idempotency-Replayed": {
    description: "`true` when this is the response of an earlier request with the same key.",
    schema: { type: "string", enum: ["true"] },
  },
  RateLimit: text("What remains of the RingCentral budgets that this response used."),
  "RateLimit-Policy": text("The limits and windows, in seconds, of those budgets."),
  "Access-Control-Allow-Origin": text("The caller's origin, when it is an allowed one."),
  "WWW-Authenticate": text("The challenge of RFC 6750."),
  "Validation-Token": text("The handshake's own header, echoed."),
};

export function headerRefs(...names: string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
