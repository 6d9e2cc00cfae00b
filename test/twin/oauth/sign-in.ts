import type { App, User } from "../data/world.ts";
import type { Platform } from "../edge/platform.ts";
import type { ReceivedRequest } from "../edge/received-request.ts";
import { type HttpResponse, Rejection } from "../edge/response.ts";
import { checkAuthorization, redirectTo, redirectWithError } from "./authorization.ts";
import type { Authorization } from "./codes.ts";
import { oauthError } from "./errors.ts";
import { loginPage } from "./login-page.ts";
import { checkLoginAllowed, findPerson, peopleOf } from "./people.ts";

const peopleOnPage = 12;

/** The parameters of an authorize request: a POST has them in its body [spec]. */
export function authorizeParameters(request: ReceivedRequest): URLSearchParams {
  return request.method === "POST" ? new URLSearchParams(request.body) : request.query;
}

/** @throws Rejection when no known app is named */
export function appOf({ world }: Platform, parameters: URLSearchParams): App {
  const app = world.apps.get(parameters.get("client_id") ?? "");
  if (app === undefined) throw oauthError("invalid_client", "OAU-153", "Client id is missing or unknown");
  return app;
}

/**
 * Serves the authorize endpoint: sends the browser to the log-in page [spec], or at once back to the app when
 * `signInAs` stands for a browser that has logged in already.
 */
export function serveAuthorize(platform: Platform, app: App, parameters: URLSearchParams): HttpResponse {
  const authorization = checkAuthorization(platform, app, parameters);
  const { signInAs } = platform.settings;
  const name = signInAs === "login_hint" ? parameters.get("login_hint") : signInAs;
  if (signInAs !== "page" && name) return signIn(platform, authorization, parameters, name);
  if ((parameters.get("prompt") ?? "").split(" ").includes("none")) {
    return redirectWithError(authorization, "login_required", "The user has not logged in");
  }
  return {
    status: 302,
    headers: { Location: `${platform.baseUrl}/login?${parameters}`, "Content-Length": "0" },
  };
}

/** Serves the log-in page and its form. Not in the Auth group: RingCentral's page is no part of its API. */
export function serveLogin(platform: Platform, request: ReceivedRequest): HttpResponse {
  const parameters = authorizeParameters(request);
  const [name] = parameters.getAll("as").filter(Boolean);
  const isCancelled = parameters.has("cancel");
  for (const own of ["as", "cancel"]) parameters.delete(own);
  const app = appOf(platform, parameters);
  const authorization = checkAuthorization(platform, app, parameters);
  if (isCancelled) return redirectWithError(authorization, "access_denied", "The user has denied access");
  if (name === undefined) return page(platform, app, parameters);
  return signIn(platform, authorization, parameters, name);
}

function signIn(
  platform: Platform,
  authorization: Authorization,
  parameters: URLSearchParams,
  name: string,
): HttpResponse {
  const { world, codes, settings } = platform;
  const user = findPerson(world, name);
  const problem = user === undefined ? "There is no such person." : problemOf(platform, user);
  if (problem !== undefined && (settings.signInRejected === "page" || user === undefined)) {
    return page(platform, authorization.app, parameters, problem);
  }
  if (user === undefined || (problem !== undefined && settings.signInRejected === "redirect")) {
    return redirectWithError(authorization, "access_denied", problem ?? "");
  }
  const { code } = codes.issue(authorization, user, settings.codeLifetimeSeconds);
  return redirectTo(authorization, { code, expires_in: String(settings.codeLifetimeSeconds) });
}

/** Why a person may not log in; undefined when they may. */
function problemOf({ world }: Platform, user: User): string | undefined {
  try {
    checkLoginAllowed(world, user);
    return undefined;
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    const { error_description }: { error_description: string } = JSON.parse(error.response.body ?? "{}");
    return error_description;
  }
}

function page({ world }: Platform, app: App, query: URLSearchParams, problem?: string): HttpResponse {
  const people = peopleOf(world, peopleOnPage);
  return loginPage({ appName: app.clientId, query, people, ...(problem !== undefined && { problem }) });
}
