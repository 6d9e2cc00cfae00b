import type * as z from "zod/mini";
import type { FeedPage, Page, PageRequest } from "../contract/paging.ts";
import type { Route } from "../contract/route.ts";
import type { Progress, WriteStep } from "../contract/write-outcome.ts";
import type { Caller } from "../people/claimant.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import type { ProblemBody } from "./problem.ts";

/** The input of a use case: values parsed by the route's schemas, never the raw event. */
export interface RouteRequest<R extends Route> extends ParsedInput<R> {
  /** For lists: the page wanted. `{ limit: DEFAULT_LIMIT }` elsewhere. */
  page: PageRequest;
  caller: Caller;
  accountId: string;
  /** The extension of the request, with `me` resolved and access checked; "" for a route without one. */
  extensionId: string;
  /** The context of every RingCentral call that the request makes. */
  call: CallContext;
  /** An error as the API reports it to this caller. */
  problemOf: (error: unknown) => ProblemBody;
  /** `If-Match` as sent: the only version that the write may change. */
  ifMatch?: string;
  /** `run`, except for a POST with a key whose earlier attempt may have taken effect. */
  step: WriteStep;
  /** For a POST with a key: what its earlier requests did, kept as long as the key. */
  progress?: Progress;
}

export interface ParsedInput<R extends Route> {
  path: z.output<NonNullable<R["parameters"]>>;
  query: z.output<NonNullable<R["query"]>>;
  body: z.output<NonNullable<R["body"]>>;
}

/** The only cast to a route's types: its schemas have just parsed the input. */
export const ofRoute = <R extends Route>(input: Record<keyof ParsedInput<R>, unknown>) =>
  input as ParsedInput<R>;

/** A use case's outcome, by the kind of response its route declares. */
export interface OutcomeOf<Item> {
  list: Page<Item>;
  feed: FeedPage<Item>;
  item: Item;
  /** `isExisting`: it was there already, as asked. */
  created: { id: string; data: Item; isExisting?: true | undefined };
  batch: Item & { retryAfter?: number | undefined };
  /** `at`: the path that shows the progress. */
  accepted: { at: string; data: Item };
  deleted: undefined;
  plain: Item;
  page: never;
}

type DataOf<R extends Route> = z.output<NonNullable<R["response"]["data"]>>;

export type Outcome<R extends Route> = OutcomeOf<DataOf<R>>[R["response"]["kind"]];

/** A route whose outcome is the response body. */
export type PlainRoute = Route & { response: { kind: "plain" } };

export type UseCase<R extends Route> = (request: RouteRequest<R>) => Promise<Outcome<R>>;
