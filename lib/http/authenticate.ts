import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from "jose";
import { ProblemError } from "../contract/problems.ts";
import type { Claimant } from "../people/claimant.ts";
import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import { getJson } from "../platform/get-json.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { Settings } from "../platform/settings.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { ALGORITHMS, createClaimReader, type Decoded, type Stranger } from "./claims.ts";
import { createIssuerKeys, KeysUnavailable, type SharedKeys, type SigningKey } from "./issuer-keys.ts";
import { issuerOf, tokenIssuers } from "./token-issuers.ts";
import { type ClaimFault, rejectToken, shown, type WarningLog } from "./token-rejection.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

/** The limits for each of the issuer's two documents, which take a few kilobytes. */
export const ISSUER_LIMITS = { timeoutMs: 3_000, maxBytes: 1_000_000 };
/** RFC 6750's token alphabet; three parts, as a signed JWT has. */
const BEARER = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i;
const NOT_BEARER = "Send `Authorization: Bearer <access token>`. The access token is a signed JWT.";
const NO_JWT: ClaimFault = {
  claim: "authorization",
  expected: "Bearer and a signed JWT",
  found: "another form",
  code: "token_invalid",
};
/** Only a token that names an accepted issuer and a key of it makes us ask the issuer; the signature vouches for the rest. */
const CHECKED_FIRST = ["alg", "kid", "iss"];

/** Told of a token while it is read. */
interface TokenListener {
  /** What an acceptable token claims, before its signature is verified. */
  claims(claimant: Claimant): void;
  /** The token is verified, and names no account that is served: it is rejected. */
  stranger(stranger: Stranger): void;
}

/**
 * What the token of an `Authorization` header says of its caller. The log says why a token is rejected.
 * @throws ProblemError `token_missing`, `token_invalid`, `token_expired`, `account_forbidden`, `extension_forbidden`, `token_issuer_unavailable`
 */
export type Authenticate = (
  authorization: string | undefined,
  deadline: Deadline,
  log: WarningLog,
  told?: TokenListener,
) => Promise<Claimant>;

export function createAuthenticate(
  settings: Settings,
  clock: Clock,
  readJson = (url: URL) => getJson(url, ISSUER_LIMITS),
  shared?: SharedKeys,
): Authenticate {
  const issuers = tokenIssuers(settings);
  const readers = new Map(
    issuers.map((issuer) => [
      issuer,
      {
        issuerKeys: createIssuerKeys(issuer.AUTH_ISSUER, clock, readJson, shared),
        readClaims: createClaimReader(issuer, clock),
      },
    ]),
  );

  const verified = new VerifiedTokens();

  return async (authorization = "", deadline, log, told) => {
    if (authorization.trim() === "") throw new ProblemError("token_missing");
    const token = BEARER.exec(authorization.trim())?.[1];
    const decoded = token === undefined ? undefined : decode(token);
    const reader = decoded && readers.get(issuerOf(issuers, decoded));
    if (token === undefined || decoded === undefined || reader === undefined) {
      throw rejectToken(log, [NO_JWT], { detail: NOT_BEARER });
    }
    const { claimant, faults, stranger } = reader.readClaims(decoded);
    const early = faults.filter(({ claim }) => CHECKED_FIRST.includes(claim));
    if (early.length > 0) throw rejectToken(log, early);
    if (claimant !== undefined) told?.claims(claimant);
    const limit = { clock, timeoutMs: deadline.remainingMs(), timeUp: () => new Error("out of time") };
    const keys = await withTimeout(reader.issuerKeys.find(decoded.header), limit).catch((cause: unknown) => {
      const retryAfterSeconds =
        cause instanceof KeysUnavailable
          ? Math.max(1, Math.ceil((cause.until - clock.now()) / 1_000))
          : undefined;
      throw new ProblemError("token_issuer_unavailable", omitUndefined({ cause, retryAfterSeconds }));
    });
    if (!verified.has(token, keys)) {
      const fault = await signatureFault(token, decoded, keys, (key) => verified.add(token, key));
      if (fault !== undefined) throw rejectToken(log, [fault]);
    }
    void reader.issuerKeys.share();
    if (claimant !== undefined) return claimant;
    if (stranger !== undefined) told?.stranger(stranger);
    throw rejectToken(log, faults);
  };
}

/** A token's parts, unverified; `undefined` when it is no JWT. */
export function decode(token: string): Decoded | undefined {
  try {
    return { header: decodeProtectedHeader(token), payload: decodeJwt(token) };
  } catch {
    return undefined;
  }
}

/** Tries the keys in turn: an issuer may have two with one id while it replaces one. */
export async function signatureFault(
  token: string,
  { header }: Decoded,
  keys: readonly SigningKey[],
  onVerified?: (key: SigningKey) => void,
): Promise<ClaimFault | undefined> {
  const code = "token_invalid";
  if (keys.length === 0) {
    const expected = "the id of one of the issuer's keys, for the token's algorithm";
    return { claim: "kid", expected, found: shown(header.kid), code };
  }
  for (const signingKey of keys) {
    try {
      await compactVerify(token, signingKey.key, { algorithms: ALGORITHMS });
      onVerified?.(signingKey);
      return undefined;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return { claim: "signature", expected: "one by the issuer's key", found: "another", code };
}
