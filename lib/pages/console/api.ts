/** A problem from the API, or `unreachable` without a response. */
export interface Problem {
  code: string;
  title: string;
  detail: string;
  requestId?: string | undefined;
  retryAfterSeconds?: number | undefined;
}

export type Result<Data> = { data: Data } | { problem: Problem };

const TIMEOUT_MS = 20_000;

/** The public API, called with the token that is selected. */
export function createApi(token: () => string | undefined) {
  async function call<Data>(path: string, init: RequestInit): Promise<Result<Data>> {
    const headers = { ...init.headers, authorization: `Bearer ${token() ?? ""}` };
    try {
      // The browser compares the last response by its ETag: an unchanged one costs a few bytes.
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(path, { ...init, headers, cache: "no-cache", signal });
      const body = await response.json();
      return response.ok ? { data: body.data } : { problem: problemOf(response, body) };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { problem: { code: "unreachable", title: "The API did not respond", detail } };
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
  return {
    // The gateway's own rejections have no code.
    code: text(body.code, `http_${response.status}`),
    title: text(body.title, text(body.message, "Rejected")),
    detail: text(body.detail, `The gateway returned ${response.status}.`),
    requestId: response.headers.get("x-request-id") ?? undefined,
    retryAfterSeconds: Number(response.headers.get("retry-after")) || undefined,
  };
}
