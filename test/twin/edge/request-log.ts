import { createHash } from "node:crypto";
import type { Group } from "../options.ts";
import { headerOf, type ReceivedRequest } from "./received-request.ts";

/** One request as the twin saw it. Tokens and secrets are kept as digests only. */
export interface LoggedRequest {
  /** 1 for the first request since the log was cleared. */
  number: number;
  /** Epoch milliseconds of the twin's clock. */
  at: number;
  /** As sent. */
  method: string;
  path: string;
  query: Record<string, string[]>;
  headers: Record<string, string>;
  /** Parsed JSON or form fields where the body is one of them. */
  body: unknown;
  /** The matched call, after any method override. */
  operation?: string;
  group?: Group;
  clientId?: string;
  /** The caller's extension. */
  callerExtensionId?: string;
  /** The kinds of faults that affected it. */
  faults: string[];
  /** Absent in flight, and when no response was written. */
  status?: number;
  errorCode?: string;
  durationMs?: number;
}

const secretFields = new Set([
  "access_token",
  "refresh_token",
  "token",
  "assertion",
  "client_assertion",
  "client_secret",
  "code",
  "code_verifier",
  "password",
]);

/** @returns a digest that shows whether secrets are equal */
function digest(secret: string): string {
  return `sha256:${createHash("sha256").update(secret).digest("hex").slice(0, 16)}`;
}

function hideSecret(name: string, value: string): string {
  return secretFields.has(name.toLowerCase()) ? digest(value) : value;
}

function toFields(pairs: URLSearchParams): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of pairs) {
    const values = fields[name] ?? [];
    fields[name] = values;
    values.push(hideSecret(name, value));
  }
  return fields;
}

function toHeaders(request: ReceivedRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(request.headers)) headers[name] = headerOf(request, name) ?? "";
  const authorization = headers.authorization;
  if (authorization !== undefined) {
    const [scheme = "", ...rest] = authorization.split(" ");
    headers.authorization = rest.length > 0 ? `${scheme} ${digest(rest.join(" "))}` : digest(authorization);
  }
  return headers;
}

function toBody(request: ReceivedRequest): unknown {
  if (request.body === "") return undefined;
  if (headerOf(request, "content-type")?.includes("form-urlencoded")) {
    const pairs = [...new URLSearchParams(request.body)];
    return Object.fromEntries(pairs.map(([name, value]) => [name, hideSecret(name, value)]));
  }
  try {
    return JSON.parse(request.body);
  } catch {
    return request.body;
  }
}

/** The log of all requests. */
export interface RequestLog {
  readonly entries: LoggedRequest[];
  /** Logs a new request; its entry is completed as the call proceeds. */
  note(request: ReceivedRequest, at: number): LoggedRequest;
  clear(): void;
}

export function createRequestLog(): RequestLog {
  const entries: LoggedRequest[] = [];
  return {
    entries,
    note(request, at) {
      const entry: LoggedRequest = {
        number: entries.length + 1,
        at,
        method: request.method,
        path: request.path,
        query: toFields(request.query),
        headers: toHeaders(request),
        body: toBody(request),
        faults: [],
      };
      entries.push(entry);
      return entry;
    },
    clear() {
      entries.length = 0;
    },
  };
}
