import type { APIGatewayProxyEventV2 } from "aws-lambda";
import * as oauth from "oauth4webapi";
import * as z from "zod/mini";
import { functions } from "../../infra/resources/functions.ts";
import { newSecret } from "../../infra/sign-in/content.ts";
import { type Clock, systemClock } from "../../lib/platform/clock.ts";
import type { Credentials } from "../../lib/platform/credentials.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import type { SessionUser, TokenCalls, UserGrant, UserSessions } from "../../lib/ringcentral/auth/ports.ts";
import { UserGrants } from "../../lib/sign-in/grants.ts";
import { type Client, hashSecret, type SignInSecret } from "../../lib/sign-in/secret.ts";
import { createSignInApp, type SignInDeps } from "../../lib/sign-in/sign-in-app.ts";
import { SEED, startTwin, type TwinOptions } from "../twin/twin.ts";
import { captureLog } from "./capture-log.ts";
import { createMemoryRecordStore } from "./memory-record-store.ts";

export const ISSUER = "https://api.acme.example";
export const APP = "com.acme.numbers:/signed-in";
export const WEB_APP = "https://app.acme.example/signed-in";

const MACHINE_SECRET = "a-machine-secret";
export const clients: Record<"app" | "other" | "machine", Client> = {
  app: {
    clientId: "acme-app",
    name: "Acme",
    redirectUris: [APP, WEB_APP, "http://127.0.0.1/signed-in"],
    scopes: ["numbers:read", "numbers:write", "account:read"],
  },
  other: {
    clientId: "other-app",
    name: "Other",
    redirectUris: ["com.other.app:/signed-in"],
    scopes: ["numbers:read"],
  },
  machine: {
    clientId: "night-job",
    name: "Night job",
    redirectUris: [],
    scopes: ["account:read", "sync:read"],
    secretHash: hashSecret(MACHINE_SECRET),
  },
};
export const machineSecret = MACHINE_SECRET;

/** Keeps the grants in memory, as lib/ringcentral/auth keeps them in the table. */
export function fakeSessions() {
  const active = new Map<string, UserGrant>();
  const ended: string[] = [];
  const nameOf = ({ accountId, extensionId }: SessionUser) => `${accountId}-${extensionId}`;
  const sessions: UserSessions = {
    begin: async (user, grant) => void active.set(nameOf(user), grant),
    end: async (user) => {
      active.delete(nameOf(user));
      ended.push(nameOf(user));
    },
    state: async (user) => (active.has(nameOf(user)) ? "active" : "none"),
  };
  return { sessions, active, ended };
}

export type SignInLab = Awaited<ReturnType<typeof startSignInLab>>;

/** The sign-in server in this process, on the twin and a table in memory. */
export async function startSignInLab(options: TwinOptions & { clock?: Clock } = {}) {
  const { clock = systemClock, ...twinOptions } = options;
  const redirectUris = [`${ISSUER}/oauth/callback`];
  const twin = await startTwin({ limits: { Auth: false }, redirectUris, ...twinOptions });
  const records = createMemoryRecordStore();
  const { sessions, active, ended } = fakeSessions();
  const logged = captureLog();
  const taken: string[] = [];
  const tokenCalls: TokenCalls = {
    take: async (need) => {
      taken.push(need);
      return { leftMs: () => 10_000, unused: async () => {}, ended: async () => {} };
    },
  };
  const credentials: Credentials = {
    server: twin.url,
    clientId: SEED.clientId,
    clientSecret: SEED.clientSecret,
    jwt: SEED.jwt,
  };
  const made = newSecret(clock.now());
  const { current, next, changedAt } = made.signingKeys;
  const secret: SignInSecret = {
    ...made,
    signingKeys: { current: { ...current, kid: "key-1" }, next: { ...next, kid: "key-2" }, changedAt },
    clients: Object.values(clients),
  };
  const update = { records, clock, random: Math.random };
  const deadline = () => deadlineIn(10_000, clock);
  /** The versions of the secret, the newest first; `current` is the one that this process has read. */
  const versions = { current: credentials, all: [credentials] };
  const deps: SignInDeps = {
    ...update,
    issuer: ISSUER,
    servedAccounts: [SEED.accountId],
    administrators: [SEED.adminExtensionId],
    appOf: () => ({
      credentials: { current: async () => versions.current, refreshed: async () => versions.all },
      tokenCalls,
    }),
    sessions,
    grants: new UserGrants({ ...update, sessions, deadline }),
    deadline,
    log: logged.log,
    secret: { current: async () => secret },
  };
  const serve = createSignInApp(deps);
  return {
    twin,
    records,
    active,
    ended,
    logged,
    taken,
    deps,
    secret,
    credentials,
    versions,
    tokenCalls,
    serve,
    /** For oauth4webapi and openid-client. */
    fetch: (url: string, request: SentRequest = {}) => send(serve, new Browser(), url, request),
    /** What a first visit sets. */
    async cookiesOf(url: string): Promise<string[]> {
      const browser = new Browser();
      await send(serve, browser, new URL(url, ISSUER).href);
      return browser.lines;
    },
    close: () => twin.close(),
  };
}

type Serve = ReturnType<typeof createSignInApp>;

/** A cookie jar that honours paths and removals. */
export class Browser {
  readonly cookies = new Map<string, { value: string; path: string }>();
  /** As they were set. */
  readonly lines: string[] = [];

  sentTo(path: string): string[] {
    const sent = [...this.cookies].filter(([, cookie]) => path.startsWith(cookie.path));
    return sent.map(([name, { value }]) => `${name.split(" ")[0]}=${value}`);
  }

