import type { Problem, ProblemCode } from "./api.ts";

/** An answer that is an error without saying which: a gateway's or a proxy's in between. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  /** What to quote when reporting it. */
  readonly requestId: string | undefined;

  constructor(message: string, response: Response) {
    super(message);
    this.status = response.status;
    this.requestId = response.headers.get("X-Request-Id") ?? undefined;
  }
}

/** An answer that is a problem of the API's catalogue. */
export class ProblemError extends HttpError {
  override name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem, response: Response) {
    super(`${problem.title}: ${problem.detail}`, response);
    this.problem = problem;
  }

  /** The word to branch on. */
  get code(): ProblemCode {
    return this.problem.code;
  }
}

/** Whether a caught value is a problem of this API: of any code, or of one of those given. */
export function isProblem(error: unknown, ...codes: ProblemCode[]): error is ProblemError {
  return error instanceof ProblemError && (codes.length === 0 || codes.includes(error.code));
}

/** What openapi-fetch answers. */
export type Answer<Data = unknown> =
  | { data: Data; error?: never; response: Response }
  | { data?: never; error: unknown; response: Response };
/** Of the success among the answers; an app may count an absent `data` as `undefined`, or not. */
type DataOf<Of extends Answer> =
  Extract<Of, { error?: undefined }> extends { data: infer Data } ? Data : never;

/**
 * The data of an answer.
 * @throws ProblemError, or HttpError when something other than the API answered
 */
export function unwrap<Of extends Answer>({ data, error, response }: Of): DataOf<Of> {
  // 204 has no data and is a success all the same.
  if (response.ok) return data as DataOf<Of>;
  if (looksLikeProblem(error)) throw new ProblemError(error, response);
  throw new HttpError(`The API answered ${response.status}`, response);
}

/** The problem that an answer is, if it is one; the answer can still be read afterwards. */
export async function readProblem(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get("Content-Type")?.startsWith("application/problem+json")) return undefined;
  try {
    const body: unknown = await response.clone().json();
    return looksLikeProblem(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function looksLikeProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    typeof value.code === "string" &&
    "status" in value &&
    typeof value.status === "number"
  );
}
