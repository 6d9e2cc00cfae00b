import type { App, User } from "../data/world.ts";
import type { Platform } from "../edge/platform.ts";
import { type HttpResponse, json } from "../edge/response.ts";
import { codeError } from "./authorization.ts";
import { type Grant, provesChallenge } from "./codes.ts";
import { oauthError } from "./errors.ts";
import type { OAuthSettings } from "./options.ts";
import { checkLoginAllowed } from "./people.ts";
import { scopeOf } from "./scope.ts";
import type { Session } from "./sessions.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const knownGrants = [jwtBearer, "refresh_token", "authorization_code", "password", "client_credentials"];
const weekSeconds = 604_800;

/**
 * Serves the token request of an authenticated app.
 * @throws Rejection in OAuth's format
 */
export function serveTokenRequest(platform: Platform, app: App, form: URLSearchParams): HttpResponse {
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
  const { settings } = platform;
  if (grant === jwtBearer) return tokenResponse(platform, logIn(platform, app, form));
  if (grant === "authorization_code") return redeemCode(platform, app, form);
  if (grant === "refresh_token") {
    const token = required(form, "refresh_token");
    return tokenResponse(platform, platform.sessions.refresh(app, token, readLifetimes(form, settings)));
  }
  // No seeded app may use the other grants; for a test's own app, no password exists.
  throw oauthError("invalid_grant", "OAU-140", "Invalid resource owner credentials");
}

/** The user a token request is for, as far as its secrets tell; none of them is used up. */
export function userOfTokenRequest(platform: Platform, app: App, form: URLSearchParams): User | undefined {
  const { world, codes, sessions } = platform;
  const code = codes.find(form.get("code") ?? "");
  const assertion = form.get("assertion") ?? "";
  const token = form.get("refresh_token") ?? form.get("token") ?? "";
  return code?.user ?? world.users.find(({ jwt }) => jwt === assertion) ?? sessions.ownerOf(app, token);
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  const parameters = [{ parameterName: name }];
  if (!value) throw oauthError("invalid_request", "CMN-100", `Parameter [${name}] is missing`, parameters);
  return value;
}

function logIn(platform: Platform, app: App, form: URLSearchParams): Session {
  const assertion = required(form, "assertion");
  const user = platform.world.users.find((each) => each.jwt === assertion);
  // The code for an unknown JWT credential is undocumented; bad owner credentials fit best [unsure].
  const isDead = user?.jwtExpiresAt !== undefined && user.jwtExpiresAt <= platform.clock.now();
  const isForeign = user?.jwtApps !== undefined && !user.jwtApps.includes(app.clientId);
  if (user === undefined || isDead || isForeign) {
    throw oauthError("invalid_grant", "OAU-140", "Invalid resource owner credentials");
  }
  return openSession(platform, app, user, "jwt", form);
}

/** A code works once, for its app, with its redirect URI and its verifier; a failed attempt uses it up as well. */
function redeemCode(platform: Platform, app: App, form: URLSearchParams): HttpResponse {
  const grant = platform.codes.find(required(form, "code"));
  const invalid = (code: string, description: string) =>
    codeError(platform, "invalid_grant", code, description);
  if (grant === undefined) throw invalid("OAU-106", "Invalid authorization code");
  if (grant.app !== app) {
    throw invalid("OAU-110", "Authorization code was not issued for this application");
  }
  if (grant.isUsed) {
    const { sessionId } = grant;
    // OAuth advises to end what a stolen code may have begun [RFC 6749, 4.1.2]; RingCentral says nothing [unsure].
    const endsSession = platform.settings.codeReuse === "ends-session" && sessionId !== undefined;
    if (endsSession) platform.sessions.end({ sessionId });
    throw invalid("OAU-106", "Invalid authorization code");
  }
  grant.isUsed = true;
  if (platform.clock.now() >= grant.expiresAt) throw invalid("OAU-108", "Authorization code is expired");
  const { redirectUri, namesRedirectUri } = grant.authorization;
  const given = form.get("redirect_uri") ?? (namesRedirectUri ? "" : redirectUri);
  if (given !== redirectUri) throw invalid("OAU-109", "Redirect URIs do not match");
  // The code for a wrong verifier is undocumented [unsure].
  if (!isProven(platform, grant, form.get("code_verifier"))) {
    throw invalid("OAU-106", "Invalid authorization code");
  }
  const session = openSession(platform, app, grant.user, "code", form);
  grant.sessionId = session.id;
  return tokenResponse(platform, session, idTokenOf(platform, grant, session));
}

