import { contentTag, isRecord } from "../platform/content-tag.ts";
import { type EdgeRequest, header, isRead, type Middleware } from "./invocation.ts";

/**
 * `ETag` on every response with content that may be stored, and 304 for a read whose content the caller has already. The
 * tag covers only the content, not the reading time, cursors or other tokens: it is weak where those make the bytes differ.
 */
export function conditional(cacheControl: string): Middleware {
  return {
    after: ({ event, response }: EdgeRequest) => {
      if (response?.body === undefined || (response.statusCode !== 200 && response.statusCode !== 201))
        return;
      if ((response.headers["cache-control"] ?? cacheControl) === "no-store") return;
      const tag = response.headers.etag ?? responseTag(JSON.parse(response.body));
      response.headers.etag = tag;
      if (!isRead(event)) return;
      const sent = header(event, "if-none-match");
      if (sent === undefined || !matches(sent, tag)) return;
      // The content type stays: without one API Gateway writes its own, with which a cache would update what it has stored.
      response.statusCode = 304;
      delete response.body;
      delete response.headers["content-encoding"];
      delete response.isBase64Encoded;
    },
  };
}

interface PageSize {
  limit: number;
  hasMore: boolean;
  total?: number | undefined;
}
interface Body {
  data?: unknown;
  page?: PageSize;
}

/** A feed's tag covers its size; an item's its content alone, so that a write can compare `If-Match` with what it reads. */
function responseTag(body: Body): string {
  const { data, page } = body;
  if (page !== undefined) return pageTag(data, page);
  if (!("data" in body)) return contentTag(body);
  const tag = contentTag(withoutReadings(data));
  return tag === contentTag(data) ? tag : `W/${tag}`;
}

/** It covers the size of a page, and no cursors. @param items their tags serve in their place */
export function pageTag(items: unknown, { limit, hasMore, total }: PageSize): string {
  return `W/${contentTag({ items, page: { limit, hasMore, total } })}`;
}

/** The source and time of a part are not content. */
function withoutReadings(item: unknown): unknown {
  if (!isRecord(item)) return item;
  const members = Object.entries(item).map(([name, value]): [string, unknown] => {
    if (!isRecord(value) || !("asOf" in value)) return [name, value];
    const { asOf, source, ...content } = value;
    return [name, content];
  });
  return Object.fromEntries(members);
}

/** `If-None-Match` compares weakly (RFC 9110, 13.1.2); proxies that compress make tags weak. */
function matches(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.split(",").some((candidate) => {
    const trimmed = candidate.trim();
    return trimmed === "*" || opaque(trimmed) === opaque(tag);
  });
}

const opaque = (tag: string) => tag.replace(/^W\//, "");
