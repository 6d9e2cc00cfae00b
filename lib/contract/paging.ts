type Source = "live" | "cache" | "snapshot";

/**
 * The start of the next page, as plain JSON. Each use case defines its own. The edge signs it into an opaque cursor
 * bound to the route, the extension and the filters, so a use case may trust the position it gets back.
 */
export type Position = Readonly<Record<string, string | number | boolean | readonly number[]>>;

export interface PageRequest {
  /** 1 to 1000: the most items to return. */
  limit: number;
  /** Absent: from the start. */
  position?: Position;
}

export interface Page<Item> {
  items: Item[];
  /** Present exactly when there is more. */
  next?: Position;
  /** Size of the whole list, when known. */
  total?: number;
  source: Source;
  /** Epoch milliseconds of the reading. */
  asOf: number;
  /** For forwarding numbers: the call-handling backend that RingCentral has the extension on. */
  callHandling?: CallHandling;
}

export type CallHandling = "legacy" | "new";

/** A page of changes, oldest first. It always has a next position: more may follow. */
export interface FeedPage<Item> {
  items: Item[];
  next: Position;
  /** Whether there is more now. */
  hasMore: boolean;
  /** At the start of a feed: the first page of the list of everything as it was at `next`. */
  snapshot?: Position;
  source: Source;
  /** Epoch milliseconds. */
  asOf: number;
  /** The polling interval once there is no more. */
  pollAfterSeconds: number;
}