function isProven({ settings }: Platform, { authorization }: Grant, verifier: string | null): boolean {
  const { challenge } = authorization;
  if (challenge === undefined) return verifier === null || settings.unexpectedVerifier === "ignored";
  return verifier !== null && provesChallenge(challenge, verifier);
}

function idTokenOf(platform: Platform, grant: Grant, { accessExpiresAt }: Session): string | undefined {
  const { world, baseUrl, idTokens } = platform;
  const { idToken } = platform.settings;
  const isWanted = idToken === "always" || (idToken === "asked" && grant.authorization.wantsIdToken);
  return isWanted ? idTokens.mint(world, baseUrl, grant, accessExpiresAt) : undefined;
}

function openSession(
  platform: Platform,
  app: App,
  user: User,
  via: Session["via"],
  form: URLSearchParams,
): Session {
  checkLoginAllowed(platform.world, user);
  const narrowedTo = form.get("scope")?.split(/[ ,]+/).filter(Boolean);
  return platform.sessions.open(app, user, {
    via,
    endpointId: form.get("endpoint_id") ?? platform.random.uuid(),
    lifetimes: readLifetimes(form, platform.settings),
    ...(narrowedTo !== undefined && narrowedTo.length > 0 && { narrowedTo }),
  });
}

/** Lifetimes out of range are clamped, not rejected [spec] [docs: CODE]. */
function readLifetimes(
  form: URLSearchParams,
  { refreshTtlAboveDefault }: OAuthSettings,
): Session["lifetimes"] {
  const ask = (name: string, fallback: number, minimum: number, maximum: number) => {
    const value = Number(form.get(name) || fallback);
    return Number.isFinite(value) ? Math.min(maximum, Math.max(minimum, Math.trunc(value))) : fallback;
  };
  const longest = refreshTtlAboveDefault === "maximum" ? 2_592_000 : weekSeconds;
  return {
    accessSeconds: ask("access_token_ttl", 3600, 600, 3600),
    refreshSeconds: ask("refresh_token_ttl", weekSeconds, 600, longest),
  };
}

function tokenResponse(platform: Platform, session: Session, idToken?: string): HttpResponse {
  const { settings } = platform;
  const now = platform.clock.now();
  const secondsUntil = (instant: number) => Math.max(0, Math.floor((instant - now) / 1000));
  const { user } = session;
  const endsAt = session.openedAt + settings.absoluteSessionSeconds * 1000;
  return json(
    200,
    {
      access_token: session.accessToken,
      token_type: "bearer",
      expires_in: secondsUntil(session.accessExpiresAt),
      ...(settings.issueRefreshTokens && {
        refresh_token: session.refreshToken,
        refresh_token_expires_in: secondsUntil(session.refreshExpiresAt),
      }),
      scope: scopeOf(session).join(" "),
      ...(user.extensionId !== undefined && { owner_id: user.extensionId }),
      endpoint_id: session.endpointId,
      ...(settings.sessionIdInTokens && { session_id: session.id }),
      ...(settings.absoluteSessionSeconds > 0 && {
        session_expires_in: secondsUntil(endsAt),
        session_expiration_time: new Date(endsAt).toISOString(),
      }),
      ...(idToken !== undefined && { id_token: idToken }),
    },
    { "Cache-Control": "no-store", Pragma: "no-cache" },
  );
}
