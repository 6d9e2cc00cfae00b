/** Sends one request: `fetch`, or a wrapper around it. */
export type Send = (request: Request) => Promise<Response>;

/** A copy of the request with this header. The original keeps its body for another attempt. */
export function withHeader(request: Request, name: string, value: string): Request {
  const copy = request.clone();
  copy.headers.set(name, value);
  return copy;
}
