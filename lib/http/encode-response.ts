import type { FeedPage, Page, Position } from "../contract/paging.ts";
import type { Route } from "../contract/route.ts";
import type { Reading } from "../ringcentral/api/operation.ts";
import type { HttpResponse } from "./invocation.ts";

export interface AnswerContext {
  /** The path and query as they were asked, for the links of the answer. */
  rawPath: string;
  rawQueryString: string;
  limit: number;
  now: number;
  /** Where the answer came from, as far as it came through the read cache. */
  reading?: Reading | undefined;
  seal: (position: Position) => Promise<string>;
  /** A link to the start of the feed's list. */
  snapshotLink?: (position: Position) => Promise<string>;
}

/** A use case's outcome in the envelope of its route's kind. */
export async function successAnswer(
  route: Route,
  outcome: unknown,
  context: AnswerContext,
): Promise<HttpResponse> {
  switch (route.answer.kind) {
    case "list":
      return listAnswer(outcome as Page<unknown>, context);
    case "feed":
      return feedAnswer(outcome as FeedPage<unknown>, context);
    case "item":
      return json(200, { data: outcome }, { ...age(context), ...storability(outcome) });
    case "created": {
      const { id, data } = outcome as { id: string; data: unknown };
      return json(201, { data }, { location: `${context.rawPath.replace(/\/$/, "")}/${id}` });
    }
    case "accepted": {
      const { at, data } = outcome as { at: string; data: unknown };
      return json(202, { data }, { location: at });
    }
    case "deleted":
      return { statusCode: 204, headers: {} };
    case "plain":
      return json(200, outcome);
    case "page":
      throw new Error("pages are answered by definePageHandler");
  }
}

async function listAnswer(page: Page<unknown>, context: AnswerContext): Promise<HttpResponse> {
  const { limit, reading, rawPath, rawQueryString } = context;
  const nextCursor = page.next && (await context.seal(page.next));
  const body = {
    data: page.items,
    page: {
      limit,
      hasMore: page.next !== undefined,
      ...(nextCursor !== undefined && { nextCursor }),
      ...(page.total !== undefined && { total: page.total }),
    },
    meta: readFrom(page, reading),
  };
  return json(200, body, {
    ...(nextCursor !== undefined && {
      link: `<${nextLink(rawPath, rawQueryString, limit, nextCursor)}>; rel="next"`,
    }),
    ...age(context),
  });
}

/** What is missing from an incomplete answer may be there the next moment. */
function storability(outcome: unknown): Record<string, string> {
  const isIncomplete =
    typeof outcome === "object" && outcome !== null && "complete" in outcome && outcome.complete === false;
  return isIncomplete ? { "cache-control": "no-store" } : {};
}

/** What the page says of itself holds for a snapshot; other pages came through the read cache. */
function readFrom(page: Page<unknown>, reading: Reading | undefined) {
  const { source, asOf } = page.source === "snapshot" ? page : (reading ?? page);
  return { source, asOf: new Date(asOf).toISOString() };
}

async function feedAnswer(page: FeedPage<unknown>, context: AnswerContext): Promise<HttpResponse> {
  const { limit, rawPath, rawQueryString, snapshotLink } = context;
  const { items, hasMore, source, asOf, pollAfterSeconds } = page;
  const nextCursor = await context.seal(page.next);
  const snapshot = page.snapshot && (await snapshotLink?.(page.snapshot));
  const body = {
    data: items,
    page: { limit, hasMore, nextCursor },
    meta: { source, asOf: new Date(asOf).toISOString(), ...(snapshot !== undefined && { snapshot }) },
  };
  return json(200, body, {
    link: `<${nextLink(rawPath, rawQueryString, limit, nextCursor)}>; rel="next"`,
    ...(!hasMore && { "retry-after": String(pollAfterSeconds) }),
  });
}

/** RFC 9111, 5.1: absent on what has just been read. */
function age({ reading, now }: AnswerContext): Record<string, string> {
  if (reading?.source !== "cache") return {};
  return { age: String(Math.max(0, Math.floor((now - reading.asOf) / 1000))) };
}

function nextLink(path: string, rawQuery: string, limit: number, cursor: string): string {
  const query = new URLSearchParams(rawQuery);
  query.set("limit", String(limit));
  query.set("cursor", cursor);
  return `${path}?${query}`;
}

function json(statusCode: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  return {
    statusCode,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}
