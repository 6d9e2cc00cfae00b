import { contentTag } from "../platform/content-tag.ts";
import type { EdgeRequest, Middleware } from "./invocation.ts";
import { header } from "./invocation.ts";

/**
 * `ETag` on every answer with content, and 304 for a read when the caller has it already. The tag is over the content alone: not
 * over when it was read, and not over cursors and other tokens.
 */
export function conditional(): Middleware {
  return {
    after: ({ event, response }: EdgeRequest) => {
      if (response?.body === undefined || (response.statusCode !== 200 && response.statusCode !== 201))
        return;
      const tag = response.headers.etag ?? answerTag(JSON.parse(response.body));
      response.headers.etag = tag;
      if (event.requestContext.http.method !== "GET") return;
      const sent = header(event, "if-none-match");
      if (sent === undefined || !matches(sent, tag)) return;
      response.statusCode = 304;
      delete response.body;
      delete response.headers["content-type"];
      delete response.headers["content-encoding"];
      delete response.isBase64Encoded;
    },
  };
}

/** The tag of an answer: over `data` and the size of the list. */
export function answerTag(answer: unknown): string {
  const isEnvelope = isRecord(answer) && "data" in answer;
  // An item's tag is that of its content alone, so that `If-Match` can be compared with what a write reads.
  if (isEnvelope && !("page" in answer)) return contentTag(withoutReadings(answer.data));
  return contentTag(isEnvelope ? { data: answer.data, page: sizes(answer.page) } : answer);
}

/** When and where the parts of an answer were read is not content. */
function withoutReadings(item: unknown): unknown {
  if (!isRecord(item)) return item;
  const members = Object.entries(item).map(([name, value]): [string, unknown] => {
    if (!isRecord(value) || !("asOf" in value)) return [name, value];
    const { asOf, source, ...content } = value;
    return [name, content];
  });
  return Object.fromEntries(members);
}

function sizes(page: unknown): unknown {
  if (!isRecord(page)) return undefined;
  const { limit, hasMore, total } = page;
  return { limit, hasMore, total };
}

/** `If-None-Match` compares weakly (RFC 9110, 13.1.2); proxies that compress make tags weak. */
function matches(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.split(",").some((candidate) => {
    const trimmed = candidate.trim();
    return trimmed === "*" || trimmed.replace(/^W\//, "") === tag;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
