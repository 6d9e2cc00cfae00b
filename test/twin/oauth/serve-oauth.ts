import type { App } from "../data/world.ts";
import type { Platform } from "../edge/platform.ts";
import { rateLimitHeaders } from "../edge/rate-limiter.ts";
import { headerOf, type ReceivedRequest } from "../edge/received-request.ts";
import type { LoggedRequest } from "../edge/request-log.ts";
import { type HttpResponse, json, Rejection } from "../edge/response.ts";
import { authenticate } from "../rest/authentication.ts";
import { restError } from "../rest/errors.ts";
import { identifyClient } from "./client-authentication.ts";
import { oauthError } from "./errors.ts";
import { serveTokenRequest } from "./token-endpoint.ts";

const operations: Record<string, string> = {
  "POST /restapi/oauth/token": "token",
  "POST /restapi/oauth/revoke": "revoke",
  "GET /restapi/oauth/authorize": "authorize",
  "POST /restapi/oauth/authorize": "authorize",
  "GET /restapi/oauth/userinfo": "userinfo",
  "GET /restapi/oauth/jwks": "jwks",
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
    // The twin's tokens are opaque, so the key set is empty. Not throttled [spec].
    case "jwks":
      return json(200, { keys: [] });
    case "authorize":
      return withinBudget(platform, appOfQuery(platform, request), entry, () => {
        throw oauthError(
          "invalid_client",
          "OAU-113",
          "No redirect uri is registered for the client",
          [],
          403,
        );
      });
    case "userinfo": {
      const { app, user } = authenticate(platform.sessions, request);
      return withinBudget(platform, app, entry, () => json(200, { sub: user.extensionId ?? user.accountId }));
    }
    default:
      return serveForm(platform, operation, request, entry);
  }
}

function appOfQuery({ world }: Platform, request: ReceivedRequest): App {
  const app = world.apps.get(request.query.get("client_id") ?? "");
  if (app === undefined) throw oauthError("invalid_client", "OAU-153", "Client id is missing or unknown");
  return app;
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
  const client = identifyClient(platform.world, request, form);
  return withinBudget(platform, client.app, entry, () => {
    client.verify();
    if (operation === "revoke") {
      // Any token of a session ends it; an unknown token is not an error [docs: TOK].
      platform.sessions.revoke(client.app, form.get("token") ?? "");
      return { status: 200, headers: { "Content-Length": "0" } };
    }
    const { world, sessions, clock, random, settings } = platform;
    const { issueRefreshTokens } = settings;
    return serveTokenRequest({ world, sessions, clock, random, issueRefreshTokens }, client.app, form);
  });
}

/** Counts per application: five a minute, for all users together [docs: AUTH5]. */
function withinBudget(
  platform: Platform,
  app: App,
  entry: LoggedRequest,
  response: () => HttpResponse,
): HttpResponse {
  entry.clientId = app.clientId;
  entry.group = "Auth";
  const limit = platform.settings.limits.Auth;
  if (limit === false) return response();
  const verdict = platform.limiter.hit(JSON.stringify([app.clientId, "Auth"]), limit, platform.clock.now());
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
