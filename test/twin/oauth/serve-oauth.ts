import type { App, User } from "../data/world.ts";
import type { Platform } from "../edge/platform.ts";
import { rateLimitHeaders } from "../edge/rate-limiter.ts";
import { headerOf, type ReceivedRequest } from "../edge/received-request.ts";
import type { LoggedRequest } from "../edge/request-log.ts";
import { type HttpResponse, json, Rejection } from "../edge/response.ts";
import { authenticate } from "../rest/authentication.ts";
import { restError } from "../rest/errors.ts";
import { rejectDuplicates } from "./authorization.ts";
import { identifyClient } from "./client-authentication.ts";
import { oauthError } from "./errors.ts";
import { claimsOf } from "./id-tokens.ts";
import { personOf } from "./people.ts";
import { appOf, authorizeParameters, serveAuthorize, serveLogin } from "./sign-in.ts";
import { serveTokenRequest, userOfTokenRequest } from "./token-endpoint.ts";

const operations: Record<string, string> = {
  "POST /restapi/oauth/token": "token",
  "POST /restapi/oauth/revoke": "revoke",
  "GET /restapi/oauth/authorize": "authorize",
  "POST /restapi/oauth/authorize": "authorize",
  "GET /restapi/oauth/userinfo": "userinfo",
  "GET /restapi/oauth/jwks": "jwks",
  "GET /login": "login",
  "POST /login": "login",
};

/** @returns the name of an OAuth call, or undefined for anything else */
export function matchOAuth(method: string, path: string): string | undefined {
  return operations[`${method} ${path}`];
}

/** @returns the methods of an OAuth path; none for any other path */
export function methodsOfOAuth(path: string): string[] {
  return Object.keys(operations).flatMap((each) => {
    const [method = "", of] = each.split(" ");
    return of === path ? [method] : [];
  });
}

/** Serves one of the OAuth calls. All but the key set share the Auth budget of their app [docs: AUTH5]. */
export function serveOAuth(
  platform: Platform,
  operation: string,
  request: ReceivedRequest,
  entry: LoggedRequest,
): HttpResponse {
  switch (operation) {
    // Not throttled [spec].
    case "jwks":
      return json(200, { keys: platform.idTokens.keys() });
    case "login":
      return serveLogin(platform, request);
    case "authorize": {
      const parameters = authorizeParameters(request);
      const app = appOf(platform, parameters);
      const serve = () => serveAuthorize(platform, app, parameters);
      entry.clientId = app.clientId;
      // No user is known yet, so a budget of each user leaves it out [unsure].
      const { authorizeCounts, authLimitPer } = platform.settings;
      const isCounted = authorizeCounts && authLimitPer === "app";
      return isCounted ? withinBudget(platform, app, undefined, entry, serve) : serve();
    }
    case "userinfo": {
      const { app, user } = authenticate(platform.sessions, request);
      return withinBudget(platform, app, user, entry, () => json(200, claimsOf(platform.world, user)));
    }
    default:
      return serveForm(platform, operation, request, entry);
  }
}

function serveForm(
  platform: Platform,
  operation: string,
  request: ReceivedRequest,
  entry: LoggedRequest,
): HttpResponse {
  if (!headerOf(request, "content-type")?.toLowerCase().includes("application/x-www-form-urlencoded")) {
    throw oauthError("invalid_request", "CMN-407", "Parameter in header is invalid", [
      { parameterName: "Content-Type" },
    ]);
  }
  const form = new URLSearchParams(request.body);
  const tokenInQuery = request.query.get("token");
  // The token to revoke may be in the query [spec].
  if (operation === "revoke" && tokenInQuery !== null && !form.has("token")) form.set("token", tokenInQuery);
  const client = identifyClient(platform, request, form);
  const user = userOfTokenRequest(platform, client.app, form);
  return withinBudget(platform, client.app, user, entry, () => {
    client.verify();
    rejectDuplicates(form);
    if (operation === "revoke") {
      // Any token of a session ends it; an unknown token is not an error [docs: TOK].
      platform.sessions.revoke(client.app, form.get("token") ?? "");
      return { status: 200, headers: { "Content-Length": "0" } };
    }
    return serveTokenRequest(platform, client.app, form);
  });
}

/** Counts five a minute per application, for all users together [docs: AUTH5], or per user (`authLimitPer`). */
function withinBudget(
  platform: Platform,
  app: App,
  user: User | undefined,
  entry: LoggedRequest,
  response: () => HttpResponse,
): HttpResponse {
  entry.clientId = app.clientId;
  entry.group = "Auth";
  const { limits, authLimitPer } = platform.settings;
  if (limits.Auth === false) return response();
  const owner = authLimitPer === "user" && user !== undefined ? personOf(user) : "";
  const key = JSON.stringify([app.clientId, owner, "Auth"]);
  const verdict = platform.limiter.hit(key, limits.Auth, platform.clock.now());
  const headers = rateLimitHeaders("Auth", verdict);
  if (!verdict.accepted) throw restError(429, "CMN-301", "Request rate exceeded", {}, headers);
  try {
    const given = response();
    return { ...given, headers: { ...headers, ...given.headers } };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ...error.response, headers: { ...headers, ...error.response.headers } };
  }
}
