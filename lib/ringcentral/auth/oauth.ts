import * as z from "zod/mini";
import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { Logger } from "../../platform/logger.ts";
import { causeOf, RingCentralError } from "../api/errors.ts";
import { failureOf, parseBody } from "../http/parse-response.ts";
import { readRequestId } from "../http/response-headers.ts";
import type { HttpResponse, Transport } from "../http/transport.ts";
import type { Credentials } from "../ports.ts";

/** What the token endpoint grants. */
export interface TokenGrant {
  accessToken: string;
  /** RingCentral's `expires_in`, counted from when it answered. */
  expiresInSeconds: number;
  /** Only for apps that issue refresh tokens [docs: REF]; good for one use. */
  refreshToken?: string;
  refreshTokenExpiresInSeconds?: number;
  /** Space-separated app permissions. */
  scope?: string;
  /** The extension whose rate limits apply. */
  ownerId?: string;
}

/** The protocol steps of RingCentral's OAuth; each is one call of its Auth group, never repeated inside. */
export interface OAuth {
  /**
   * Exchanges the JWT credential for a token. [docs: JWT]
   * @throws RingCentralError kind `auth` when RingCentral refuses (`oauthError` and `errorCode` say why),
   * `rate_limited` with `retryAfterMs`, or `unavailable`, `timeout`, `broken` when it did not say
   */
  login(credentials: Credentials, deadline: Deadline): Promise<TokenGrant>;
  /**
   * Exchanges a refresh token, which dies with it but for a grace period; so does the former access token. [docs: REF]
   * @throws as `login`
   */
  refresh(credentials: Credentials, refreshToken: string, deadline: Deadline): Promise<TokenGrant>;
  /**
   * Ends the session that an access or refresh token belongs to. Errors are to be ignored [docs: TOK].
   * @returns whether RingCentral confirmed it
   */
  revoke(credentials: Credentials, token: string, deadline: Deadline): Promise<boolean>;
}

export interface OAuthDeps {
  transport: Transport;
  clock: Clock;
  log: Logger;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const seconds = z.pipe(
  z.union([z.number(), z.string().check(z.regex(/^\d{1,9}$/))]),
  z.transform((value) => Number(value)),
);
const name = z.catch(z.optional(z.pipe(z.union([z.string(), z.int()]), z.transform(String))), undefined);

/** `session_id` is described as required but missing from the guide's samples [docs: TOK], so nothing asks for it. */
const tokenAnswer = z.object({
  access_token: z.string().check(z.minLength(1)),
  expires_in: seconds,
  token_type: z.optional(z.string().check(z.regex(/^bearer$/i))),
  refresh_token: z.catch(z.optional(z.string().check(z.minLength(1))), undefined),
  refresh_token_expires_in: z.catch(z.optional(seconds), undefined),
  scope: name,
  owner_id: name,
});

export function createOAuth(deps: OAuthDeps): OAuth {
  async function requestToken(
    operation: string,
    credentials: Credentials,
    grant: Record<string, string>,
    deadline: Deadline,
  ): Promise<TokenGrant> {
    const answer = await post(deps, operation, "/restapi/oauth/token", credentials, grant, deadline);
    const token = parseBody(operation, answer, tokenAnswer);
    return {
      accessToken: token.access_token,
      expiresInSeconds: token.expires_in,
      ...(token.refresh_token !== undefined && { refreshToken: token.refresh_token }),
      ...(token.refresh_token_expires_in !== undefined && {
        refreshTokenExpiresInSeconds: token.refresh_token_expires_in,
      }),
      ...(token.scope !== undefined && { scope: token.scope }),
      ...(token.owner_id !== undefined && { ownerId: token.owner_id }),
    };
  }

  return {
    login: (credentials, deadline) =>
      requestToken("login", credentials, { grant_type: JWT_BEARER, assertion: credentials.jwt }, deadline),

    refresh: (credentials, refreshToken, deadline) =>
      requestToken(
        "refreshToken",
        credentials,
        { grant_type: "refresh_token", refresh_token: refreshToken },
        deadline,
      ),

    async revoke(credentials, token, deadline) {
      try {
        await post(deps, "revokeToken", "/restapi/oauth/revoke", credentials, { token }, deadline);
        return true;
      } catch (error) {
        if (error instanceof RingCentralError) return false;
        throw error;
      }
    },
  };
}

/** One form-encoded call of the OAuth endpoints, authenticated as the app. */
async function post(
  { transport, clock, log }: OAuthDeps,
  operation: string,
  path: "/restapi/oauth/token" | "/restapi/oauth/revoke",
  { server, clientId, clientSecret }: Credentials,
  fields: Record<string, string>,
  deadline: Deadline,
): Promise<HttpResponse> {
  // A public client has no secret: it names itself in the body, and Basic with an empty secret fails. [observed]
  const isPublic = clientSecret === "";
  const form = new URLSearchParams({ ...fields, ...(isPublic && { client_id: clientId }) });
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  const startedAt = clock.now();
  const report = (outcome: object) =>
    log.info("ringcentral token call", {
      operation,
      group: "auth",
      durationMs: clock.now() - startedAt,
      ...outcome,
    });
  let answer: HttpResponse;
  try {
    answer = await transport.send({
      operation,
      method: "POST",
      url: new URL(path, server),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(!isPublic && { authorization: `Basic ${basic}` }),
      },
      body: form.toString(),
      deadline,
    });
  } catch (error) {
    if (error instanceof RingCentralError) report({ kind: error.failure.kind, ...causeOf(error.failure) });
    throw error;
  }
  const failure = failureOf(operation, answer, clock.now());
  const { kind, errorCode, oauthError } = failure ?? {};
  report({ status: answer.status, rcRequestId: readRequestId(answer.headers), kind, errorCode, oauthError });
  if (failure === undefined) return answer;
  // A readable 4xx is a refusal. CMN-304, should it occur here, is not: another login is under way.
  throw new RingCentralError({
    ...failure,
    kind: kind === "rejected" && answer.status !== 429 ? "auth" : failure.kind,
  });
}