  keep(line: string): void {
    this.lines.push(line);
    const [pair = "", ...attributes] = line.split(/; */);
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? "/";
    if (value === "") this.cookies.delete(`${name} ${path}`);
    else this.cookies.set(`${name} ${path}`, { value, path });
  }
}

/** What the libraries give their `fetch`. */
interface SentRequest {
  method?: string;
  headers?: ConstructorParameters<typeof Headers>[0];
  body?: unknown;
}

/** The gateway's routes. */
const paths = functions.flatMap((one) => (one.key === "signIn" && one.paths) || []);
const isServed = (path: string) =>
  paths.some((one) => (one.endsWith("{proxy+}") ? path.startsWith(one.slice(0, -8)) : path === one));

async function send(serve: Serve, browser: Browser, url: string, init: SentRequest = {}): Promise<Response> {
  if (!isServed(new URL(url).pathname)) return new Response(null, { status: 404 });
  const response = await serve(signInEvent(browser, new URL(url), init));
  for (const line of response.cookies) browser.keep(line);
  const hasBody = ![204, 303, 304].includes(response.statusCode);
  return new Response(hasBody ? response.body : null, {
    status: response.statusCode,
    headers: response.headers,
  });
}

/** The gateway's event of a browser's or an app's request. */
export function signInEvent(browser: Browser, { pathname, search, host }: URL, init: SentRequest = {}) {
  const method = init.method ?? "GET";
  const body = init.body === undefined || init.body === null ? undefined : String(init.body);
  const event: APIGatewayProxyEventV2 = {
    version: "2.0",
    routeKey: "$default",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    cookies: browser.sentTo(pathname),
    headers: {
      host,
      accept: "text/html",
      ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
      ...Object.fromEntries(new Headers(init.headers)),
    },
    requestContext: {
      accountId: "1",
      apiId: "api",
      domainName: host,
      domainPrefix: "api",
      http: { method, path: pathname, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
      requestId: "r",
      routeKey: "$default",
      stage: "$default",
      time: "",
      timeEpoch: 0,
    },
    isBase64Encoded: body !== undefined,
    ...(body !== undefined && { body: Buffer.from(body).toString("base64") }),
  };
  return event;
}

/** One request of the browser. */
export const hop = ({ serve }: Pick<SignInLab, "serve">, browser: Browser, url: string) =>
  send(serve, browser, new URL(url, ISSUER).href);

/** One visit of the browser; the service's redirects are followed, others are returned. */
export async function visit(lab: Pick<SignInLab, "serve">, browser: Browser, url: string) {
  let next = new URL(url, ISSUER).href;
  for (let hops = 0; hops < 10; hops += 1) {
    const response = await hop(lab, browser, next);
    const location = response.headers.get("location");
    if (location === null) return { response, url: next };
    next = new URL(location, ISSUER).href;
    if (!next.startsWith(`${ISSUER}/`)) return { response, url: next };
  }
  throw new Error("the browser goes in circles");
}

export interface Flow {
  clientId?: string;
  redirectUri?: string;
  scope?: string;
  as?: string;
  browser?: Browser;
  parameters?: Record<string, string>;
}

/** The app's side up to its redirect URI: the parameters that it is called back with, and its verifier. */
export async function authorize(lab: SignInLab, flow: Flow = {}) {
  const { clientId = "acme-app", redirectUri = APP, scope = "openid numbers:read numbers:write" } = flow;
  const { as = SEED.extensionId, browser = new Browser() } = flow;
  const verifier = oauth.generateRandomCodeVerifier();
  const parameters: Record<string, string> = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope,
    state: "app-state",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...flow.parameters,
  };
  // An empty one is left out.
  const sent = Object.entries(parameters).filter(([, value]) => value !== "");
  const first = await visit(lab, browser, `/oauth/authorize?${new URLSearchParams(sent)}`);
  if (!first.url.startsWith(lab.twin.url)) return { ...first, verifier, browser };
  const back = await lab.twin.signIn(first.url, as);
  return { ...(await visit(lab, browser, back)), verifier, browser };
}

/** The token endpoint, by hand: for requests that a library would not send. */
export async function token(lab: SignInLab, fields: Record<string, string>) {
  const body = new URLSearchParams({ client_id: "acme-app", ...fields }).toString();
  const headers = { accept: "application/json" };
  const response = await lab.fetch(`${ISSUER}/oauth/token`, { method: "POST", body, headers });
  const { access_token = "", refresh_token = "", ...rest } = Answer.parse(JSON.parse(await response.text()));
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    access_token,
    refresh_token,
    ...rest,
  };
}

const Answer = z.looseObject({
  access_token: z.optional(z.string()),
  refresh_token: z.optional(z.string()),
  scope: z.optional(z.string()),
  id_token: z.optional(z.string()),
  error: z.optional(z.string()),
});

/** Signs in, with the code redeemed. */
export async function signIn(lab: SignInLab, flow: Flow = {}) {
  const { clientId = "acme-app", redirectUri = APP } = flow;
  const { url, verifier, browser } = await authorize(lab, flow);
  const code = new URL(url).searchParams.get("code") ?? "";
  const fields = { client_id: clientId, code, redirect_uri: redirectUri, code_verifier: verifier };
  const tokens = await token(lab, { grant_type: "authorization_code", ...fields });
  return { ...tokens, code, verifier, browser };
}

export const refresh = (lab: SignInLab, refresh_token: string, fields: Record<string, string> = {}) =>
  token(lab, { grant_type: "refresh_token", refresh_token, ...fields });
