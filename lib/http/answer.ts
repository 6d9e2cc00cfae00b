import type { Route } from "../contract/route.ts";
import type { Page, Position } from "../numbers/page.ts";
import type { HttpAnswer } from "./invocation.ts";

export interface AnswerContext {
  /** The path and query as they were asked, for the links of the answer. */
  rawPath: string;
  rawQueryString: string;
  limit: number;
  now: number;
  seal: (position: Position) => Promise<string>;
}

/** A use case's outcome in the envelope of its route's kind. */
export async function successAnswer(
  route: Route,
  outcome: unknown,
  context: AnswerContext,
): Promise<HttpAnswer> {
  switch (route.answer.kind) {
    case "list":
      return listAnswer(outcome as Page<unknown>, context);
    case "item":
      return json(200, { data: outcome });
    case "created": {
      const { id, data } = outcome as { id: string; data: unknown };
      return json(201, { data }, { location: `${context.rawPath.replace(/\/$/, "")}/${id}` });
    }
    case "deleted":
      return { statusCode: 204, headers: {} };
    case "plain":
      return json(200, outcome);
  }
}

async function listAnswer(page: Page<unknown>, context: AnswerContext): Promise<HttpAnswer> {
  const { limit, now, rawPath, rawQueryString } = context;
  const nextCursor = page.next && (await context.seal(page.next));
  const body = {
    data: page.items,
    page: {
      limit,
      hasMore: page.next !== undefined,
      ...(nextCursor !== undefined && { nextCursor }),
      ...(page.total !== undefined && { total: page.total }),
    },
    meta: { source: page.source, asOf: new Date(page.asOf).toISOString() },
  };
  return json(200, body, {
    ...(nextCursor !== undefined && {
      link: `<${nextLink(rawPath, rawQueryString, limit, nextCursor)}>; rel="next"`,
    }),
    ...(page.source === "cache" && { age: String(Math.max(0, Math.floor((now - page.asOf) / 1000))) }),
  });
}

function nextLink(path: string, rawQuery: string, limit: number, cursor: string): string {
  const query = new URLSearchParams(rawQuery);
  query.set("limit", String(limit));
  query.set("cursor", cursor);
  return `${path}?${query}`;
}

function json(statusCode: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  return {
    statusCode,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}
