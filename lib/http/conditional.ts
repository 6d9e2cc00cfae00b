import { createHash } from "node:crypto";
import type { EdgeRequest, Middleware } from "./invocation.ts";
import { header } from "./invocation.ts";

/**
 * `ETag` on every 200 of a read, and 304 when the caller has it already. The tag is over the content alone: not
 * over when it was read, and not over cursors and other tokens.
 */
export function conditional(): Middleware {
  return {
    after: ({ event, response }: EdgeRequest) => {
      if (response?.statusCode !== 200 || event.requestContext.http.method !== "GET") return;
      if (response.body === undefined) return;
      const tag = contentTag(JSON.parse(response.body));
      response.headers.etag = tag;
      const sent = header(event, "if-none-match");
      if (sent === undefined || !matches(sent, tag)) return;
      response.statusCode = 304;
      delete response.body;
      delete response.headers["content-type"];
    },
  };
}

/** A strong tag over `data` and the size of the list, whatever the order of keys. */
export function contentTag(answer: unknown): string {
  const content =
    isRecord(answer) && "data" in answer ? { data: answer.data, page: sizes(answer.page) } : answer;
  return `"${createHash("sha256").update(canonicalJson(content)).digest("base64url").slice(0, 27)}"`;
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

function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      isRecord(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? "null"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
