import { readProblem } from "./problems.ts";

/** Sends one request: `fetch`, or a wrapper around it. */
export type Send = (request: Request) => Promise<Response>;

/** A copy of the request with this header. The original keeps its body for another attempt. */
export function withHeader(request: Request, name: string, value: string): Request {
  const copy = request.clone();
  copy.headers.set(name, value);
  return copy;
}

/**
 * A token, or a function that returns one. It is called with `renew: true` after the API rejected the last token as
 * expired; then it must not return a cached token.
 */
export type AccessToken =
  | string
  | ((request: { renew: boolean; signal: AbortSignal }) => string | Promise<string>);

/** Adds the token to each request; renews it once when the API says that it has expired. */
export function withAccessToken(send: Send, accessToken: AccessToken | undefined): Send {
  if (accessToken === undefined) return send;
  if (typeof accessToken === "string") return (request) => send(authorized(request, accessToken));
  return async (request) => {
    const { signal } = request;
    const token = await accessToken({ renew: false, signal });
    const response = await send(authorized(request, token));
    if (response.status !== 401 || !(await mayBeExpired(response))) return response;
    const renewed = await accessToken({ renew: true, signal });
    return renewed === token ? response : send(authorized(request, renewed));
  };
}

const authorized = (request: Request, token: string) =>
  withHeader(request, "Authorization", `Bearer ${token}`);

/** API Gateway's own 401, before any function runs, has no problem document and gives no reason. */
async function mayBeExpired(response: Response): Promise<boolean> {
  const problem = await readProblem(response);
  return problem === undefined || problem.code === "token_expired";
}

/**
 * Gives every POST without one a fresh `Idempotency-Key`, so that a retry after a lost response takes effect once. To repeat
 * a POST after a restart of the app (a draft that was sent before a crash), set the header yourself.
 */
export function withIdempotencyKeys(send: Send): Send {
  return (request) =>
    request.method !== "POST" || request.headers.has("Idempotency-Key")
      ? send(request)
      : send(withHeader(request, "Idempotency-Key", newKey()));
}

/** Not `randomUUID`: browsers offer it on https pages only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
