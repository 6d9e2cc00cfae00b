import { headerOf, type ReceivedRequest } from "../edge/received-request.ts";
import { invalidParameter, restError, tooLong } from "./errors.ts";

/** A JSON object that a client sent; its fields are unchecked. */
export type JsonObject = Record<string, unknown>;

/**
 * Reads the body of a write. Content-Type and Content-Length are mandatory [docs: FMT objects].
 * @throws Rejection CMN-110, CMN-407, CMN-103 or CMN-104
 */
export function readJsonObject(request: ReceivedRequest): JsonObject {
  requireHeader(request, "content-type", "Content-Type");
  requireHeader(request, "content-length", "Content-Length");
  const type = headerOf(request, "content-type") ?? "";
  // The response to another media type is undocumented; a bad header is the nearest code [unsure].
  if (!/^application\/(?:[\w.-]+\+)?json *(?:;|$)/i.test(type)) {
    throw restError(400, "CMN-407", "Parameter in header is invalid", { parameterName: "Content-Type" });
  }
  const value = parse(request.body);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw restError(400, "CMN-104", "Cannot parse request");
  }
  return { ...value };
}

/** As `readJsonObject`, for an optional body. */
export function readOptionalJsonObject(request: ReceivedRequest): JsonObject | undefined {
  return request.body === "" ? undefined : readJsonObject(request);
}

function requireHeader(request: ReceivedRequest, name: string, shown: string): void {
  if (headerOf(request, name) !== undefined) return;
  throw restError(400, "CMN-110", `Header [${shown}] should be specified`, { headerName: shown });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw restError(400, "CMN-103", "JSON can't be parsed");
  }
}

/** @returns a string field; `null` counts as absent */
export function stringField(body: JsonObject, name: string): string | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw invalidParameter(name, JSON.stringify(value));
}

/** @returns a string field whose value is one of an enum's */
export function enumField<T extends string>(
  body: JsonObject,
  name: string,
  values: readonly T[],
): T | undefined {
  const value = stringField(body, name);
  const known = values.find((each) => each === value);
  if (value !== undefined && known === undefined) throw invalidParameter(name, value);
  return known;
}

/** @returns a label: a string of at most 60 characters [spec] */
export function labelField(body: JsonObject): string | undefined {
  const label = stringField(body, "label");
  if (label !== undefined && label.length > 60) throw tooLong("label", 60);
  return label === "" ? undefined : label;
}

/** Whether a PUT that keeps what it leaves out removes the label all the same [unsure]. */
export const removesLabel = (body: JsonObject) => body.label === "";
