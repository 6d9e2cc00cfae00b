import type * as z from "zod/mini";
import type { FeedPage, Page, PageRequest } from "../contract/paging.ts";
import type { Route } from "../contract/route.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import type { ProblemBody } from "./problem.ts";

/** Who is calling, from a verified access token. */
export interface Caller {
  /** The token's `sub`. */
  subject: string;
  scopes: ReadonlySet<string>;
  /** From the claim `rc_account_id`; every upstream call is bound to it. */
  accountId: string;
  /** From the claim `rc_extension_id`; a machine token has none. */
  extensionId?: string;
}

/** What a use case gets: only values parsed by the route's schemas, never the raw event. */
export interface RouteRequest<R extends Route> {
  path: z.output<R["parameters"]>;
  query: z.output<R["query"]>;
  body: z.output<NonNullable<R["body"]>>;
  /** For lists: how much to answer and from where. `{ limit: DEFAULT_LIMIT }` elsewhere. */
  page: PageRequest;
  accountId: string;
  /** The extension the request is about, `me` resolved and ownership checked; "" for a route without one. */
  extensionId: string;
  /** The context of every RingCentral call that the request makes. */
  call: CallContext;
  /** An error as the API reports it to this caller. */
  problemOf: (error: unknown) => ProblemBody;
  /** `If-Match`, as it was sent: the write is to happen only to that version. */
  ifMatch?: string;
  /** An earlier try of this very request may have taken effect: look before anything is sent. */
  resolveFirst: boolean;
}

/** What a use case answers, by the kind its route declares. */
export interface OutcomeOf<Item> {
  list: Page<Item>;
  feed: FeedPage<Item>;
  item: Item;
  created: { id: string; data: Item };
  /** `at`: where its progress can be seen. */
  accepted: { at: string; data: Item };
  deleted: undefined;
  plain: Item;
  page: never;
}

type DataOf<R extends Route> = z.output<NonNullable<R["answer"]["data"]>>;

export type Outcome<R extends Route> = OutcomeOf<DataOf<R>>[R["answer"]["kind"]];

export type UseCase<R extends Route> = (request: RouteRequest<R>) => Promise<Outcome<R>>;
