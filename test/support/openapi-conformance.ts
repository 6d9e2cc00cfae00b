import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Route } from "../../lib/contract/route.ts";
import type { TestResponse } from "./api-gateway.ts";

interface ResponseObject {
  $ref?: string;
  content?: Record<string, { schema: object }>;
}

interface OpenApiDocument {
  paths: Record<string, Record<string, { responses: Record<string, ResponseObject> }>>;
  components: { responses: Record<string, ResponseObject> };
}

const document: OpenApiDocument = JSON.parse(
  readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"),
);
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, "openapi.json");
/** To compile a schema takes longer than a request. */
const validators = new Map<object, ValidateFunction>();

/** @throws when a response's status, media type or body does not match docs/openapi.json */
export function expectConforms(route: Route, result: TestResponse): void {
  const where = `${route.operationId} ${result.status}`;
  const responses = document.paths[route.path]?.[route.method.toLowerCase()]?.responses ?? {};
  const declared = responses[String(result.status)];
  if (declared === undefined) throw new Error(`${where}: this status is not described`);
  const response = resolve(declared);
  if (response.content === undefined) {
    if (result.body !== undefined) throw new Error(`${where}: a body is not described`);
    return;
  }
  const mediaType = result.headers["content-type"] ?? "";
  const schema = response.content[mediaType]?.schema;
  if (schema === undefined) throw new Error(`${where}: the media type ${mediaType} is not described`);
  const validate = validators.get(schema) ?? ajv.compile(absolute(schema));
  validators.set(schema, validate);
  if (!validate(result.body)) throw new Error(`${where}: ${ajv.errorsText(validate.errors)}`);
}

function resolve(response: ResponseObject): ResponseObject {
  const name = response.$ref?.split("/").at(-1);
  if (name === undefined) return response;
  return document.components.responses[name] ?? {};
}

/** References in the document are relative to it; a schema that is compiled alone needs them absolute. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/'));
}
