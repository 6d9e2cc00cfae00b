import { readFileSync } from "node:fs";

/** The parts of a JSON Schema that docs/openapi.json uses. */
export interface Schema {
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

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  schema: Schema;
}

interface ResponseObject {
  $ref?: string;
  headers?: Record<string, { $ref: string }>;
}

/** One operation, with the place in the file where it stands. */
export interface Operation {
  operationId: string;
  method: string;
  path: string;
  tags: string[];
  parameters: Parameter[];
  security?: Record<string, string[]>[];
  requestBody?: { content: { "application/json": { schema: Schema; example: unknown } } };
  responses: Record<string, ResponseObject>;
}

interface Document {
  paths: Record<string, Record<string, Omit<Operation, "method" | "path">>>;
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, ResponseObject>;
    headers: Record<string, { schema: Schema }>;
  };
}

/** What a consumer has: the file, not the code that it is made from. */
const document: Document = JSON.parse(
  readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8"),
);

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    method: method.toUpperCase(),
    path,
  })),
);

export const parametersIn = ({ parameters }: Operation, place: Parameter["in"]) =>
  parameters.filter((parameter) => parameter.in === place);

export const bodyOf = ({ requestBody }: Operation) => requestBody?.content["application/json"];

const nameIn = (reference: string) => reference.split("/").at(-1) ?? "";

/** The schema itself, or the one that it names. */
export function resolved(schema: Schema): Schema {
  return schema.$ref === undefined ? schema : (document.components.schemas[nameIn(schema.$ref)] ?? {});
}

/** The headers that a response of this status may have, by their names in lower case. */
export function headersOf({ responses }: Operation, status: number): Map<string, Schema> {
  const declared = responses[String(status)];
  const { headers = {} } =
    declared?.$ref === undefined
      ? (declared ?? {})
      : (document.components.responses[nameIn(declared.$ref)] ?? {});
  return new Map(
    Object.entries(headers).map(([name, { $ref }]) => [
      name.toLowerCase(),
      document.components.headers[nameIn($ref)]?.schema ?? {},
    ]),
  );
}

export const isPagedIn = (operation: Operation) =>
  parametersIn(operation, "query").some(({ name }) => name === "cursor");

/** For RingCentral, which has another secret than an access token. */
export const isWebhook = ({ security = [] }: Operation) =>
  security.some((one) => one.verificationToken !== undefined);
