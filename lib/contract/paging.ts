/** Where an answer's data came from. */
type Source = "live" | "cache" | "snapshot";

/**
 * Where the next page of a walk starts. Each use case defines its own; the edge seals it into an opaque,
 * tamper-evident cursor bound to the route, the extension and the filters, so a use case may trust what it gets
 * back. Plain JSON.
 */
export type Position = Readonly<Record<string, string | number | boolean | readonly number[]>>;

export interface PageRequest {
  /** 1 to 1000: the most items to answer. */
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
}

/** A page of what has happened, oldest first. There is always a way on: more may happen. */
export interface FeedPage<Item> {
  items: Item[];
  next: Position;
  /** Whether there is more already. */
  hasMore: boolean;
  /** For a start: where the walk of the list begins that holds everything as it was at `next`. */
  snapshot?: Position;
  source: Source;
  /** Epoch milliseconds. */
  asOf: number;
  /** When asking again is worth it, once there is no more. */
  pollAfterSeconds: number;
}
