import type { Problem, ProblemCode } from "./api.ts";

/** An error response without a problem document, from a gateway or proxy. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  /** Quote it when you report the error. */
  readonly requestId: string | undefined;

  constructor(message: string, response: Response) {
    super(message);
    this.status = response.status;
    this.requestId = response.headers.get("X-Request-Id") ?? undefined;
  }
}

/** An error response with a problem of the API's catalogue. */
export class ProblemError extends HttpError {
  override name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem, response: Response) {
    super(`${problem.title}: ${problem.detail}`, response);
    this.problem = problem;
  }

  /** Branch on this code. */
  get code(): ProblemCode {
    return this.problem.code;
  }
}

/** Whether a caught value is a problem of this API, with one of these codes if any are given. */
export function isProblem(error: unknown, ...codes: ProblemCode[]): error is ProblemError {
  return error instanceof ProblemError && (codes.length === 0 || codes.includes(error.code));
}

/** A result of openapi-fetch. */
export type Result<Data = unknown> =
  | { data: Data; error?: never; response: Response }
  | { data?: never; error: unknown; response: Response };
/** The data of the success case. Works with and without `exactOptionalPropertyTypes`. */
type DataOf<Of extends Result> =
  Extract<Of, { error?: undefined }> extends { data: infer Data } ? Data : never;

/** The data of a result. @throws ProblemError, or HttpError when the response is not from the API */
export function unwrap<Of extends Result>({ data, error, response }: Of): DataOf<Of> {
  // 204 is a success without data.
  if (response.ok) return data as DataOf<Of>;
  if (isProblemDocument(error)) throw new ProblemError(error, response);
  throw new HttpError(`The API responded with ${response.status}`, response);
}

/** The problem in a response, if it has one. The body can still be read afterwards. */
export async function readProblem(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get("Content-Type")?.startsWith("application/problem+json")) return undefined;
  try {
    const body: unknown = await response.clone().json();
    return isProblemDocument(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function isProblemDocument(value: unknown): value is Problem {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    typeof value.code === "string" &&
    "status" in value &&
    typeof value.status === "number"
  );
}
