import { readProblem } from "./problems.ts";
import type { Send } from "./send.ts";

export interface Retries {
  /** Attempts in total, the first one included; default 6. */
  attempts?: number;
  /** The longest total wait between the attempts of one operation, in milliseconds; default 15,000. */
  maxWaitMs?: number;
  /** For tests: waits, and rejects if the request is aborted. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** For tests: 0 to 1. */
  random?: () => number;
}

/** The longest first wait without `Retry-After`, in milliseconds. It doubles with each attempt. */
const FIRST_WAIT_MS = 400;

/**
 * Retries a request when that may help and is harmless: after a lost connection, and after a response that allows it
 * (`retryable`, or 429, 502, 503, 504 of a gateway). It never retries before `Retry-After`. If that is later than
 * `maxWaitMs` allows, the response is returned at once.
 */
export function withRetries(send: Send, options: Retries): Send {
  const { attempts = 6, maxWaitMs = 15_000, sleep = pause, random = Math.random } = options;
  return async (request) => {
    let waitedMs = 0;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await trySending(send, request);
      const pauseMs = attempt < attempts ? await pauseAfter(request, outcome, attempt, random) : undefined;
      if (pauseMs === undefined || waitedMs + pauseMs > maxWaitMs) {
        if ("failure" in outcome) throw outcome.failure;
        return outcome.response;
      }
      waitedMs += pauseMs;
      await sleep(pauseMs, request.signal);
    }
  };
}

type Outcome = { response: Response } | { failure: unknown };

async function trySending(send: Send, request: Request): Promise<Outcome> {
  try {
    return { response: await send(request.clone()) };
  } catch (failure) {
    return { failure };
  }
}

/** @returns the milliseconds to wait before the next attempt; undefined if the request must not be retried */
async function pauseAfter(request: Request, outcome: Outcome, attempt: number, random: () => number) {
  const backoffMs = random() * FIRST_WAIT_MS * 2 ** (attempt - 1);
  if (request.signal.aborted) return undefined;
  if ("failure" in outcome) return isRepeatable(request) ? backoffMs : undefined;
  const { response } = outcome;
  if (response.ok || response.status < 400) return undefined;
  const problem = await readProblem(response);
  const mayHelp = problem?.retryable ?? [429, 502, 503, 504].includes(response.status);
  // The API's 429 and 503 mean that nothing was done, except one. After all others, the outcome is unknown.
  const isRejected = problem !== undefined && [429, 503].includes(response.status);
  const isHarmless = isRepeatable(request) || (isRejected && problem.code !== "outcome_unknown");
  if (!mayHelp || !isHarmless) return undefined;
  // The API sends no dates.
  const header = response.headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(header) ? Number(header) : problem?.retryAfter;
  // With jitter: apps that got the same `Retry-After` must not return at the same moment.
  return seconds === undefined ? backoffMs : (seconds + random()) * 1000;
}

/**
 * Whether a repetition has the same effect as one request. With `If-Match` it has not: after a lost response the second
 * attempt would fail because of the change that the first one made.
 */
function isRepeatable({ method, headers }: Request): boolean {
  return method === "POST" ? headers.has("Idempotency-Key") : !headers.has("If-Match");
}

/** React Native's signals have no reason. */
export function abortReason({ reason }: AbortSignal): unknown {
  return reason ?? Object.assign(new Error("The request was aborted."), { name: "AbortError" });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(abortReason(signal));
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
