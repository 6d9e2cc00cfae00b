/** A response before it is written to a socket. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body?: string;
}

/** @returns an answer holding `value` as JSON */
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

/** Thrown anywhere below the edge to end a call with an answer. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}
