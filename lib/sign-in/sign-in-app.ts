import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { errors, KoaContextWithOIDC, Provider } from "oidc-provider";
import serverless from "serverless-http";
import * as z from "zod/mini";
import { type SecretSource, SecretUnavailableError } from "../platform/credentials.ts";
import type { Logger } from "../platform/logger.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import { CALLBACK_PATH, type CallbackDeps, handleCallback, type Outcome, serviceFault } from "./callback.ts";
import { renderPage } from "./pages.ts";
import { createProvider, type ProviderDeps } from "./provider.ts";
import type { SignInSecret } from "./secret.ts";

export interface SignInDeps extends CallbackDeps, ProviderDeps {
  secret: Pick<SecretSource<SignInSecret>, "current">;
  log: Pick<Logger, "info" | "warn" | "error">;
}

/** What the authorization server responds, in API Gateway's form. */
const SignInResponse = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  cookies: z.array(z.string()),
  body: z.string(),
  isBase64Encoded: z.boolean(),
});
export type SignInResponse = z.output<typeof SignInResponse>;

const RETRY_SECONDS = "5";

/** The authorization server as a function of API Gateway's events. A changed secret makes a new server. */
export function createSignInApp(deps: SignInDeps) {
  let made: { of: string; handle: ReturnType<typeof serve> } | undefined;
  return async (event: APIGatewayProxyEventV2): Promise<SignInResponse> => {
    const secret = await deps.secret.current(deps.deadline());
    // Read again, it is another object.
    const of = JSON.stringify(secret);
    if (made?.of !== of) made = { of, handle: serve(deps, secret) };
    const response = SignInResponse.parse(await made.handle(atIssuer(event, deps.issuer), {}));
    return { ...response, headers: ownHeaders(event, response) };
  };
}

/** Without CORS, which the API has a setting for. Only the public documents may be stored. */
function ownHeaders(
  { requestContext: { http } }: APIGatewayProxyEventV2,
  { headers }: SignInResponse,
): SignInResponse["headers"] {
  const own = Object.entries(headers).filter(([name]) => !name.startsWith("access-control-"));
  return { ...(http.method !== "GET" && { "cache-control": "no-store" }), ...Object.fromEntries(own) };
}

/** oidc-provider makes its URLs from `Host`, which a caller may forge. */
function atIssuer(event: APIGatewayProxyEventV2, issuer: string): APIGatewayProxyEventV2 {
  const { host } = new URL(issuer);
  const kept = Object.entries(event.headers).filter(
    ([name]) => !/^(x-forwarded-.*|forwarded|host)$/i.test(name),
  );
  return { ...event, headers: { ...Object.fromEntries(kept), host } };
}

function serve(deps: SignInDeps, secret: SignInSecret) {
  const provider = createProvider(deps, secret);
  const faults = logFaults(provider, deps);
  provider.use(async (ctx, next) => {
    if (ctx.path === CALLBACK_PATH && ctx.method === "GET") {
      const parameters = new URL(ctx.url, deps.issuer).searchParams;
      const visit = { request: ctx.req, response: ctx.res, parameters };
      const outcome = handleCallback(deps, provider, secret.clients, visit);
      return send(ctx, await outcome.catch((error: unknown) => faultPage(deps, error)));
    }
    // A visit goes on by its cookie alone; oidc-provider 9.13 fails with 500 where its address names a client.
    if (ctx.path.startsWith("/oauth/authorize/")) ctx.querystring = "";
    await next();
    allowScript(ctx);
    if (ctx.status !== 500 || !mayPass(faults.get(ctx))) return;
    ctx.status = 503;
    ctx.set("retry-after", RETRY_SECONDS);
    ctx.body = { error: "temporarily_unavailable", error_description: "try again in some seconds" };
  });
  // serverless-http takes every request for one over TLS; on a developer's machine there is none.
  const encrypted = deps.issuer.startsWith("https:");
  const request = ({ socket }: IncomingMessage) => Object.assign(socket, { encrypted });
  return serverless(provider, { request });
}

/** oidc-provider's page for `response_mode=form_post` sends its form by a script, which the API's policy would block. */
function allowScript(ctx: Reply): void {
  const [, script] = (typeof ctx.body === "string" && /<script>(.*?)<\/script>/s.exec(ctx.body)) || [];
  if (script === undefined) return;
  const hash = createHash("sha256").update(script).digest("base64");
  ctx.set(
    "content-security-policy",
    `default-src 'none'; script-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'`,
  );
}

const mayPass = (fault: unknown) =>
  fault instanceof StorageUnavailable || fault instanceof SecretUnavailableError;

function faultPage({ log }: SignInDeps, error: unknown): Outcome {
  log.error("the callback failed", { error });
  return { page: serviceFault(mayPass(error) ? 503 : 500) };
}

type Reply = Pick<KoaContextWithOIDC, "redirect" | "set"> & { status: number; body: unknown };

function send(ctx: Reply, outcome: Outcome): void {
  ctx.set("cache-control", "no-store");
  if ("redirect" in outcome) {
    ctx.status = 303;
    ctx.redirect(outcome.redirect);
    return;
  }
  const { status, headers, body } = renderPage(outcome.page);
  ctx.status = status;
  ctx.set(headers);
  ctx.body = body;
}

/** Logs what is rejected and what fails, without anything that a request sent. */
function logFaults(provider: Provider, { log }: SignInDeps): WeakMap<object, Error> {
  const faults = new WeakMap<object, Error>();
  provider.on("server_error", (ctx, error) => {
    faults.set(ctx, error);
    log.error("the sign-in server failed", { error });
  });
  const warn = ({ oidc }: KoaContextWithOIDC, { error, error_detail: detail }: errors.OIDCProviderError) =>
    log.warn("sign-in request rejected", { error, detail, client: oidc.client?.clientId });
  provider.on("grant.error", warn);
  provider.on("authorization.error", warn);
  provider.on("revocation.error", warn);
  return faults;
}
