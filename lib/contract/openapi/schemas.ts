import * as z from "zod/mini";
import { problems } from "../problems.ts";
import type { Route } from "../route.ts";

export type JsonObject = { [name: string]: unknown };

export const refTo = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

const conversion = {
  io: "input",
  unrepresentable: "any",
  /** Client generators need the width of an integer. */
  override({ jsonSchema: target }: { jsonSchema: JsonObject }) {
    if (target.type !== "integer") return;
    target.format = typeof target.maximum === "number" && target.maximum < 2 ** 31 ? "int32" : "int64";
  },
} as const;

/** A schema without its document-level keywords, references pointing at the components. */
export function jsonSchema(schema: z.ZodMiniType): JsonObject {
  const { $schema, $defs, ...rest } = z.toJSONSchema(schema, conversion);
  return rest;
}

/** The component name a body or resource declares with `z.meta({ id })`. */
export function schemaName(schema: z.ZodMiniType | undefined): string {
  const id = schema && z.globalRegistry.get(schema)?.id;
  if (typeof id !== "string") throw new Error("a body or resource needs a name: z.meta({ id })");
  return id;
}

export const listName = (route: Route) => `${schemaName(route.response.data)}List`;
export const itemName = (route: Route) => `${schemaName(route.response.data)}Answer`;

/** All named schemas: resources and bodies by their ids, their envelopes, and the problem. */
export function componentSchemas(routes: readonly Route[]): JsonObject {
  const schemas: Record<string, JsonObject> = {};
  for (const route of routes) {
    if (route.body) Object.assign(schemas, named(route.body));
    const { data, kind } = route.response;
    if (data === undefined || kind === "deleted") continue;
    Object.assign(schemas, named(data));
    if (kind === "list") schemas[listName(route)] = listEnvelope(schemaName(data));
    if (kind === "feed") {
      Object.assign(schemas, feedSchemas, { [listName(route)]: feedEnvelope(schemaName(data)) });
    }
    if (kind === "item" || kind === "created" || kind === "accepted")
      schemas[itemName(route)] = itemEnvelope(schemaName(data));
  }
  return Object.fromEntries(
    Object.entries({ ...schemas, ...sharedSchemas }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The schema and those with names of their own inside it; references point at the components. */
function named(schema: z.ZodMiniType): Record<string, JsonObject> {
  const text = JSON.stringify(z.toJSONSchema(schema, conversion).$defs ?? {});
  const definitions: Record<string, JsonObject> = JSON.parse(
    text.replaceAll("#/$defs/", "#/components/schemas/"),
  );
  return Object.fromEntries(
    Object.entries(definitions).map(([name, { id, ...definition }]) => [name, definition]),
  );
}

function listEnvelope(item: string): JsonObject {
  return {
    type: "object",
    description: `A page of a list of ${item}.`,
    properties: {
      data: { type: "array", items: refTo(item), maxItems: 1000 },
      page: refTo("Page"),
      meta: refTo("Meta"),
    },
    required: ["data", "page", "meta"],
  };
}

function feedEnvelope(item: string): JsonObject {
  const list = listEnvelope(item);
  return {
    ...list,
    description: `A page of a feed of ${item}.`,
    properties: { ...(list.properties as JsonObject), page: refTo("FeedPage"), meta: refTo("FeedMeta") },
  };
}

function itemEnvelope(item: string): JsonObject {
  return {
    type: "object",
    description: `One ${item}.`,
    properties: { data: refTo(item) },
    required: ["data"],
  };
}

const count = { type: "integer", format: "int32", minimum: 0, maximum: 2147483647 };

const page = {
  type: "object",
  description: "The position of this page in the list.",
  properties: {
    limit: {
      type: "integer",
      format: "int32",
      minimum: 1,
      maximum: 1000,
      description: "The limit that was applied.",
    },
    hasMore: { type: "boolean", description: "Whether there is a next page." },
    nextCursor: {
      type: "string",
      maxLength: 2048,
      description: "Send it as `cursor` to get the next page.",
    },
    total: { ...count, description: "The number of items in the whole list, when known." },
  },
  required: ["limit", "hasMore"],
};

const meta = {
  type: "object",
  description: "The source and time of the data.",
  properties: {
    source: { type: "string", enum: ["live", "cache", "snapshot"] },
    asOf: { type: "string", format: "date-time", description: "When RingCentral was read." },
  },
  required: ["source", "asOf"],
};

const feedSchemas: Record<string, JsonObject> = {
  FeedPage: { ...page, required: ["limit", "hasMore", "nextCursor"] },
  FeedMeta: {
    ...meta,
    properties: {
      ...meta.properties,
      snapshot: {
        type: "string",
        format: "uri-reference",
        description:
          "In a response to a request without a cursor: the list of everything at the start of the feed.",
      },
    },
  },
};

const sharedSchemas: Record<string, JsonObject> = {
  Page: page,
  Meta: meta,
  Problem: {
    type: "object",
    description: "An error (RFC 9457). Branch on `code`.",
    properties: {
      type: {
        type: "string",
        format: "uri-reference",
        description: "The code's entry in the error catalogue.",
      },
      title: { type: "string" },
      status: { type: "integer", format: "int32", minimum: 400, maximum: 599 },
      detail: { type: "string" },
      instance: { type: "string", description: "The request id." },
      code: refTo("ProblemCode"),
      retryable: { type: "boolean", description: "Whether the same request may succeed later." },
      retryAfter: { ...count, description: "Seconds to wait first." },
      errors: { type: "array", items: refTo("FieldError"), maxItems: 100 },
      upstream: refTo("UpstreamError"),
    },
    required: ["type", "title", "status", "detail", "instance", "code", "retryable"],
  },
  ProblemCode: {
    type: "string",
    enum: Object.keys(problems),
    description: Object.entries(problems)
      .map(([code, { status, title, meaning }]) => `- \`${code}\` (${status}): ${title}. ${meaning}`)
      .join("\n"),
  },
  FieldError: {
    type: "object",
    description: "One fault of one input field.",
    properties: {
      in: { type: "string", enum: ["query", "path", "body", "header"] },
      field: { type: "string" },
      code: { type: "string" },
      detail: { type: "string" },
    },
    required: ["in", "field", "code", "detail"],
  },
  UpstreamError: {
    type: "object",
    description: "RingCentral's response, for its support.",
    properties: {
      status: { type: "integer", format: "int32", minimum: 100, maximum: 599 },
      errorCode: { type: "string" },
      requestId: { type: "string" },
    },
  },
};
