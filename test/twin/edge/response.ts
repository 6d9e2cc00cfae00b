/** A response before it is written to a socket. */
export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body?: string;
}

/** @returns a response with `value` as JSON */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

/** @returns a 204 */
export function noContent(): HttpResponse {
  return { status: 204, headers: {} };
}

/** Thrown by any layer to end a call with this response. */
export class Rejection extends Error {
  readonly response: HttpResponse;

  constructor(response: HttpResponse) {
    super(`rejected with ${response.status}`);
    this.response = response;
  }
}
