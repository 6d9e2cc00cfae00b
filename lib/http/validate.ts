import type { APIGatewayProxyEventV2 } from "aws-lambda";
import * as z from "zod/mini";
import { Cursor, Limit } from "../contract/parameters.ts";
import { type FieldError, ProblemError } from "../contract/problems.ts";
import { DEFAULT_BODY_BYTES, isPaged, type ObjectSchema, type Route } from "../contract/route.ts";
import { ReadOnly } from "../contract/schema-builders.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { fieldError, fieldErrors, printable, unknownField } from "./field-errors.ts";
import { header } from "./invocation.ts";

/** A request's values as the route's schemas parsed them. */
interface ValidInput {
  path: Record<string, unknown>;
  query: Record<string, unknown>;
  body: unknown;
  limit?: number;
  cursor?: string;
}

const noFields = z.strictObject({});
const paging = z.object({ limit: Limit, cursor: z.optional(Cursor) });

/**
 * The request parsed by the route's declaration.
 * @throws ProblemError `request_invalid` with every fault found, `body_too_large`, `media_type_unsupported`
 */
export function validate(route: Route, event: APIGatewayProxyEventV2): ValidInput {
  const errors: FieldError[] = [];
  if (header(event, "x-http-method-override") !== undefined) {
    // RingCentral would act on it [docs: URIS]; here it is an attack or a mistake.
    errors.push(fieldError("header", "X-HTTP-Method-Override", "unknown", "Methods cannot be overridden."));
  }
  const text = route.body === undefined ? undefined : bodyText(event, route.maxBodyBytes);
  const { limit, cursor, ...filters } = parseQuery(event.rawQueryString ?? "", errors);
  const pageInput = omitUndefined({ limit, cursor });
  const paged = isPaged(route);
  const page = (paged && parse("query", paging, pageInput, errors)) || {};
  const path = parse("path", route.parameters ?? noFields, event.pathParameters ?? {}, errors) ?? {};
  const sent = paged ? filters : { ...filters, ...pageInput };
  const query = parse("query", route.query ?? noFields, sent, errors, paged ? paging : noFields) ?? {};
  const body = text === undefined || !route.body ? undefined : parseBody(route.body, text, errors, route);
  if (errors.length > 0) throw new ProblemError("request_invalid", { errors });
  return { path, query, body, ...omitUndefined(page) };
}

/** @param others fields of the same place that another schema has parsed */
function parse<Schema extends ObjectSchema>(
  place: FieldError["in"],
  schema: Schema,
  value: unknown,
  errors: FieldError[],
  others: ObjectSchema = noFields,
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const known = [...Object.entries(schema.shape), ...Object.entries(others.shape)];
    const names = known.flatMap(([name, field]) => (field === ReadOnly ? [] : [name]));
    errors.push(...fieldErrors(place, parsed.error.issues, names));
  }
  return parsed.data;
}

/** The query from its raw text: `queryStringParameters` joins the values of a repeated name with commas. */
function parseQuery(raw: string, errors: FieldError[]): Record<string, string> {
  // No prototype: a parameter may be called `toString`.
  const query: Record<string, string> = Object.create(null);
  for (const pair of raw.split("&")) {
    if (pair === "") continue;
    const [name, value] = decodePair(pair);
    if (name === undefined || value === undefined) {
      errors.push(fieldError("query", printable(pair), "format", "Not properly percent-encoded."));
    } else if (name === "__proto__") {
      // A schema would not see it as a field.
      errors.push(unknownField("query", name));
    } else if (name in query) {
      errors.push(fieldError("query", printable(name), "duplicate", "May be given only once."));
    } else {
      query[name] = value;
    }
  }
  return query;
}

function decodePair(pair: string): [string?, string?] {
  const at = pair.indexOf("=");
  const decode = (text: string) => decodeURIComponent(text.replaceAll("+", " "));
  // No value begins with a blank, but a phone number with a + that should have been encoded.
  const value = (text: string) => decode(text.replace(/^\+(?=\d)/, "%2B"));
  try {
    return at < 0 ? [decode(pair), ""] : [decode(pair.slice(0, at)), value(pair.slice(at + 1))];
  } catch {
    return [];
  }
}

function bodyText(event: APIGatewayProxyEventV2, maxBytes = DEFAULT_BODY_BYTES): string {
  const bytes = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
  if (bytes.byteLength > maxBytes) throw new ProblemError("body_too_large");
  const [mediaType = "", ...parameters] = (header(event, "content-type") ?? "").split(";");
  const charset = parameters
    .map((part) => part.trim().toLowerCase())
    .find((part) => part.startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaType.trim().toLowerCase() !== "application/json" || !isUtf8) {
    throw new ProblemError("media_type_unsupported");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "";
  }
}

function parseBody(schema: ObjectSchema, text: string, errors: FieldError[], { method }: Route): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text, (key, value) => {
      // What does not exist yet has nothing for `null` to remove: in a POST it is as absent.
      if (value === null && key !== "" && method === "POST") return undefined;
      if (key !== "__proto__") return value;
      // Assigning such a key later could change an object's prototype; a schema would not see it.
      errors.push(unknownField("body", key));
      return undefined;
    });
  } catch {
    errors.push(fieldError("body", "body", "format", "The body is not valid JSON in UTF-8."));
    return undefined;
  }
  return parse("body", schema, json, errors);
}

/** Quoted as a structured-field string, as the IETF draft has it, or bare, as most clients send it. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x7e]{1,255}$/;

/**
 * The value of `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
 * @throws ProblemError `request_invalid` unless it is 1 to 255 printable ASCII characters, bare or quoted
 */
export function parseIdempotencyKey(header: string): string {
  const text = header.trim();
  const quoted = QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, "$1");
  const key = quoted ?? (BARE.test(text) ? text : undefined);
  if (key !== undefined && key.length >= 1 && key.length <= 255) return key;
  throw new ProblemError("request_invalid", {
    errors: [
      fieldError(
        "header",
        "Idempotency-Key",
        "format",
        "Must be 1 to 255 printable ASCII characters without blanks.",
      ),
    ],
  });
}
