import type { App } from "../data/world.ts";
import type { Platform } from "../edge/platform.ts";
import { type HttpResponse, Rejection } from "../edge/response.ts";
import type { Authorization, Challenge } from "./codes.ts";
import { oauthError } from "./errors.ts";

/** The errors that the error table puts at 403 and the schema at 400. */
export function codeError(platform: Platform, error: string, code: string, description: string): Rejection {
  return oauthError(error, code, description, [], Number(platform.settings.codeErrorStatus));
}

/** @throws Rejection OAU-111 for a parameter that is given twice */
export function rejectDuplicates(parameters: URLSearchParams): void {
  const names = [...parameters.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw oauthError("invalid_request", "OAU-111", "Request parameter duplication detected", [
    { parameterName: twice },
  ]);
}

/**
 * Checks a request of the authorize endpoint.
 * @throws Rejection as JSON while the redirect URI is not proven, else as a redirect to it (`authorizeErrors`)
 */
export function checkAuthorization(platform: Platform, app: App, query: URLSearchParams): Authorization {
  rejectDuplicates(query);
  if (!app.grants.includes("authorization_code")) {
    const description = "The client is unauthorized for the required grant type: [authorization_code]";
    throw codeError(platform, "unauthorized_client", "OAU-112", description);
  }
  const namesRedirectUri = query.has("redirect_uri");
  const redirectUri = proveRedirectUri(platform, app, query.get("redirect_uri"));
  const state = query.get("state");
  const authorization = { app, redirectUri, namesRedirectUri, ...(state !== null && { state }) };
  const nonce = query.get("nonce");
  const challenge = readChallenge(platform, authorization, query);
  const responseType = query.get("response_type");
  if (responseType !== "code") {
    const error = responseType ? "unsupported_response_type" : "invalid_request";
    throw invalid(platform, authorization, error, "response_type");
  }
  return {
    ...authorization,
    ...(challenge !== undefined && { challenge }),
    ...(nonce !== null && { nonce }),
    // Other scopes are ignored: the app's permissions apply [docs: CODE].
    wantsIdToken: (query.get("scope") ?? "").split(" ").includes("openid"),
  };
}

/** A registered URI, compared as text. It may be left out when there is only one [spec]. */
function proveRedirectUri(platform: Platform, { redirectUris }: App, given: string | null): string {
  const [first, ...others] = redirectUris;
  if (first === undefined) {
    throw codeError(platform, "invalid_client", "OAU-113", "No redirect uri is registered for the client");
  }
  const redirectUri = given ?? (others.length === 0 ? first : "");
  if (redirectUris.includes(redirectUri)) return redirectUri;
  throw codeError(platform, "invalid_grant", "OAU-109", "Redirect URIs do not match");
}

type Proven = Pick<Authorization, "app" | "redirectUri" | "state">;

/** Without a method, the challenge is the verifier itself [docs: PKCE]. */
function readChallenge(platform: Platform, to: Proven, query: URLSearchParams): Challenge | undefined {
  const value = query.get("code_challenge");
  const method = query.get("code_challenge_method") ?? "plain";
  if (!value) {
    const isPublic = to.app.clientSecret === undefined;
    if (isPublic && platform.settings.publicClientPkce === "required")
      throw invalid(platform, to, "invalid_request", "code_challenge");
    return undefined;
  }
  if (method !== "plain" && method !== "S256")
    throw invalid(platform, to, "invalid_request", "code_challenge_method");
  return { method, value };
}

function invalid(platform: Platform, to: Proven, error: string, parameterName: string): Rejection {
  const description = `Parameter [${parameterName}] value is invalid`;
  if (platform.settings.authorizeErrors === "page")
    return oauthError(error, "CMN-101", description, [{ parameterName }]);
  return new Rejection(redirectWithError(to, error, description));
}

/** The way back to the app without a code. */
export function redirectWithError(to: Proven, error: string, description: string): HttpResponse {
  return redirectTo(to, { error, error_description: description });
}

/** The way back to the app; `state` is echoed as it came. */
export function redirectTo({ redirectUri, state }: Proven, parameters: Record<string, string>): HttpResponse {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  if (state !== undefined) url.searchParams.append("state", state);
  return { status: 302, headers: { Location: url.href, "Cache-Control": "no-store", "Content-Length": "0" } };
}
