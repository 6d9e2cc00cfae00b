/** Settings of log-ins, tokens and sessions. Each decides a question that the documentation leaves open. */
export interface OAuthSettings {
  /** The app setting that puts a refresh token into token responses (true). */
  issueRefreshTokens: boolean;
  /** Whether id and secret in a Basic header are form-encoded [RFC 6749, 2.3.1]; SDKs send them as they are ("raw"). */
  basicCredentials: "raw" | "form-encoded";
  /** Who shares an Auth budget: all users of an app [docs: AUTH5], or each user has one [docs: RATE] ("app"). */
  authLimitPer: "app" | "user";
  /** Whether a visit to the authorize page counts in the app's Auth budget [spec] (true). */
  authorizeCounts: boolean;
  /** The log-in without a page: as the `login_hint`, or as the person with this extension id ("page"). */
  signInAs: string;
  /** The lifetime of an authorization code (60). */
  codeLifetimeSeconds: number;
  /** The HTTP status of OAU-106 to OAU-113: the error table's, or the token endpoint's [spec] ("403"). */
  codeErrorStatus: "403" | "400";
  /** A second use of a code: whether it ends the session of the first [RFC 6749] ("ends-session"). */
  codeReuse: "ends-session" | "rejected";
  /** A verifier for a code that was requested without a challenge ("rejected"). */
  unexpectedVerifier: "rejected" | "ignored";
  /** Whether a client without a secret has to use PKCE ("required"). */
  publicClientPkce: "required" | "optional";
  /** Where an invalid authorize request ends, once its redirect URI is known to be good ("redirect"). */
  authorizeErrors: "redirect" | "page";
  /** Where the log-in of a person who may not log in ends: their browser, the app, or the token call ("page"). */
  signInRejected: "page" | "redirect" | "token";
  /** A `refresh_token_ttl` above the 7 days: lowered to them [docs: CODE], or up to 30 days [spec] ("default"). */
  refreshTtlAboveDefault: "default" | "maximum";
  /** How long a rotated refresh token works after the first use of the new access token (10000). */
  graceUsedMs: number;
  /** How long it works while the new access token is unused (3600000). */
  graceUnusedMs: number;
  /** The response to its replay: the tokens of the first use, or the same access token alone ("same-tokens"). */
  replayReturns: "same-tokens" | "new-refresh-token";
  /** Parallel sessions of one user in one app (5). */
  maxSessions: number;
  /** The sessions that one too many ends ("ends-oldest"). */
  sessionLimit: "ends-oldest" | "ends-least-used" | "ends-all";
  /** A second log-in with the same `endpoint_id` ("replaces"). */
  sameEndpoint: "replaces" | "adds";
  /** The administrator's absolute timeout of sessions, in seconds; 0: none (0). */
  absoluteSessionSeconds: number;
  /** Whether a token response has an id_token: nobody has shown one ("never"). */
  idToken: "never" | "asked" | "always";
  /** Whether token responses have `session_id`: the schema requires it, the guide's samples lack it (true). */
  sessionIdInTokens: boolean;
}

export const oauthDefaults: OAuthSettings = {
  issueRefreshTokens: true,
  basicCredentials: "raw",
  authLimitPer: "app",
  authorizeCounts: true,
  signInAs: "page",
  codeLifetimeSeconds: 60,
  codeErrorStatus: "403",
  codeReuse: "ends-session",
  unexpectedVerifier: "rejected",
  publicClientPkce: "required",
  authorizeErrors: "redirect",
  signInRejected: "page",
  refreshTtlAboveDefault: "default",
  graceUsedMs: 10_000,
  graceUnusedMs: 3_600_000,
  replayReturns: "same-tokens",
  maxSessions: 5,
  sessionLimit: "ends-oldest",
  sameEndpoint: "replaces",
  absoluteSessionSeconds: 0,
  idToken: "never",
  sessionIdInTokens: true,
};

/** The values of the settings that are words. */
export const oauthValues = {
  basicCredentials: ["raw", "form-encoded"],
  authLimitPer: ["app", "user"],
  codeErrorStatus: ["403", "400"],
  codeReuse: ["ends-session", "rejected"],
  unexpectedVerifier: ["rejected", "ignored"],
  publicClientPkce: ["required", "optional"],
  authorizeErrors: ["redirect", "page"],
  signInRejected: ["page", "redirect", "token"],
  refreshTtlAboveDefault: ["default", "maximum"],
  replayReturns: ["same-tokens", "new-refresh-token"],
  sessionLimit: ["ends-oldest", "ends-least-used", "ends-all"],
  sameEndpoint: ["replaces", "adds"],
  idToken: ["never", "asked", "always"],
} as const;

/** @returns whether a value says who signs in without a page */
export function isSignInAs(value: unknown): boolean {
  return typeof value === "string" && /^(page|login_hint|\d+)$/.test(value);
}
