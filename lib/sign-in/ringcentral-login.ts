import * as oauth from "oauth4webapi";
import * as z from "zod/mini";
import type { Clock } from "../platform/clock.ts";
import type { CredentialSource, Credentials } from "../platform/credentials.ts";
import type { Deadline } from "../platform/deadline.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { deriveKey } from "../platform/seal.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { SessionUser, TokenCallOutcome, TokenCalls, UserGrant } from "../ringcentral/auth/ports.ts";
import { readTokenCallOutcome } from "../ringcentral/auth/token-calls.ts";

/** One log-in of a person at RingCentral, with this service as RingCentral's client. */
export interface LoginRequest {
  credentials: Credentials;
  /** Where `credentials` are from. */
  source: CredentialSource;
  tokenCalls: TokenCalls;
  /** Where RingCentral sends the person back to. */
  redirectUri: string;
  /** The interaction, which only its browser's cookie names. */
  uid: string;
}

/** Who has logged in, and with what. */
export interface Login {
  user: SessionUser;
  grant: UserGrant;
}

/** The log-in is of no use here: a sentence for the app's developers. */
export class LoginRejected extends Error {
  override name = "LoginRejected";
}

/**
 * State, nonce and PKCE's verifier follow from the interaction, so that they are bound to the browser that has its cookie,
 * and nothing has to be stored.
 */
function valuesOf(uid: string) {
  const value = (purpose: string) => Buffer.from(deriveKey(uid, `sign-in ${purpose}`)).toString("base64url");
  return { state: value("state"), nonce: value("nonce"), verifier: value("verifier") };
}

const serverOf = ({ server }: Credentials): oauth.AuthorizationServer => ({
  issuer: server,
  authorization_endpoint: `${server}/restapi/oauth/authorize`,
  token_endpoint: `${server}/restapi/oauth/token`,
  revocation_endpoint: `${server}/restapi/oauth/revoke`,
});

/** RingCentral's samples encode neither part before base64 [docs: TOK]; a public client has no secret and is in the body. */
const clientAuth =
  ({ clientId, clientSecret }: Credentials): oauth.ClientAuth =>
  (_as, _client, body, headers) => {
    if (clientSecret === "") return void body.set("client_id", clientId);
    headers.set("authorization", `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`);
  };

