import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import * as z from "zod/mini";
import { ID_PATTERN } from "../contract/parameters.ts";
import { ProblemError } from "../contract/problems.ts";
import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { Settings } from "../platform/settings.ts";
import type { Caller } from "./request.ts";

/** Turns an `Authorization` header into a caller. */
export interface Authenticator {
  /** @throws ProblemError `token_missing`, `token_invalid`, `token_expired`, `account_forbidden`, `token_issuer_unavailable` */
  authenticate(authorization: string | undefined, deadline: Deadline): Promise<Caller>;
}

/** Asymmetric only: with an HMAC algorithm the public key would be the secret; `none` is no signature at all. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const CLOCK_TOLERANCE_SECONDS = 5;
const KEYS_TIMEOUT_MS = 3_000;
const KEYS_MAX_AGE_MS = 10 * 60 * 1000;
const KEYS_COOLDOWN_MS = 30_000;
/** RFC 6750's token alphabet; three parts, as a signed JWT has. */
const BEARER = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const claim = z.union([z.string(), z.number()]);

export interface AuthenticatorDeps {
  settings: Settings;
  clock: Clock;
  fetch?: typeof fetch;
}

export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { settings, clock } = deps;
  const httpFetch = deps.fetch ?? fetch;
  let keys: Promise<JWTVerifyGetKey> | undefined;

  /** The issuer's keys, found through its discovery document once per process. */
  function issuerKeys(): Promise<JWTVerifyGetKey> {
    keys ??= discover().catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  }

  async function discover(): Promise<JWTVerifyGetKey> {
    const url = `${settings.authIssuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await httpFetch(url, {
      signal: AbortSignal.timeout(KEYS_TIMEOUT_MS),
      redirect: "error",
    });
    if (!response.ok) throw new Error(`discovery document: HTTP ${response.status}`);
    const document = discovery.parse(await response.json());
    return createRemoteJWKSet(new URL(document.jwks_uri), {
      timeoutDuration: KEYS_TIMEOUT_MS,
      cacheMaxAge: KEYS_MAX_AGE_MS,
      cooldownDuration: KEYS_COOLDOWN_MS,
      [customFetch]: httpFetch,
    });
  }

  async function verify(token: string, deadline: Deadline): Promise<JWTPayload> {
    const getKey = await bounded(issuerKeys(), deadline).catch(issuerUnavailable);
    try {
      const { payload } = await jwtVerify(token, getKey, {
        algorithms: ALGORITHMS,
        issuer: settings.authIssuer,
        audience: settings.authAudience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(clock.now()),
        requiredClaims: ["exp"],
      });
      return payload;
    } catch (error) {
      throw problemOf(error);
    }
  }

  return {
    async authenticate(authorization, deadline) {
      if (authorization === undefined || authorization.trim() === "") throw new ProblemError("token_missing");
      const token = BEARER.exec(authorization.trim())?.[1];
      if (token === undefined) throw new ProblemError("token_invalid");
      return callerOf(await verify(token, deadline), settings);
    },
  };
}

function problemOf(error: unknown): ProblemError {
  if (error instanceof errors.JWTExpired) return new ProblemError("token_expired");
  // Not the token's fault: the keys could not be fetched.
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
    return issuerProblem(error);
  // jose's base class is thrown for a bad answer of the keys' endpoint.
  if (error.code === "ERR_JOSE_GENERIC" || error instanceof errors.JWKSInvalid) return issuerProblem(error);
  return new ProblemError("token_invalid", { cause: error });
}

const issuerProblem = (cause: unknown) =>
  new ProblemError("token_issuer_unavailable", { retryAfterSeconds: 5, cause });

function issuerUnavailable(error: unknown): never {
  throw issuerProblem(error);
}

function callerOf(payload: JWTPayload, settings: Settings): Caller {
  const accountId = idClaim(payload, settings.accountClaim);
  if (accountId === undefined) throw new ProblemError("account_forbidden");
  const extensionId = idClaim(payload, settings.extensionClaim);
  return {
    subject: payload.sub ?? "",
    scopes: scopesOf(payload),
    accountId,
    ...(extensionId !== undefined && { extensionId }),
  };
}

function idClaim(payload: JWTPayload, name: string): string | undefined {
  const parsed = claim.safeParse(payload[name]);
  const text = parsed.success ? String(parsed.data) : undefined;
  return text !== undefined && ID_PATTERN.test(text) ? text : undefined;
}

/** `scope` is space-separated text (RFC 8693); some issuers send `scp`, as text or as a list. */
function scopesOf(payload: JWTPayload): ReadonlySet<string> {
  const claimed = payload.scope ?? payload.scp;
  const listed = Array.isArray(claimed) ? claimed : typeof claimed === "string" ? claimed.split(/\s+/) : [];
  return new Set(listed.filter((scope): scope is string => typeof scope === "string" && scope !== ""));
}

async function bounded<Value>(work: Promise<Value>, deadline: Deadline): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("out of time")), deadline.remainingMs());
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
