import type { FeedPage, Page, Position } from "../contract/paging.ts";
import type { ResponseKind } from "../contract/route.ts";
import { tagged } from "../platform/content-tag.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { Reading } from "../ringcentral/api/operation.ts";
import { pageTag } from "./conditional.ts";
import type { OutcomeOf } from "./request.ts";
import { type HttpResponse, jsonResponse } from "./response.ts";

interface ResponseContext {
  /** The path and query of the request, for links. */
  rawPath: string;
  rawQueryString: string;
  limit: number;
  now: number;
  /** Source and age of the response, when it came through the read cache. */
  reading?: Reading | undefined;
  signCursor: (position: Position) => Promise<string>;
  /** A link to the list of everything at the start of a feed. */
  snapshotLink: (position: Position) => Promise<string | undefined>;
}

type Outcomes = OutcomeOf<unknown>;
type Encode<Outcome> = (outcome: Outcome, context: ResponseContext) => HttpResponse | Promise<HttpResponse>;

const encoders: { [Kind in ResponseKind]: Encode<Outcomes[Kind]> } = {
  list: encodeList,
  feed: encodeFeed,
  item: (data, context) => jsonResponse(200, { data }, { ...age(context), ...storability(data) }),
  created: ({ id, data, isExisting }, { rawPath }) => {
    const location = `${rawPath.replace(/\/$/, "")}/${encodeURIComponent(id.toWellFormed())}`;
    return jsonResponse(isExisting ? 200 : 201, { data }, { location });
  },
  batch: (data) => {
    const headers = { "cache-control": "no-store", "retry-after": data.retryAfter?.toString() };
    return jsonResponse(200, { data }, omitUndefined(headers));
  },
  accepted: ({ at, data }) => jsonResponse(202, { data }, { location: at }),
  deleted: () => ({ statusCode: 204, headers: {} }),
  plain: (data) => jsonResponse(200, data),
  page: () => {
    throw new Error("definePageHandler serves pages");
  },
};

/** A use case's outcome in the envelope of its route's kind. */
export async function encodeResponse<Kind extends ResponseKind>(
  kind: Kind,
  outcome: Outcomes[Kind],
  context: ResponseContext,
): Promise<HttpResponse> {
  return encoders[kind](outcome, context);
}

async function encodeList(list: Page<unknown>, context: ResponseContext): Promise<HttpResponse> {
  const { limit, reading } = context;
  const nextCursor = list.next && (await context.signCursor(list.next));
  // A page of the snapshot reports its own source and age; other pages came through the read cache.
  const { source, asOf } = list.source === "snapshot" ? list : (reading ?? list);
  const page = omitUndefined({ limit, hasMore: list.next !== undefined, nextCursor, total: list.total });
  const { callHandling } = list;
  const { limitedBy } = reading ?? {};
  const meta = omitUndefined({ source, asOf: new Date(asOf).toISOString(), limitedBy, callHandling });
  const data = list.items.map(tagged);
  const etag = pageTag(
    data.map((item) => item.etag),
    page,
  );
  const link = nextCursor && nextLink(context, nextCursor);
  return jsonResponse(200, { data, page, meta }, omitUndefined({ etag, link, ...age(context) }));
}

async function encodeFeed(feed: FeedPage<unknown>, context: ResponseContext): Promise<HttpResponse> {
  const { items, hasMore, source, asOf, pollAfterSeconds } = feed;
  const nextCursor = await context.signCursor(feed.next);
  const snapshot = feed.snapshot && (await context.snapshotLink(feed.snapshot));
  const page = { limit: context.limit, hasMore, nextCursor };
  const meta = omitUndefined({ source, asOf: new Date(asOf).toISOString(), snapshot });
  const retryAfter = hasMore ? undefined : String(pollAfterSeconds);
  // The tag of a response covers no positions: a cache would return the old start of the feed as the present one.
  const cacheControl = snapshot === undefined ? undefined : "no-store";
  const link = nextLink(context, nextCursor);
  const headers = omitUndefined({ link, "retry-after": retryAfter, "cache-control": cacheControl });
  return jsonResponse(200, { data: items, page, meta }, headers);
}

/** The missing part of an incomplete response may be available at the next request. */
function storability(outcome: unknown): Record<string, string> {
  const isIncomplete =
    typeof outcome === "object" && outcome !== null && "complete" in outcome && outcome.complete === false;
  return isIncomplete ? { "cache-control": "no-store" } : {};
}

/** `Age` (RFC 9111, 5.1); absent on a live reading. */
function age({ reading, now }: ResponseContext): Record<string, string> {
  if (reading?.source !== "cache") return {};
  return { age: String(Math.max(0, Math.floor((now - reading.asOf) / 1000))) };
}

function nextLink({ rawPath, rawQueryString, limit }: ResponseContext, cursor: string): string {
  const query = new URLSearchParams(rawQueryString);
  query.set("limit", String(limit));
  query.set("cursor", cursor);
  return `<${rawPath}?${query}>; rel="next"`;
}
