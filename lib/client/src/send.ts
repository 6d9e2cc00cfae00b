import { readProblem } from "./problems.ts";

/** Sends one request: `fetch`, or a wrapper around it. */
export type Send = (request: Request) => Promise<Response>;

/** A copy of the request with this header. The original keeps its body for another attempt. */
export function withHeader(request: Request, name: string, value: string): Request {
  const copy = request.clone();
  copy.headers.set(name, value);
  return copy;
}

export interface TokenRequest {
  /** The API has rejected the last token as expired: a cached token must not be returned. */
  renew: boolean;
  /** That token. */
  rejected?: string;
  signal: AbortSignal;
}

/** Where tokens come from, such as a `SignIn`. */
export interface TokenSource {
  accessToken(request: TokenRequest): string | Promise<string>;
  /** The API has rejected the token because its user has to sign in again. */
  signInRequired?(token: string): void | Promise<void>;
}

/** A token, a function that returns one, or an object with such a function. */
export type AccessToken = string | TokenSource["accessToken"] | TokenSource;

/** Adds the token to each request; renews it once when the API says that it has expired. */
export function withAccessToken(send: Send, accessToken: AccessToken | undefined): Send {
  if (accessToken === undefined) return send;
  if (typeof accessToken === "string") return (request) => send(authorized(request, accessToken));
  const source = typeof accessToken === "function" ? { accessToken } : accessToken;
  return async (request) => {
    const { signal } = request;
    const token = await source.accessToken({ renew: false, signal });
    const first = await attempt(request, token);
    if (first.code !== "token_expired") return first.response;
    const renewed = await source.accessToken({ renew: true, rejected: token, signal });
    return renewed === token ? first.response : (await attempt(request, renewed)).response;
  };

  async function attempt(request: Request, token: string) {
    const response = await send(authorized(request, token));
    if (response.status !== 401) return { response };
    // API Gateway's own 401, before any function runs, has no problem document and gives no reason.
    const { code = "token_expired" } = (await readProblem(response)) ?? {};
    if (code === "sign_in_required") await source.signInRequired?.(token);
    return { response, code };
  }
}

const authorized = (request: Request, token: string) =>
  withHeader(request, "Authorization", `Bearer ${token}`);

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
