import { type EdgeRequest, header, invocationOf, type Middleware } from "./invocation.ts";

/** Protection against sniffing, framing, referrer leaks and shared caches. */
const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-site",
};

export function responseHeaders(cacheControl: string): Middleware {
  const add = ({ response }: EdgeRequest) => {
    if (!response) return;
    // A page has its own policy, which names its scripts and styles.
    response.headers = { ...securityHeaders, ...response.headers };
    response.headers["cache-control"] ??= response.statusCode < 400 ? cacheControl : "no-store";
  };
  return { after: add, onError: add };
}

/**
 * What remains of the RingCentral budgets that this response used, as structured fields
 * (draft-ietf-httpapi-ratelimit-headers). All callers of the service share them.
 */
export function rateLimits(): Middleware {
  const add = ({ event, response }: EdgeRequest) => {
    const budgets = [...invocationOf(event).budgets.values()];
    if (!response || budgets.length === 0) return;
    response.headers["ratelimit-policy"] = budgets
      .map(({ group, limit, windowSeconds }) => `"${group}";q=${limit};w=${windowSeconds}`)
      .join(", ");
    response.headers.ratelimit = budgets
      .map(({ group, remaining }) => `"${group}";r=${remaining}`)
      .join(", ");
  };
  return { after: add, onError: add };
}

const EXPOSED =
  "X-Request-Id, ETag, Link, Location, Retry-After, Age, RateLimit, RateLimit-Policy, Idempotency-Replayed";

/** CORS headers for allowed origins. The gateway handles preflights. */
export function cors(): Middleware {
  const add = ({ event, response }: EdgeRequest) => {
    const { settings } = invocationOf(event);
    if (!response || !settings || settings.corsAllowedOrigins.length === 0) return;
    const anyOrigin = settings.corsAllowedOrigins.includes("*");
    if (!anyOrigin) response.headers.vary = "Origin";
    const origin = header(event, "origin");
    if (origin === undefined || !(anyOrigin || settings.corsAllowedOrigins.includes(origin))) return;
    response.headers["access-control-allow-origin"] = anyOrigin ? "*" : origin;
    response.headers["access-control-expose-headers"] = EXPOSED;
  };
  return { after: add, onError: add };
}
