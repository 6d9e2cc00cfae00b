import type { Clock } from "../clock.ts";
import type { App, User, World } from "../data/world.ts";
import { type HttpResponse, json } from "../edge/response.ts";
import type { Random } from "../random.ts";
import { oauthError } from "./errors.ts";
import { scopeOf } from "./scope.ts";
import type { Session, Sessions } from "./sessions.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const knownGrants = [jwtBearer, "refresh_token", "authorization_code", "password", "client_credentials"];

/** The dependencies of the token endpoint. */
export interface TokenEndpoint {
  world: World;
  sessions: Sessions;
  clock: Clock;
  random: Random;
  issueRefreshTokens: boolean;
}

/**
 * Serves the token request of an authenticated app.
 * @throws Rejection in OAuth's format
 */
export function serveTokenRequest(endpoint: TokenEndpoint, app: App, form: URLSearchParams): HttpResponse {
  const grant = form.get("grant_type");
  const parameters = [{ parameterName: "grant_type", ...(grant && { parameterValue: grant }) }];
  if (!grant) {
    throw oauthError("invalid_request", "CMN-100", "Parameter [grant_type] is missing", parameters);
  }
  if (!knownGrants.includes(grant)) {
    throw oauthError("invalid_request", "OAU-250", "Unsupported grant type", parameters);
  }
  if (!app.grants.includes(grant)) {
    const description = "Unauthorized for this grant type";
    throw oauthError("unauthorized_client", "OAU-251", description, parameters);
  }
  if (grant === jwtBearer) return tokenResponse(endpoint, logIn(endpoint, app, form));
  if (grant === "refresh_token") {
    const token = required(form, "refresh_token");
    return tokenResponse(endpoint, endpoint.sessions.refresh(app, token, readLifetimes(form)));
  }
  // No seeded app may use the other grants; for a test's own app, no code or password exists.
  throw oauthError("invalid_grant", "OAU-140", "Invalid resource owner credentials");
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  const parameters = [{ parameterName: name }];
  if (!value) throw oauthError("invalid_request", "CMN-100", `Parameter [${name}] is missing`, parameters);
  return value;
}

function logIn(endpoint: TokenEndpoint, app: App, form: URLSearchParams): Session {
  const assertion = required(form, "assertion");
  const user = endpoint.world.users.find((each) => each.jwt === assertion);
  const rejected = (code: string, description: string) => oauthError("invalid_grant", code, description);
  // The code for an unknown JWT credential is undocumented; bad owner credentials fit best [unsure].
  const isDead = user?.jwtExpiresAt !== undefined && user.jwtExpiresAt <= endpoint.clock.now();
  const isForeign = user?.jwtApps !== undefined && !user.jwtApps.includes(app.clientId);
  if (user === undefined || isDead || isForeign) {
    throw rejected("OAU-140", "Invalid resource owner credentials");
  }
  checkLoginAllowed(endpoint.world, user, rejected);
  const narrowedTo = form.get("scope")?.split(/[ ,]+/).filter(Boolean);
  return endpoint.sessions.open(app, user, {
    endpointId: form.get("endpoint_id") ?? endpoint.random.uuid(),
    lifetimes: readLifetimes(form),
    ...(narrowedTo !== undefined && narrowedTo.length > 0 && { narrowedTo }),
  });
}

function checkLoginAllowed(
  world: World,
  user: User,
  rejected: (code: string, description: string) => Error,
): void {
  if (user.lockedOut) throw rejected("OAU-147", "The account is locked out after failed logons");
  const account = world.accounts.get(user.accountId);
  if (account?.status !== "Confirmed") {
    throw rejected("OAU-142", "Login to account in current state is not allowed");
  }
  const extension = user.extensionId === undefined ? undefined : account.extensions.get(user.extensionId);
  if (user.extensionId !== undefined && extension?.status !== "Enabled") {
    throw rejected("OAU-141", "Login for extension in current state is not allowed");
  }
  // A role without this permission may not log in through another owner's app [observed: SO].
  if (!user.permissions.includes("ThirdPartyAppAccess")) {
    const parameters = [{ parameterName: "permissionName", parameterValue: "ThirdPartyAppAccess" }];
    const description =
      "In order to call this API endpoint, user needs to have [ThirdPartyAppAccess] permission";
    throw oauthError("invalid_client", "CMN-408", description, parameters);
  }
}

/** Lifetimes out of range are clamped, not rejected [spec] [docs: CODE]. */
function readLifetimes(form: URLSearchParams): Session["lifetimes"] {
  const ask = (name: string, fallback: number, minimum: number, maximum: number) => {
    const value = Number(form.get(name) || fallback);
    return Number.isFinite(value) ? Math.min(maximum, Math.max(minimum, Math.trunc(value))) : fallback;
  };
  return {
    accessSeconds: ask("access_token_ttl", 3600, 600, 3600),
    refreshSeconds: ask("refresh_token_ttl", 604_800, 600, 2_592_000),
  };
}

function tokenResponse(endpoint: TokenEndpoint, session: Session): HttpResponse {
  const now = endpoint.clock.now();
  const secondsUntil = (instant: number) => Math.max(0, Math.floor((instant - now) / 1000));
  const { user } = session;
  return json(
    200,
    {
      access_token: session.accessToken,
      token_type: "bearer",
      expires_in: secondsUntil(session.accessExpiresAt),
      ...(endpoint.issueRefreshTokens && {
        refresh_token: session.refreshToken,
        refresh_token_expires_in: secondsUntil(session.refreshExpiresAt),
      }),
      scope: scopeOf(session).join(" "),
      ...(user.extensionId !== undefined && { owner_id: user.extensionId }),
      endpoint_id: session.endpointId,
      session_id: session.id,
    },
    { "Cache-Control": "no-store", Pragma: "no-cache" },
  );
}
