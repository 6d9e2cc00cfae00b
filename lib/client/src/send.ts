/** Sends one request: `fetch`, or something around it. */
export type Send = (request: Request) => Promise<Response>;

/** The same request with other headers; the original keeps its body for whoever sends it again. */
export function withHeader(request: Request, name: string, value: string): Request {
  const copy = request.clone();
  copy.headers.set(name, value);
  return copy;
}
