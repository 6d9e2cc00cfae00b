import { type EdgeRequest, header, type Invocation, invocationOf, type Middleware } from "./invocation.ts";
import { vary } from "./response.ts";

/**
 * The headers of every response, problems included: request id, protection, caching, budgets and CORS. A response to HEAD
 * has them alone.
 */
export function responseHeaders(cacheControl: string): Middleware {
  const add = ({ event, response }: EdgeRequest) => {
    if (!response) return;
    const invocation = invocationOf(event);
    response.headers = {
      ...securityHeaders,
      "cache-control": response.statusCode < 400 ? cacheControl : "no-store",
      // A page has its own policy, which names its scripts and styles.
      ...response.headers,
      ...rateLimits(invocation),
      "x-request-id": invocation.requestId,
    };
    addCors(response.headers, invocation, header(event, "origin"));
    if (event.requestContext.http.method !== "HEAD") return;
    delete response.body;
    delete response.isBase64Encoded;
  };
  return { after: add, onError: add };
}

/** Protection against sniffing, framing, referrer leaks and shared caches. */
const securityHeaders = {
  "x-content-type-options": "nosniff",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-site",
};

/**
 * What remains of the RingCentral budgets that this response used, as structured fields
 * (draft-ietf-httpapi-ratelimit-headers). All callers of the service share them. A share that is used up is named
 * `light-caller` or `light-extension`.
 */
function rateLimits(invocation: Invocation): Record<string, string> {
  const budgets = [...invocation.budgets.values()];
  if (budgets.length === 0) return {};
  return {
    "ratelimit-policy": budgets
      .map(({ group, limit, windowSeconds }) => `"${group}";q=${limit};w=${windowSeconds}`)
      .join(", "),
    ratelimit: budgets
      .map(({ group, remaining, resetSeconds }) => {
        const reset = resetSeconds === undefined ? "" : `;t=${resetSeconds}`;
        return `"${group}";r=${remaining}${reset}`;
      })
      .join(", "),
  };
}

const EXPOSED =
  "X-Request-Id, ETag, Link, Location, Retry-After, Age, RateLimit, RateLimit-Policy, Idempotency-Replayed";

/** CORS headers for allowed origins. The gateway handles preflights. */
function addCors(
  headers: Record<string, string>,
  { settings }: Invocation,
  origin: string | undefined,
): void {
  const allowed = settings?.CORS_ALLOWED_ORIGINS ?? [];
  if (allowed.length === 0) return;
  const anyOrigin = allowed.includes("*");
  if (!anyOrigin) vary(headers, "Origin");
  if (origin === undefined || !(anyOrigin || allowed.includes(origin))) return;
  headers["access-control-allow-origin"] = anyOrigin ? "*" : origin;
  headers["access-control-expose-headers"] = EXPOSED;
}
