import { type Send, withHeader } from "./send.ts";

/**
 * Gives every POST that has none a fresh `Idempotency-Key`: sent again after a lost answer, it takes effect once.
 * To make a POST of another run of the app the same one (a draft that was sent before a crash), set the header.
 */
export function withIdempotencyKeys(send: Send): Send {
  return (request) =>
    request.method !== "POST" || request.headers.has("Idempotency-Key")
      ? send(request)
      : send(withHeader(request, "Idempotency-Key", newKey()));
}

/** Not `randomUUID`, which browsers have on https pages only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
