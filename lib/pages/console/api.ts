/** A problem from the API, or of a response that is not the API's. */
export interface Problem {
  code: string;
  title: string;
  detail: string;
  requestId?: string | undefined;
  retryAfterSeconds?: number | undefined;
  /** Nobody's request can succeed now: there is no response, or a 5xx. */
  isFault: boolean;
  /** The error catalogue has an entry for the code. */
  isListed: boolean;
}

export type Result<Data> = { data: Data } | { problem: Problem };

const TIMEOUT_MS = 10_000;

/** The public API. */
export function createApi(send: (request: Request) => Promise<Response>) {
  async function call<Data>(path: string, init: RequestInit): Promise<Result<Data>> {
    try {
      // The browser compares the last response by its ETag: an unchanged one costs a few bytes.
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await send(new Request(path, { ...init, cache: "no-cache", signal }));
      const body = await response.json().catch(() => undefined);
      const isData = response.ok && body?.data !== undefined;
      return isData ? { data: body.data } : { problem: problemOf(response, body ?? {}) };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const unreachable = { code: "unreachable", title: "The API did not respond", detail };
      return { problem: { ...unreachable, isFault: true, isListed: false } };
    }
  }
  return {
    get: <Data>(path: string) => call<Data>(path, {}),
    post: (path: string) =>
      call(path, { method: "POST", headers: { "idempotency-key": crypto.randomUUID() } }),
  };
}

function problemOf(response: Response, body: Record<string, unknown>): Problem {
  const text = (value: unknown, otherwise: string) => (typeof value === "string" ? value : otherwise);
  const otherwise = response.ok
    ? "This is not an API response"
    : `The API failed with status ${response.status}`;
  return {
    // The gateway's own rejections have no code, and a sign-in page in between is no JSON.
    code: text(body.code, `http_${response.status}`),
    title: text(body.title, text(body.message, otherwise)),
    detail: text(body.detail, "It gave no reason."),
    isFault: response.ok || response.status >= 500,
    isListed: typeof body.code === "string",
    requestId: response.headers.get("x-request-id") ?? undefined,
    retryAfterSeconds: Number(response.headers.get("retry-after")) || undefined,
  };
}
