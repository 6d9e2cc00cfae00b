import { type Answer, json, Refusal } from "../edge/answer.ts";
import { headerOf } from "../edge/received-request.ts";
import type { Call } from "./call.ts";
import { restError } from "./errors.ts";

const maxIds = 30;
const jsonBulkType = "application/vnd.ringcentral.multipart+json";

/**
 * Runs an operation on every id of a path segment that may hold a comma list, or `*` for all rows [docs: BULK]. One
 * plain id is an ordinary call; several ids give 207 with a part for each, or 204 when all were deleted.
 * @param allIds the ids that `*` stands for
 * @throws Refusal CMN-106 for too long a list
 */
export function forEachId(call: Call, allIds: () => string[], operate: (id: string) => Answer): Answer {
  const segment = call.params.id ?? "";
  if (segment !== "*" && !segment.includes(",")) return operate(segment);
  const ids = segment === "*" ? allIds() : segment.split(",");
  if (segment !== "*" && ids.length > maxIds) {
    throw restError(400, "CMN-106", `Batch request is limited to ${maxIds} entries`);
  }
  const answers = ids.map((id) => ({ id, answer: attempt(() => operate(id)) }));
  if (answers.every(({ answer }) => answer.status === 204)) return { status: 204, headers: {} };
  const wantsJson = headerOf(call.request, "accept")?.includes(jsonBulkType) === true;
  return wantsJson ? jsonBulk(answers) : multipartBulk(call, answers);
}

interface Part {
  id: string;
  answer: Answer;
}

function attempt(operate: () => Answer): Answer {
  try {
    return operate();
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

function jsonBulk(parts: Part[]): Answer {
  const rows = parts.map(({ id, answer }) => ({
    resourceId: id,
    status: answer.status,
    body: answer.body === undefined ? {} : JSON.parse(answer.body),
  }));
  return json(207, rows, { "Content-Type": jsonBulkType });
}

function multipartBulk(call: Call, parts: Part[]): Answer {
  const folder = call.request.path.replace(/[^/]*$/, "");
  const summary = parts.map(({ id, answer }) => ({
    href: `${call.baseUrl}${folder}${id}`,
    status: answer.status,
  }));
  const bodies = [JSON.stringify({ response: summary }), ...parts.map(({ answer }) => answer.body ?? "")];
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
