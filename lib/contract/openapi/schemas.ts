import * as z from "zod/mini";
import { resource } from "../named.ts";
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

const said = <Schema extends z.ZodMiniType>(schema: Schema, description: string) =>
  schema.check(z.meta({ description }));
const MAX_INT32 = 2_147_483_647;
const Count = z.int().check(z.minimum(0), z.maximum(MAX_INT32));
const HttpStatus = (from: number) => z.int().check(z.minimum(from), z.maximum(599));
const instant = (description: string) => z.string().check(z.meta({ format: "date-time", description }));

const pageFields = {
  limit: said(z.int().check(z.minimum(1), z.maximum(1000)), "The limit that was applied."),
  hasMore: said(z.boolean(), "Whether there is a next page."),
  nextCursor: said(z.string().check(z.maxLength(2048)), "Send it as `cursor` to get the next page."),
  total: z.optional(said(Count, "The number of items in the whole list, when known.")),
};
const metaFields = {
  source: z.enum(["live", "cache", "snapshot"]),
  asOf: instant("When RingCentral was read."),
};
const inPage = "The position of this page in the list.";
const origin = "The source and time of the data.";

const feedSchemas = {
  ...named(resource("FeedPage", inPage, pageFields)),
  ...named(
    resource("FeedMeta", origin, {
      ...metaFields,
      snapshot: z.optional(
        z.string().check(
          z.meta({
            format: "uri-reference",
            description:
              "In a response to a request without a cursor: the list of everything at the start of the feed.",
          }),
        ),
      ),
    }),
  ),
};

const ProblemCode = z.enum(Object.keys(problems)).check(
  z.meta({
    id: "ProblemCode",
    description: Object.entries(problems)
      .map(([code, { status, title, meaning }]) => `- \`${code}\` (${status}): ${title}. ${meaning}`)
      .join("\n"),
  }),
);
const FieldError = resource("FieldError", "One fault of one input field.", {
  in: z.enum(["query", "path", "body", "header"]),
  field: z.string(),
  code: z.string(),
  detail: z.string(),
});
const UpstreamError = resource("UpstreamError", "RingCentral's response, for its support.", {
  status: z.optional(HttpStatus(100)),
  errorCode: z.optional(z.string()),
  requestId: z.optional(z.string()),
});

const sharedSchemas = {
  ...named(resource("Page", inPage, { ...pageFields, nextCursor: z.optional(pageFields.nextCursor) })),
  ...named(resource("Meta", origin, metaFields)),
  ...named(
    resource("Problem", "An error (RFC 9457). Branch on `code`.", {
      type: z
        .string()
        .check(z.meta({ format: "uri-reference", description: "The code's entry in the error catalogue." })),
      title: z.string(),
      status: HttpStatus(400),
      detail: z.string(),
      instance: said(z.string(), "The request id."),
      code: ProblemCode,
      retryable: said(z.boolean(), "Whether the same request may succeed later."),
      retryAfter: z.optional(said(Count, "Seconds to wait first.")),
      errors: z.optional(z.array(FieldError).check(z.maxLength(100))),
      upstream: z.optional(UpstreamError),
    }),
  ),
};
