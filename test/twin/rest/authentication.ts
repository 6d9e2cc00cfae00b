import { headerOf, type ReceivedRequest } from "../edge/received-request.ts";
import type { Session, Sessions } from "../oauth/sessions.ts";
import { gatewayError, restError } from "./errors.ts";

function unauthorized(errorCode: string, message: string): Error {
  return restError(401, errorCode, message, {}, { "WWW-Authenticate": 'Bearer realm="twin"' });
}

/**
 * Reads the bearer token, from the header or, as RingCentral does, from the query [docs: TOK].
 * @throws Rejection for a header without one; the codes of the different faults are the twin's choice [unsure]
 */
function readAccessToken(request: ReceivedRequest): string {
  const header = headerOf(request, "authorization");
  if (header === undefined) {
    const token = request.query.get("access_token");
    if (token) return token;
    throw gatewayError(401, "AGW-402", "Invalid Authorization header");
  }
  const [scheme = "", ...rest] = header.trim().split(/ +/);
  if (scheme.toLowerCase() === "basic") {
    throw unauthorized("OAU-151", "Authorization method not supported");
  }
  if (scheme.toLowerCase() !== "bearer") {
    throw unauthorized("OAU-123", `Invalid Authorization header value: ${scheme}`);
  }
  const [token] = rest;
  if (token === undefined || rest.length > 1) throw unauthorized("OAU-134", "Invalid Authorization header");
  return token;
}

/**
 * Finds the session of a call.
 * @throws Rejection 401 with the matching code
 */
export function authenticate(sessions: Sessions, request: ReceivedRequest): Session {
  const token = readAccessToken(request);
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) throw unauthorized("OAU-149", "Unparsable access token");
  if (!token.startsWith("twin-at-")) throw unauthorized("OAU-129", "Access token corrupted");
  const lookup = sessions.useAccessToken(token);
  if (lookup.found) return lookup.session;
  throw lookup.reason === "expired"
    ? unauthorized("OAU-128", "Access token expired")
    : unauthorized("OAU-213", "Token is not found");
}
