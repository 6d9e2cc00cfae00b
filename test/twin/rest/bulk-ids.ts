import { headerOf } from "../edge/received-request.ts";
import { type HttpResponse, json, Rejection } from "../edge/response.ts";
import type { Call } from "./call.ts";
import { restError } from "./errors.ts";

const maxIds = 30;
const jsonBulkType = "application/vnd.ringcentral.multipart+json";

/**
 * Runs an operation on every id of a path segment that may hold a comma list, or `*` for all rows [docs: BULK]. One
 * plain id is an ordinary call; several ids give 207 with a part for each, or 204 when all were deleted.
 * @param allIds the ids that `*` stands for
 * @throws Rejection CMN-106 for too long a list
 */
export function forEachId(
  call: Call,
  allIds: () => string[],
  operate: (id: string) => HttpResponse,
): HttpResponse {
  const segment = call.params.id ?? "";
  if (segment !== "*" && !segment.includes(",")) return operate(segment);
  const ids = segment === "*" ? allIds() : segment.split(",");
  if (segment !== "*" && ids.length > maxIds) {
    throw restError(400, "CMN-106", `Batch request is limited to ${maxIds} entries`);
  }
  const parts = ids.map((id) => ({ id, response: attempt(() => operate(id)) }));
  if (parts.every(({ response }) => response.status === 204)) return { status: 204, headers: {} };
  const wantsJson = headerOf(call.request, "accept")?.includes(jsonBulkType) === true;
  const { bulkResponse } = call.settings;
  return wantsJson && bulkResponse !== "multipart"
    ? jsonBulk(parts, bulkResponse === "as-asked")
    : multipartBulk(call, parts);
}

interface Part {
  id: string;
  response: HttpResponse;
}

function attempt(operate: () => HttpResponse): HttpResponse {
  try {
    return operate();
  } catch (error) {
    if (error instanceof Rejection) return error.response;
    throw error;
  }
}

function jsonBulk(parts: Part[], hasBodies: boolean): HttpResponse {
  const rows = parts.map(({ id, response }) => ({
    resourceId: id,
    status: response.status,
    ...(hasBodies && { body: response.body === undefined ? {} : JSON.parse(response.body) }),
  }));
  return json(207, rows, { "Content-Type": jsonBulkType });
}

function multipartBulk(call: Call, parts: Part[]): HttpResponse {
  const folder = call.request.path.replace(/[^/]*$/, "");
  const summary = parts.map(({ id, response }) => ({
    href: `${call.baseUrl}${folder}${id}`,
    status: response.status,
  }));
  const bodies = [JSON.stringify({ response: summary }), ...parts.map(({ response }) => response.body ?? "")];
  const boundary = "twin_part";
  const text = bodies
    .map((body) => `--${boundary}\r\nContent-Type: application/json\r\n\r\n${body}\r\n`)
    .join("");
  return {
    status: 207,
    headers: { "Content-Type": `multipart/mixed; boundary=${boundary}` },
    body: `${text}--${boundary}--\r\n`,
  };
}
