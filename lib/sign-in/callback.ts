import type { IncomingMessage, ServerResponse } from "node:http";
import {
  AuthorizationResponseError,
  INVALID_RESPONSE,
  OperationProcessingError,
  ResponseBodyError,
} from "oauth4webapi";
import { errors, type Interaction, type InteractionResults, type Provider } from "oidc-provider";
import type { Clock } from "../platform/clock.ts";
import type { CredentialSource } from "../platform/credentials.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { Logger } from "../platform/logger.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { TokenCalls, UserSessions } from "../ringcentral/auth/ports.ts";
import { type Page, START_AGAIN } from "./pages.ts";
import { subjectOf } from "./person.ts";
import {
  isRejectedClient,
  LoginRejected,
  type LoginRequest,
  logIn,
  loginUrl,
  readReturn,
  revoke,
} from "./ringcentral-login.ts";
import type { Client } from "./secret.ts";

export const CALLBACK_PATH = "/oauth/callback";
/** RingCentral's code lives for a minute [docs: CODE]: after a longer wait the person logs in again. */
const CODE_WAIT_SECONDS = 40;

export interface CallbackDeps {
  clock: Clock;
  issuer: string;
  servedAccounts: readonly string[];
  /** The app of an account. */
  appOf(accountId: string): { credentials: CredentialSource; tokenCalls: TokenCalls };
  sessions: UserSessions;
  /** The time for all of one request. */
  deadline(): Deadline;
  log: Pick<Logger, "info" | "warn">;
}

export type Outcome = { redirect: string } | { page: Page };

interface Visit {
  request: IncomingMessage;
  response: ServerResponse;
  parameters: URLSearchParams;
}

/**
 * `/oauth/callback`. Without parameters it sends the browser to RingCentral's log-in page; RingCentral sends it back here
 * with a code. Both need the cookie of an interaction, which begins at `/oauth/authorize`.
 */
export async function handleCallback(
  deps: CallbackDeps,
  provider: Provider,
  clients: readonly Client[],
  visit: Visit,
): Promise<Outcome> {
  const { request, response, parameters } = visit;
  const interaction = await provider.interactionDetails(request, response).catch((error: unknown) => {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  });
  if (interaction === undefined) return { page: unknownVisit };
  // A page that is loaded again: the code has been used.
  if (interaction.result !== undefined) return { redirect: interaction.returnTo };
  const finish = async (result: InteractionResults): Promise<Outcome> => ({
    redirect: await provider.interactionResult(request, response, result, { mergeWithLastSubmission: false }),
  });
  const accountId = accountOf(deps, clients, interaction);
  if (accountId === undefined) {
    return finish({ error: "invalid_request", error_description: "name the account in account_id" });
  }
  const deadline = deps.deadline();
  const { credentials: source, tokenCalls } = deps.appOf(accountId);
  const credentials = await source.current(deadline);
  const redirectUri = `${deps.issuer}${CALLBACK_PATH}`;
  const login = { credentials, source, tokenCalls, redirectUri, uid: interaction.uid, accountId };
  if (!["state", "code", "error"].some((name) => parameters.has(name))) {
    return { redirect: await loginUrl(login) };
  }
  return complete(deps, login, { parameters, deadline, finish });
}

interface Completion {
  parameters: URLSearchParams;
  deadline: Deadline;
  finish(result: InteractionResults): Promise<Outcome>;
}

async function complete(
  deps: CallbackDeps,
  request: LoginRequest & { accountId: string },
  { parameters, deadline, finish }: Completion,
): Promise<Outcome> {
  try {
    const callback = readReturn(request, parameters);
    const { user, grant } = await logIn(deps.clock, request, callback, deadline);
    if (user.accountId !== request.accountId) {
      await revoke(request, grant.refreshToken, deadline);
      throw new LoginRejected("the account is not the one to sign in to");
    }
    await deps.sessions.begin(user, grant, deadline);
    deps.log.info("signed in", { accountId: user.accountId, extensionId: user.extensionId });
    return await finish({ login: { accountId: subjectOf(user), remember: false } });
  } catch (error) {
    const failure = describeFailure(error, parameters);
    if (failure === undefined) throw error;
    deps.log.warn("sign-in failed", { reason: failure.reason });
    return "page" in failure ? { page: failure.page } : finish(failure.result);
  }
}

interface Failure {
  reason: string;
}

/** What the person sees, or the app is told; `undefined`: a fault of ours. */
function describeFailure(
  error: unknown,
  parameters: URLSearchParams,
): (Failure & ({ page: Page } | { result: InteractionResults })) | undefined {
  if (error instanceof RingCentralError && error.failure.kind === "rate_limited") {
    const seconds = Math.max(1, Math.ceil((error.failure.retryAfterMs ?? 60_000) / 1000));
    return { reason: "no token call is left", page: busy(seconds, parameters) };
  }
  if (error instanceof AuthorizationResponseError) {
    const result = { error: "access_denied", error_description: "RingCentral did not log the person in" };
    return { reason: `RingCentral: ${error.error}`, result };
  }
  if (error instanceof LoginRejected) {
    return { reason: error.message, result: { error: "access_denied", error_description: error.message } };
  }
  if (error instanceof ResponseBodyError && !isRejectedClient(error)) {
    // A used or late code; the person may log in again.
    return { reason: `RingCentral: ${error.error}`, page: failedLogin };
  }
  // Another state or issuer than this visit's: nothing of it is used.
  if (error instanceof OperationProcessingError && error.code === INVALID_RESPONSE) {
    return { reason: "a response that does not fit the request", page: unknownVisit };
  }
  if (error instanceof OperationProcessingError || isNetworkFailure(error)) {
    return { reason: `no usable response: ${error.message}`, page: noResponse };
  }
  return undefined;
}

const isNetworkFailure = (error: unknown): error is Error =>
  error instanceof Error && ["TypeError", "TimeoutError", "AbortError"].includes(error.name);

function accountOf(
  { servedAccounts }: CallbackDeps,
  clients: readonly Client[],
  { params }: Interaction,
): string | undefined {
  const registered = clients.find(({ clientId }) => clientId === params.client_id)?.accountId;
  const [only, ...others] = servedAccounts;
  const asked = registered ?? params.account_id ?? (others.length === 0 ? only : undefined);
  return servedAccounts.find((account) => account === asked);
}

const unknownVisit: Page = {
  status: 400,
  title: "This sign-in cannot be continued",
  text: `It has expired, or it began in another browser or tab. ${START_AGAIN}`,
};

const failedLogin: Page = {
  status: 400,
  title: "RingCentral did not accept this sign-in",
  text: "It may have taken too long.",
  link: { href: CALLBACK_PATH, text: "Sign in again" },
};

const noResponse: Page = {
  status: 502,
  title: "RingCentral does not respond",
  text: "Nothing was changed.",
  link: { href: CALLBACK_PATH, text: "Sign in again" },
};

/** For a fault of ours. */
export const serviceFault = (status: 500 | 503): Page => ({
  status,
  title: "This sign-in could not be completed",
  text: "Please try it again in some seconds.",
  link: { href: CALLBACK_PATH, text: "Sign in again" },
});

function busy(seconds: number, parameters: URLSearchParams): Page {
  const href =
    seconds <= CODE_WAIT_SECONDS ? `${CALLBACK_PATH}?${new URLSearchParams(parameters)}` : CALLBACK_PATH;
  return {
    status: 429,
    title: "Many people are signing in",
    text: `RingCentral allows a few sign-ins a minute. This page continues by itself in ${seconds} s.`,
    link: { href, text: "Continue now" },
    retry: { href, seconds },
  };
}
