import type { Stack } from "./stack.ts";

/**
 * The gateway's CORS settings from the parameter `corsAllowedOrigins` (comma-separated, also passed to the functions).
 * Without origins there is no CORS at all.
 */
export function cors({ text }: Stack) {
  const allowedOrigins = text("corsAllowedOrigins")
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin !== "");
  if (allowedOrigins.length === 0) return false;
  return {
    allowedOrigins,
    allowedMethods: ["GET", "POST", "PUT", "DELETE", "OPTIONS"],
    allowedHeaders: [
      "authorization",
      "content-type",
      "cache-control",
      "idempotency-key",
      "if-match",
      "if-none-match",
      "x-request-id",
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
