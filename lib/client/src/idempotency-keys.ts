import { type Send, withHeader } from "./send.ts";

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
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
