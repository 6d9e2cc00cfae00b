import { list } from "./list.ts";
import type { Stack } from "./stack.ts";

/**
 * The gateway's CORS settings from the parameter `corsAllowedOrigins` (comma-separated, also passed to the functions).
 * `corsAllowedHeaders` adds request headers to those that the API and tracing need.
 * Without origins there is no CORS at all.
 */
export function cors({ text }: Stack) {
  const allowedOrigins = list(text("corsAllowedOrigins"));
  if (allowedOrigins.length === 0) return false;
  return {
    allowedOrigins,
    allowedMethods: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
    allowedHeaders: [
      "authorization",
      "content-type",
      "cache-control",
      "idempotency-key",
      "if-match",
      "if-none-match",
      "x-request-id",
      // Tracing in browsers: OpenTelemetry and W3C Trace Context, Sentry.
      "baggage",
      "sentry-trace",
      "traceparent",
      "tracestate",
      ...list(text("corsAllowedHeaders")).map((name) => name.toLowerCase()),
    ],
    exposedResponseHeaders: [
      "age",
      "etag",
      "idempotency-replayed",
      "link",
      "location",
      "ratelimit",
      "ratelimit-policy",
      "retry-after",
      "x-request-id",
    ],
    maxAge: 3600,
  };
}
