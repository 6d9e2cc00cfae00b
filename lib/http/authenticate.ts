import { errors, type JWTPayload, jwtVerify } from "jose";
import { ID_PATTERN } from "../contract/parameters.ts";
import { ProblemError } from "../contract/problems.ts";
import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import { getJson } from "../platform/get-json.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { Settings } from "../platform/settings.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { Caller } from "./caller.ts";
import { createIssuerKeys } from "./issuer-keys.ts";

/** Asymmetric only: with an HMAC algorithm the public key would be the secret; `none` is no signature at all. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const CLOCK_TOLERANCE_SECONDS = 5;
/** The limits for each of the issuer's documents, which take a few kilobytes. */
const ISSUER_LIMITS = { timeoutMs: 3_000, maxBytes: 1_000_000 };
/** RFC 6750's token alphabet; three parts, as a signed JWT has. */
const BEARER = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i;
const NOT_BEARER = "Send `Authorization: Bearer <access token>`. The access token is a signed JWT.";

/** The caller named by an `Authorization` header. @throws ProblemError `token_missing`, `token_invalid`, `token_expired`, `account_forbidden`, `token_issuer_unavailable` */
export type Authenticate = (authorization: string | undefined, deadline: Deadline) => Promise<Caller>;

export function createAuthenticate(settings: Settings, clock: Clock): Authenticate {
  const getKey = createIssuerKeys(settings.AUTH_ISSUER, clock, (url) => getJson(url, ISSUER_LIMITS));

  return async (authorization = "", deadline) => {
    if (authorization.trim() === "") throw new ProblemError("token_missing");
    const token = BEARER.exec(authorization.trim())?.[1];
    if (token === undefined) throw new ProblemError("token_invalid", { detail: NOT_BEARER });
    const verifying = jwtVerify(token, getKey, {
      algorithms: ALGORITHMS,
      issuer: settings.AUTH_ISSUER,
      audience: settings.AUTH_AUDIENCE,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.now()),
      requiredClaims: ["exp"],
    });
    const limit = { clock, timeoutMs: deadline.remainingMs(), timeUp: () => new Error("out of time") };
    const { payload } = await withTimeout(verifying, limit).catch((error: unknown) => {
      throw problemOf(error);
    });
    return callerOf(payload, settings);
  };
}

function problemOf(error: unknown): ProblemError {
  if (error instanceof errors.JWTExpired) return new ProblemError("token_expired");
  // Not the token's fault: the keys could not be loaded, or are malformed.
  if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSInvalid) {
    return new ProblemError("token_issuer_unavailable", { cause: error });
  }
  return new ProblemError("token_invalid", { cause: error });
}

function callerOf(payload: JWTPayload, settings: Settings): Caller {
  const accountId = idClaim(payload, settings.AUTH_ACCOUNT_CLAIM);
  if (accountId === undefined) throw new ProblemError("account_forbidden");
  const extensionId = idClaim(payload, settings.AUTH_EXTENSION_CLAIM);
  return omitUndefined({ subject: payload.sub ?? "", scopes: scopesOf(payload), accountId, extensionId });
}

function idClaim(payload: JWTPayload, name: string): string | undefined {
  const claimed = payload[name];
  const text = typeof claimed === "number" ? String(claimed) : claimed;
  return typeof text === "string" && ID_PATTERN.test(text) ? text : undefined;
}

/** `scope` is space-separated text (RFC 8693); some issuers send `scp`, as text or as a list. */
function scopesOf(payload: JWTPayload): ReadonlySet<string> {
  const claimed = payload.scope ?? payload.scp;
  const listed = Array.isArray(claimed) ? claimed : typeof claimed === "string" ? claimed.split(/\s+/) : [];
  return new Set(listed.filter((scope): scope is string => typeof scope === "string" && scope !== ""));
}
