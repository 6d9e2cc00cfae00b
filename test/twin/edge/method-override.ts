import { invalidParameter, restError } from "../rest/errors.ts";
import { headerOf, type ReceivedRequest } from "./received-request.ts";

/** A HEAD is a GET whose body stays behind. */
export function asGet(method: string): string {
  return method === "HEAD" ? "GET" : method;
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/**
 * The method a request is served as: a POST may name another one in `X-HTTP-Method-Override` or `_method`
 * [docs: URIS]. Supported here so that tests detect a proxy that passes either on.
 * @throws Rejection 400 when the two disagree or name no method
 */
export function effectiveMethod(request: ReceivedRequest): string {
  if (request.method !== "POST") return asGet(request.method);
  const header = headerOf(request, "x-http-method-override")?.toUpperCase();
  const query = request.query.get("_method")?.toUpperCase();
  if (header !== undefined && query !== undefined && header !== query) {
    const parameterName = "X-HTTP-Method-Override";
    throw restError(400, "CMN-407", "Parameter in header is invalid", { parameterName });
  }
  const method = header ?? query ?? request.method;
  if (!methods.includes(method)) throw invalidParameter("_method", method);
  return method;
}
