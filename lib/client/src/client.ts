import createFetchClient, { type Client } from "openapi-fetch";
import { type AccessToken, withAccessToken } from "./access-token.ts";
import type { paths } from "./api.ts";
import { withIdempotencyKeys } from "./idempotency-keys.ts";
import { type Paging, pagingOf } from "./paging.ts";
import { type Retries, withRetries } from "./retries.ts";

export interface ClientOptions {
  /** Where the API is, such as `https://numbers.example.com`. */
  baseUrl: string;
  /** The user's access token, or what gets it: asked before every request, and once more when the API says it expired. */
  accessToken?: AccessToken;
  /** How often and how long to try again; `false`: not at all. */
  retries?: Retries | false;
  /** In place of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** openapi-fetch's client (`GET`, `POST`, `PUT`, `DELETE` by path), and two ways to walk a list to its end. */
export type RingfrontClient = Client<paths> & Paging;

/**
 * A client whose requests carry the access token, whose POSTs carry an `Idempotency-Key`, and which tries again what
 * the API says may succeed later, when it says so. As with openapi-fetch, an answer is `{ data, response }` or
 * `{ error, response }`, `error` being the problem; `unwrap` turns that into a value or a thrown `ProblemError`.
 */
export function createClient(options: ClientOptions): RingfrontClient {
  const { baseUrl, accessToken, retries = {}, fetch = (request) => globalThis.fetch(request) } = options;
  const sendAgain = retries === false ? fetch : withRetries(fetch, retries);
  const client = createFetchClient<paths>({
    baseUrl,
    // One key and one token an operation: all tries of it are the same request.
    fetch: withIdempotencyKeys(withAccessToken(sendAgain, accessToken)),
    // Sets are comma-separated.
    querySerializer: { array: { style: "form", explode: false } },
  });
  return Object.assign(client, pagingOf(client));
}
