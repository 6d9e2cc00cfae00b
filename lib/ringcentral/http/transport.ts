import { isUtf8 } from "node:buffer";
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import type { RequestError } from "got";
import { type Clock, systemClock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { VERSION } from "../../platform/version.ts";
import { type FailureKind, outOfTime, RingCentralError } from "../api/errors.ts";

/** `App/1.2.3 (details)`, one stable value per instance. [docs: URIS] */
const USER_AGENT = `Ringfront/${VERSION} (+serverless; node)`;

export interface HttpRequest {
  /** Names the failure. */
  operation: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: URL;
  /** Lower-case names. `accept` is JSON unless given; `user-agent` and `accept-encoding` are added. */
  headers: Readonly<Record<string, string>>;
  body?: string;
  deadline: Deadline;
}

/** A response of any status, its body decompressed and complete. */
export interface HttpResponse {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
  /** Some bytes are no UTF-8, which JSON has to be (RFC 8259, 8.1); `body` has U+FFFD in their place. */
  isGarbled?: true;
}

export interface Transport {
  /**
   * One exchange, never repeated.
   * @throws RingCentralError kind `timeout`, `unavailable` (no connection) or `bad_response` (no complete response)
   */
  send(request: HttpRequest): Promise<HttpResponse>;
}

interface TransportLimits {
  /** The time limit of one attempt, whatever the deadline allows. */
  attemptTimeoutMs?: number;
  /** A page of 1,000 records is under 1 MiB; a body of the default size is not a response to our request. */
  maxResponseBytes?: number;
  clock?: Clock;
}

/**
 * The longest time for which an idle connection is kept. A Lambda may be frozen between requests; then only the next write
 * would show that the other side has closed the connection meanwhile, and leave open whether it took effect.
 */
const IDLE_CONNECTION_MS = 10_000;

async function loadClient() {
  const { createHttpClient, RequestError } = await import("./http-client.ts");
  return { http: createHttpClient(IDLE_CONNECTION_MS), RequestError };
}

/** The HTTP layer: keep-alive connections, limits on time and size, and network faults as RingCentralError. */
export function createTransport({
  attemptTimeoutMs = 8_000,
  maxResponseBytes = 16 * 1024 * 1024,
  clock = systemClock,
}: TransportLimits = {}): Transport {
  let client: ReturnType<typeof loadClient> | undefined;
  let usedAt = 0;
  const readySockets = new WeakSet<Socket>();

  return {
    async send(request) {
      const { operation, deadline } = request;
      // The connections' own timers may stand still with the process.
      if (clock.now() - usedAt > IDLE_CONNECTION_MS) client = undefined;
      usedAt = clock.now();
      client ??= loadClient();
      const { http, RequestError } = await client;
      const remainingMs = deadline.remainingMs();
      if (remainingMs <= 0) throw outOfTime(operation);
      const tooLarge = new AbortController();
      const exchange = http(request.url, {
        method: request.method,
        headers: { accept: "application/json", ...request.headers, "user-agent": USER_AGENT },
        ...(request.body !== undefined && { body: request.body }),
        timeout: { request: Math.max(1, Math.min(attemptTimeoutMs, remainingMs)) },
        signal: tooLarge.signal,
      });
      const connection = watchConnection(exchange, readySockets, request.url.protocol === "https:");
      exchange.on("downloadProgress", ({ transferred }) => {
        if (transferred > maxResponseBytes) tooLarge.abort();
      });
      try {
        const { statusCode, headers, body, rawBody } = await exchange;
        return { status: statusCode, headers, body, ...(!isUtf8(rawBody) && { isGarbled: true }) };
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        const failure = networkFailure(operation, error, connection, remainingMs <= attemptTimeoutMs);
        // The other kept connections are as old: the next exchange opens a new one.
        if (failure.failure.wasKeptConnection) client = undefined;
        throw failure;
      } finally {
        usedAt = clock.now();
      }
    },
  };
}

interface Connection {
  /** Whether the request had a connection that was ready, without which nothing can have left. */
  isReady: boolean;
  /** Whether an earlier exchange used it. */
  isKept: boolean;
}

/**
 * Watches the connection of a request.
 * @param readySockets those of former exchanges, kept alive; new ones are added
 */
function watchConnection(
  exchange: { on(event: "request", listener: (request: ClientRequest) => void): unknown },
  readySockets: WeakSet<Socket>,
  isEncrypted: boolean,
): Connection {
  const connection = { isReady: false, isKept: false };
  const onSocket = (socket: Socket) => {
    connection.isKept = connection.isReady = readySockets.has(socket);
    if (connection.isKept) return;
    // Over TLS, nothing leaves before the handshake is complete.
    socket.once(isEncrypted ? "secureConnect" : "connect", () => {
      readySockets.add(socket);
      connection.isReady = true;
    });
  };
  exchange.on("request", (request) => {
    if (request.socket) onSocket(request.socket);
    else request.once("socket", onSocket);
  });
  return connection;
}

/** got names the fault by `name` and `code`. */
function networkFailure(
  operation: string,
  error: RequestError,
  { isReady, isKept }: Connection,
  outOfTime: boolean,
): RingCentralError {
  const timedOut = error.name === "TimeoutError";
  const kind: FailureKind = timedOut ? "timeout" : isReady ? "bad_response" : "unavailable";
  return new RingCentralError({
    kind,
    operation,
    ...(timedOut && outOfTime && { deadlineExceeded: true }),
    ...(timedOut && isKept && { wasKeptConnection: true }),
    mayHaveTakenEffect: isReady,
    // Only the code: got's errors carry the request's options, and so the credentials.
    cause: new Error(error.code),
  });
}
