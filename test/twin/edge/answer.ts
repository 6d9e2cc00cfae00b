/** A response before it is written to a socket. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body?: string;
}

/** @returns a response with `value` as JSON */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

/** @returns a 204 */
export function noContent(): Answer {
  return { status: 204, headers: {} };
}

/** Thrown by any layer to end a call with this response. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}
