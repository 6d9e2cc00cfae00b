import * as z from "zod/mini";
import { MAX_FIELD_ERRORS, problems } from "../problems.ts";
import type { Route } from "../route.ts";
import { CallHandling, described, Instant, LimitedBy, resource } from "../schema-builders.ts";

export type JsonObject = { [name: string]: unknown };

export const refTo = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

const conversion = {
  io: "input",
  unrepresentable: "any",
  /** Client generators need the width of an integer. */
  override({ jsonSchema: target }: { jsonSchema: JsonObject }) {
    leaveOutNull(target);
    if (target.type !== "integer") return;
    target.format = typeof target.maximum === "number" && target.maximum < 2 ** 31 ? "int32" : "int64";
  },
} as const;

/** Client generators have no type for a value or null. */
function leaveOutNull(target: JsonObject): void {
  if (!Array.isArray(target.anyOf)) return;
  const [value, ...rest] = target.anyOf.filter(({ type }) => type !== "null");
  if (rest.length > 0 || target.anyOf.length !== 2) return;
  delete target.anyOf;
  Object.assign(target, { ...value, ...target });
}

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

/** The body of a route's success: its data in the envelope of its kind. */
export function successBody({ response: { kind, data } }: Route): z.ZodMiniType | undefined {
  if (data === undefined) return undefined;
  const name = schemaName(data);
  const items = z.array(data).check(z.maxLength(1000));
  switch (kind) {
    case "plain":
      return data;
    case "list":
      return resource(`${name}List`, `A page of a list of ${name}.`, { data: items, page: Page, meta: Meta });
    case "feed":
      return resource(`${name}List`, `A page of a feed of ${name}.`, {
        data: items,
        page: FeedPage,
        meta: FeedMeta,
      });
    default:
      return resource(`${name}Response`, `One ${name}.`, { data });
  }
}

/** All named schemas: resources and bodies by their ids, their envelopes, and the problem. */
export function componentSchemas(routes: readonly Route[]): JsonObject {
  const bodies = routes.flatMap((route) => [route.body, successBody(route)]);
  const named = [...bodies, Problem].flatMap((schema) => (schema ? namedIn(schema) : []));
  return Object.fromEntries(
    Object.entries(Object.fromEntries(named)).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

/** The schema and those with names of their own inside it; references point at the components. */
function namedIn(schema: z.ZodMiniType): [string, JsonObject][] {
  const text = JSON.stringify(z.toJSONSchema(schema, conversion).$defs ?? {});
  const definitions: Record<string, JsonObject> = JSON.parse(
    text.replaceAll("#/$defs/", "#/components/schemas/"),
  );
  return Object.entries(definitions).map(([name, { id, ...definition }]) => [name, definition]);
}

const MAX_INT32 = 2_147_483_647;
const Count = z.int().check(z.minimum(0), z.maximum(MAX_INT32));
const HttpStatus = (from: number) => z.int().check(z.minimum(from), z.maximum(599));
const uriReference = (description: string) =>
  z.string().check(z.meta({ format: "uri-reference", description }));

const pageFields = {
  limit: described(z.int().check(z.minimum(1), z.maximum(1000)), "The limit that was applied."),
  hasMore: described(z.boolean(), "Whether there is a next page."),
  nextCursor: described(z.string().check(z.maxLength(2048)), "Send it as `cursor` to get the next page."),
  total: z.optional(described(Count, "The number of items in the whole list, when known.")),
};
const metaFields = {
  source: z.enum(["live", "cache", "snapshot"]),
  asOf: described(Instant, "When RingCentral was read."),
};
const inPage = "The position of this page in the list.";
const origin = "The source and time of the data.";

const Page = resource("Page", inPage, { ...pageFields, nextCursor: z.optional(pageFields.nextCursor) });
const Meta = resource("Meta", origin, {
  ...metaFields,
  limitedBy: z.optional(LimitedBy),
  callHandling: z.optional(CallHandling),
});
const FeedPage = resource("FeedPage", inPage, pageFields);
const FeedMeta = resource("FeedMeta", origin, {
  ...metaFields,
  snapshot: z.optional(
    uriReference(
      "In a response to a request without a cursor: the list of everything at the start of the feed.",
    ),
  ),
});

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
const ListedEntry = resource("ListedEntry", "The entry that a number has already.", {
  id: z.string(),
  phoneNumber: z.optional(z.string()),
  label: z.optional(z.string()),
  status: z.optional(described(z.string(), "`blocked` or `allowed`; forwarding numbers have none.")),
  type: z.optional(described(z.string(), "Of a forwarding number.")),
  etag: described(z.string(), "For `If-Match`."),
});
const Problem = resource("Problem", "An error (RFC 9457). Branch on `code`.", {
  type: uriReference("The code's entry in the error catalogue."),
  title: z.string(),
  status: HttpStatus(400),
  detail: z.string(),
  instance: described(z.string(), "The request id."),
  code: ProblemCode,
  retryable: described(z.boolean(), "Whether the same request may succeed later."),
  retryAfter: z.optional(described(Count, "Seconds to wait first.")),
  errors: z.optional(z.array(FieldError).check(z.maxLength(MAX_FIELD_ERRORS))),
  entry: z.optional(ListedEntry),
  upstream: z.optional(UpstreamError),
});