/** RingCentral's page, on which the person logs in. */
export async function loginUrl({ credentials, redirectUri, uid }: LoginRequest): Promise<string> {
  const { state, nonce, verifier } = valuesOf(uid);
  const { brandId } = credentials;
  const parameters = {
    ...(brandId !== undefined && { brand_id: brandId }),
    response_type: "code",
    client_id: credentials.clientId,
    redirect_uri: redirectUri,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  return `${credentials.server}/restapi/oauth/authorize?${new URLSearchParams(parameters)}`;
}

/**
 * Reads what RingCentral sent the browser back with.
 * @throws oauth4webapi's errors: another state, another issuer, or RingCentral's own `error`
 */
export function readReturn({ credentials, uid }: LoginRequest, parameters: URLSearchParams): URLSearchParams {
  const client = { client_id: credentials.clientId };
  return oauth.validateAuthResponse(serverOf(credentials), client, parameters, valuesOf(uid).state);
}

/**
 * Exchanges the code for tokens and asks whose they are. RingCentral's rejection of the client secret reveals a rotation:
 * the code is still good, and the other version of the secret is tried.
 * @throws LoginRejected; RingCentralError `rate_limited`; oauth4webapi's errors
 */
export async function logIn(
  clock: Pick<Clock, "now">,
  request: LoginRequest,
  callback: URLSearchParams,
  deadline: Deadline,
): Promise<Login> {
  try {
    return await exchangeCode(clock, request, callback, deadline);
  } catch (error) {
    if (!isRejectedClient(error)) throw error;
    const { server, clientId, clientSecret } = request.credentials;
    const credentials = (await request.source.refreshed(deadline)).find(
      (one) => one.server === server && one.clientId === clientId && one.clientSecret !== clientSecret,
    );
    if (credentials === undefined) throw error;
    return exchangeCode(clock, { ...request, credentials }, callback, deadline);
  }
}

/** RingCentral does not know this service by its credentials: an operator's fault, unless they have changed. */
export const isRejectedClient = (error: unknown) =>
  error instanceof oauth.WWWAuthenticateChallengeError ||
  (error instanceof oauth.ResponseBodyError && error.error === "invalid_client");

async function exchangeCode(
  clock: Pick<Clock, "now">,
  request: LoginRequest,
  callback: URLSearchParams,
  deadline: Deadline,
): Promise<Login> {
  const { credentials, tokenCalls, redirectUri, uid } = request;
  const { verifier, nonce, state } = valuesOf(uid);
  const client = { client_id: credentials.clientId };
  // The line keeps a place for this sign-in, by a name that is no secret.
  const permit = await tokenCalls.take("sign_in", deadline, state.slice(0, 16));
  const sentAt = clock.now();
  let response: Response | undefined;
  let outcome: TokenCallOutcome | undefined;
  try {
    response = await oauth.authorizationCodeGrantRequest(
      serverOf(credentials),
      client,
      clientAuth(credentials),
      callback,
      redirectUri,
      verifier,
      callOptions(credentials, Math.min(deadline.remainingMs(), permit.leftMs())),
    );
  } finally {
    outcome = response && outcomeOf(response, clock.now());
    await permit.ended(outcome);
  }
  if (outcome?.status === 429) throw rateLimited(outcome);
  // Unproven: RingCentral may give no id_token, although its discovery document lists `openid`. [unsure]
  const hasIdToken =
    "id_token" in
    Body.parse(
      await response
        .clone()
        .json()
        .catch(() => ({})),
    );
  const tokens = await oauth.processAuthorizationCodeResponse(
    serverOf(credentials),
    client,
    response,
    hasIdToken ? { expectedNonce: nonce } : {},
  );
  const { refresh_token: refreshToken, access_token: accessToken, scope } = tokens;
  if (refreshToken === undefined) throw new LoginRejected("RingCentral's app issues no refresh tokens");
  const { refresh_token_expires_in: refreshExpiresInSeconds, owner_id: ownerId } = TokenExtras.parse(tokens);
  const grant: UserGrant = omitUndefined({
    accessToken,
    expiresInSeconds: tokens.expires_in ?? 3600,
    refreshToken,
    refreshExpiresInSeconds,
    scope,
    ownerId,
    sentAt,
  });
  return { user: await identify(credentials, grant, deadline), grant };
}

/** Whose the tokens are, by RingCentral's API. The token response names the extension too. */
async function identify(
  credentials: Credentials,
  { accessToken, ownerId }: UserGrant,
  deadline: Deadline,
): Promise<SessionUser> {
  const url = new URL(`${credentials.server}/restapi/v1.0/account/~/extension/~`);
  const options = callOptions(credentials, deadline.remainingMs());
  const response = await oauth.protectedResourceRequest(
    accessToken,
    "GET",
    url,
    new Headers({ accept: "application/json" }),
    undefined,
    options,
  );
  if (response.status !== 200)
    throw new LoginRejected(`RingCentral's extension/~ answers ${response.status}`);
  const { id, account, status } = OwnExtension.parse(await response.json());
  if (ownerId !== undefined && ownerId !== id) throw new LoginRejected("RingCentral names two owners");
  if (status !== "Enabled") throw new LoginRejected("the extension is not enabled");
  return { accountId: account.id, extensionId: id };
}

/** Ends a session that is not kept, if a call is left for it: errors are to be ignored. [docs: TOK] */
export async function revoke(
  { credentials, tokenCalls }: LoginRequest,
  token: string,
  deadline: Deadline,
): Promise<void> {
  const client = { client_id: credentials.clientId };
  try {
    const permit = await tokenCalls.take("renewal", deadline);
    const options = callOptions(credentials, Math.min(deadline.remainingMs(), permit.leftMs()));
    const auth = clientAuth(credentials);
    await oauth
      .revocationRequest(serverOf(credentials), client, auth, token, options)
      .finally(() => permit.ended());
  } catch {
    // The session ends by itself, and its tokens are nowhere.
  }
}

const rateLimited = ({ retryAfterMs = 60_000 }: TokenCallOutcome) =>
  new RingCentralError({
    kind: "rate_limited",
    operation: "exchangeCode",
    status: 429,
    retryAfterMs,
    mayHaveTakenEffect: false,
  });

const Body = z.looseObject({});
const Id = z.pipe(
  z.union([z.string(), z.int()]),
  z.pipe(z.transform(String), z.string().check(z.regex(/^[1-9][0-9]{0,19}$/))),
);
const TokenExtras = z.object({
  refresh_token_expires_in: z.catch(z.optional(z.int().check(z.positive())), undefined),
  owner_id: z.optional(Id),
});
const OwnExtension = z.object({ id: Id, account: z.object({ id: Id }), status: z.string() });

function callOptions({ server }: Credentials, timeoutMs: number) {
  return {
    signal: AbortSignal.timeout(Math.max(1, timeoutMs)),
    // Only a loopback server may be http: parseSecretValue.
    [oauth.allowInsecureRequests]: server.startsWith("http:"),
  };
}

const outcomeOf = ({ status, headers }: Response, now: number) =>
  readTokenCallOutcome({ status, headers: Object.fromEntries(headers) }, now);
