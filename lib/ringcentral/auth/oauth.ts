import * as z from "zod/mini";
import type { Clock } from "../../platform/clock.ts";
import type { Credentials } from "../../platform/credentials.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { LogFields, Logger } from "../../platform/logger.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { causeOf, type FailureKind, RingCentralError } from "../api/errors.ts";
import { failureOf, parseBody } from "../http/parse-response.ts";
import { readRequestId } from "../http/response-headers.ts";
import type { HttpResponse, Transport } from "../http/transport.ts";

/** A response of the token endpoint. */
export interface TokenGrant {
  accessToken: string;
  /** RingCentral's `expires_in`, counted from its response. */
  expiresInSeconds: number;
  /** Space-separated app permissions. */
  scope?: string;
  /** The extension whose rate limits apply. */
  ownerId?: string;
  /** Replaces the one that was sent. */
  refreshToken?: string;
  refreshExpiresInSeconds?: number;
}

type OnResponse = (response: HttpResponse) => void;

interface OAuthDeps {
  transport: Transport;
  clock: Clock;
  log: Logger;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Longer lives are not documented [docs: TOK]; a later instant than any date breaks what reports it. */
const LONGEST_LIFE_S = 24 * 60 * 60;
/** [spec: OAS] */
const LONGEST_REFRESH_LIFE_S = 30 * LONGEST_LIFE_S;
const upTo = (longest: number) =>
  z.pipe(
    z.union([z.number(), z.string().check(z.regex(/^\d{1,9}$/))]),
    z.transform((value) => Math.min(Number(value), longest)),
  );
/** It is stored and sent in a header or a form, so it is visible ASCII (RFC 6749, A.12 and A.17). */
const token = z.string().check(z.regex(/^[\x21-\x7e]+$/));
const name = z.catch(z.optional(z.pipe(z.union([z.string(), z.int()]), z.transform(String))), undefined);

/** `session_id` is documented as required but absent from the guide's samples [docs: TOK], so it is not read. */
const tokenResponse = z.object({
  access_token: token,
  expires_in: upTo(LONGEST_LIFE_S),
  token_type: z.optional(z.string().check(z.regex(/^bearer$/i))),
  scope: name,
  owner_id: name,
  refresh_token: z.catch(z.optional(token), undefined),
  refresh_token_expires_in: z.catch(z.optional(upTo(LONGEST_REFRESH_LIFE_S)), undefined),
});

export type OAuth = ReturnType<typeof createOAuth>;

/** RingCentral's OAuth endpoints. Each method makes one call of the Auth group and never repeats it. */
export function createOAuth(deps: OAuthDeps) {
  return {
    /**
     * Exchanges the JWT credential for a token. [docs: JWT]
     * @throws RingCentralError kind `auth` when RingCentral rejects the login (`oauthError` and `errorCode` say why),
     * `rate_limited` with `retryAfterMs`, or `unavailable`, `timeout`, `bad_response` without a usable response
     */
    async login(
      credentials: Credentials,
      deadline: Deadline,
      onResponse: OnResponse = () => {},
    ): Promise<TokenGrant> {
      const fields = { grant_type: JWT_BEARER, assertion: credentials.jwt };
      // Why a refresh token of the service is not kept: SPEC.md.
      const {
        refreshToken: _,
        refreshExpiresInSeconds: __,
        ...grant
      } = await requestToken(deps, "login", credentials, fields, deadline, onResponse);
      return grant;
    },

    /**
     * Exchanges a refresh token for the session's next tokens. The former access token dies at once. [docs: REF]
     * @throws as `login`; with `oauthError` `invalid_grant` the session is over
     */
    async refresh(
      credentials: Credentials,
      refreshToken: string,
      deadline: Deadline,
      onResponse: OnResponse = () => {},
    ): Promise<TokenGrant> {
      const fields = { grant_type: "refresh_token", refresh_token: refreshToken };
      return requestToken(deps, "refreshToken", credentials, fields, deadline, onResponse);
    },

    /** Ends the session of a token. Errors are to be ignored [docs: TOK]. @returns whether RingCentral confirmed it */
    async revoke(
      credentials: Credentials,
      token: string,
      deadline: Deadline,
      onResponse: OnResponse = () => {},
    ): Promise<boolean> {
      try {
        const fields = { token };
        await post(deps, "revokeToken", "/restapi/oauth/revoke", credentials, fields, deadline, onResponse);
        return true;
      } catch (error) {
        if (error instanceof RingCentralError) return false;
        throw error;
      }
    },
  };
}

async function requestToken(
  deps: OAuthDeps,
  operation: string,
  credentials: Credentials,
  fields: Record<string, string>,
  deadline: Deadline,
  onResponse: OnResponse,
): Promise<TokenGrant> {
  const path = "/restapi/oauth/token";
  const response = await post(deps, operation, path, credentials, fields, deadline, onResponse);
  const body = parseBody(operation, response, tokenResponse);
  return omitUndefined({
    accessToken: body.access_token,
    expiresInSeconds: body.expires_in,
    scope: body.scope,
    ownerId: body.owner_id,
    refreshToken: body.refresh_token,
    refreshExpiresInSeconds: body.refresh_token_expires_in,
  });
}

/** One form-encoded call of the OAuth endpoints, authenticated as the app. */
async function post(
  { transport, clock, log }: OAuthDeps,
  operation: string,
  path: string,
  { server, clientId, clientSecret }: Credentials,
  fields: Record<string, string>,
  deadline: Deadline,
  onResponse: OnResponse,
): Promise<HttpResponse> {
  // A public client has no secret: the body names it. Basic with an empty secret fails. [observed]
  const isPublic = clientSecret === "";
  const form = new URLSearchParams({ ...fields, ...(isPublic && { client_id: clientId }) });
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    ...(!isPublic && { authorization: `Basic ${basic}` }),
  };
  const startedAt = clock.now();
  const report = (outcome: LogFields) => {
    const durationMs = clock.now() - startedAt;
    const level = outcome.kind === undefined ? "info" : "warn";
    log[level]("ringcentral token call", { operation, group: "auth", durationMs, ...outcome });
  };
  const request = {
    operation,
    method: "POST",
    url: new URL(path, server),
    headers,
    body: `${form}`,
    deadline,
  } as const;
  const response = await transport.send(request).catch((error) => {
    if (error instanceof RingCentralError) report({ kind: error.failure.kind, ...causeOf(error.failure) });
    throw error;
  });
  onResponse(response);
  const { status } = response;
  const failure = failureOf({ name: operation }, response, clock.now());
  const { errorCode, oauthError } = failure ?? {};
  const kind = failure && kindOfLogin(failure.kind, status);
  report({ status, rcRequestId: readRequestId(response.headers), kind, errorCode, oauthError });
  if (failure === undefined || kind === undefined) return response;
  throw new RingCentralError({ ...failure, kind });
}

/** A readable 4xx is a rejection of the credentials, but not a 429: CMN-304 means another login is under way. */
function kindOfLogin(kind: FailureKind, status: number): FailureKind {
  if (kind !== "rejected" || status === 429) return kind;
  return status === 501 ? "bad_response" : "auth";
}
