import createFetchClient, { type Client } from "openapi-fetch";
import type { paths } from "./api.ts";
import { type Paging, pagingOf } from "./paging.ts";
import { type Retries, withRetries } from "./retries.ts";
import { type AccessToken, type Send, withAccessToken, withIdempotencyKeys } from "./send.ts";
import { withTagCache } from "./tag-cache.ts";

export interface ClientOptions {
  /** Where the API is, such as `https://numbers.example.com`. */
  baseUrl: string;
  /** The user's access token, or a function that returns it. Called before every request, and again after an expiry. */
  accessToken?: AccessToken;
  /** How often and how long to retry; `false`: never. */
  retries?: Retries | false;
  /** How many responses to reads are kept in memory, to be used when the API says that they are current; default 100. */
  keptReads?: number;
  /** Replaces the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** openapi-fetch's client (`GET`, `POST`, `PUT`, `DELETE` by path), and two ways to page through a list. */
export type RingfrontClient = Client<paths> & Paging;

/**
 * Creates a client. It adds the access token to each request and an `Idempotency-Key` to each POST, and retries when the
 * API says that this may help, not earlier than it says. As with openapi-fetch, a result is `{ data, response }` or
 * `{ error, response }`, with the problem in `error`; `unwrap` returns the data or throws a `ProblemError`.
 */
export function createClient(options: ClientOptions): RingfrontClient {
  const client = createFetchClient<paths>({
    baseUrl: options.baseUrl,
    fetch: pipelineOf(options),
    ...serialization,
  });
  return Object.assign(client, pagingOf(client));
}

/** Arrays are comma-separated. */
export const serialization = { querySerializer: { array: { style: "form", explode: false } } } as const;

/** What each request passes through. */
export function pipelineOf(options: ClientOptions): Send {
  const { accessToken, retries = {}, keptReads = 100 } = options;
  const { fetch = (request) => globalThis.fetch(request) } = options;
  const sendWithRetries = retries === false ? fetch : withRetries(fetch, retries);
  // One key and one token per operation: all its attempts are the same request.
  return withIdempotencyKeys(withTagCache(withAccessToken(sendWithRetries, accessToken), keptReads));
}
