import { readProblem } from "./problems.ts";
import type { Send } from "./send.ts";

export interface Retries {
  /** Tries in all, the first one included; default 4. */
  attempts?: number;
  /** The longest that one operation may spend waiting between tries, in milliseconds; default 15,000. */
  maxWaitMs?: number;
  /** For tests: waits. Rejects when the request is aborted meanwhile. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** For tests: 0 to 1. */
  random?: () => number;
}

/** What the first pause without advice is at most, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE_MS = 400;

/**
 * Sends a request again when that may help and can do no harm: after a lost connection, and after answers that say so
 * (`retryable`, or 429, 502, 503, 504 of something in between). It never comes back earlier than `Retry-After`, and
 * when that is further away than `maxWaitMs` leaves room for, the answer is returned at once.
 */
export function withRetries(send: Send, options: Retries): Send {
  const { attempts = 4, maxWaitMs = 15_000, sleep = pause, random = Math.random } = options;
  return async (request) => {
    let waitedMs = 0;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await trySending(send, request);
      const advice = attempt < attempts ? await adviceOn(request, outcome) : undefined;
      const pauseMs = advice === undefined ? Number.POSITIVE_INFINITY : pauseFor(advice, attempt, random());
      if (waitedMs + pauseMs > maxWaitMs) return settle(outcome);
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

function settle(outcome: Outcome): Response {
  if ("failure" in outcome) throw outcome.failure;
  return outcome.response;
}

interface Advice {
  retryAfterMs?: number;
}

/** @returns undefined when the request had better not be sent again */
async function adviceOn(request: Request, outcome: Outcome): Promise<Advice | undefined> {
  if (request.signal.aborted) return undefined;
  if ("failure" in outcome) return isRepeatable(request) ? {} : undefined;
  const { response } = outcome;
  if (response.ok || response.status < 400) return undefined;
  const problem = await readProblem(response);
  const mayHelp = problem?.retryable ?? [429, 502, 503, 504].includes(response.status);
  // 429 and 503 say that nothing was done; after the others, that is not certain.
  const isHarmless = isRepeatable(request) || response.status === 429 || response.status === 503;
  if (!mayHelp || !isHarmless) return undefined;
  const seconds = parseRetryAfter(response.headers.get("Retry-After")) ?? problem?.retryAfter;
  return seconds === undefined ? {} : { retryAfterMs: seconds * 1000 };
}

/**
 * Whether twice is the same as once. With `If-Match` it is not: after a lost answer, the second try would be told that
 * the resource has changed, by the first.
 */
function isRepeatable({ method, headers }: Request): boolean {
  return method === "POST" ? headers.has("Idempotency-Key") : !headers.has("If-Match");
}

/** Seconds; the API sends no dates. */
function parseRetryAfter(value: string | null): number | undefined {
  return value !== null && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** Spread out, so that all the apps that were told the same second do not come at once. */
function pauseFor({ retryAfterMs }: Advice, attempt: number, random: number): number {
  if (retryAfterMs !== undefined) return retryAfterMs + random * 1_000;
  return random * FIRST_PAUSE_MS * 2 ** (attempt - 1);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
