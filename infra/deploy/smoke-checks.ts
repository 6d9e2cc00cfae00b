import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod/mini";
import type { Route } from "../../lib/contract/route.ts";
import { routes } from "../../lib/contract/routes.ts";
import { SyncStatuses } from "../../lib/contract/sync.ts";

export interface SmokeTarget {
  url: string;
  token: string;
  /** Whether API Gateway itself must refuse tokens; without its authorizer, as on the local stack, the functions do. */
  hasAuthorizer: boolean;
}

/** The outcome of one check. */
export interface SmokeResult {
  check: string;
  outcome: "ok" | "failed" | "skipped";
  found: string;
}

/** Long enough for the first sync of a small account through schedule, queue and worker. */
const SYNC_MS = 120_000;
const POLL_MS = 1_000;

/** A token of the right form that nobody has signed. */
const FORGED = ["eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vbmUifQ", "eyJzdWIiOiJzbW9rZSJ9", "c21va2U"].join(".");
/** An id of the right form that nothing has. */
const NOTHING = "smoke0test0smoke0test0";
/** No route's body: a write that reaches its function is rejected there, and changes nothing. */
const NO_BODY: readonly unknown[] = [];

const Metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });
const Keys = z.object({ keys: z.array(z.looseObject({ kid: z.string() })).check(z.minLength(1)) });
const Message = z.object({ message: z.string() });
const Problem = z.object({ code: z.string() });
const Statuses = z.object({ data: SyncStatuses });

/** Checks a running stage through its API: every route, who is refused, and the sync. It changes nothing but the snapshot. */
export async function* smoke(target: SmokeTarget): AsyncGenerator<SmokeResult> {
  for (const route of routes) yield await checkRefusal(target, route);
  yield await checkSignIn(target);
  yield await checkSync(target);
  for (const route of routes) if (isCallable(route)) yield await checkCall(target, route);
}

/** A POST without a body takes effect at once. */
const isCallable = ({ method, body, scope }: Route) =>
  scope !== undefined && !(method === "POST" && body === undefined);

interface Reply {
  status: number;
  body: unknown;
}

async function send({ url }: SmokeTarget, route: Route, token?: string): Promise<Reply> {
  const path = route.path
    .replace("{extensionId}", "me")
    .replace("{guide}", "paging")
    .replaceAll(/\{\w+\}/g, NOTHING);
  const hasBody = route.method === "POST" || route.method === "PUT";
  const response = await fetch(new URL(path, url), {
    method: route.method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(hasBody && { "content-type": "application/json" }),
    },
    ...(hasBody && { body: JSON.stringify(NO_BODY) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const result = (isOk: boolean, check: string, found: string): SmokeResult => ({
  check,
  outcome: isOk ? "ok" : "failed",
  found,
});

/** Public routes are served without a token. All others refuse none and a forged one. */
async function checkRefusal(target: SmokeTarget, route: Route): Promise<SmokeResult> {
  const bare = await send(target, route);
  if (route.isWebhook === true) {
    return result([400, 401].includes(bare.status), nameOf(route), `refuses an unknown sender: ${say(bare)}`);
  }
  if (route.scope === undefined) return result(bare.status === 200, nameOf(route), `is public: ${say(bare)}`);
  const forged = await send(target, route, FORGED);
  const isRefused = [bare, forged].every(({ status }) => status === 401);
  const byGateway = [bare, forged].every(({ body }) => Message.safeParse(body).success);
  const who = byGateway ? "the gateway" : "the function";
  return result(
    isRefused && (byGateway || !target.hasAuthorizer),
    nameOf(route),
    `${who} refuses no token and a forged one: ${say(bare)}, ${say(forged)}`,
  );
}

function say({ status, body }: Reply): string {
  const code = Problem.safeParse(body).data?.code;
  return code === undefined ? String(status) : `${status} ${code}`;
}

/** With the token: a list is served; of something unknown, or with no body, the function says so. */
async function checkCall(target: SmokeTarget, route: Route): Promise<SmokeResult> {
  const check = `${nameOf(route)} with the token`;
  const reply = await send(target, route, target.token);
  if (reply.status === 403) return { check, outcome: "skipped", found: `not this token's: ${say(reply)}` };
  const hasId = /\{(?!extensionId)\w+\}/.test(route.path);
  const isRead = route.method === "GET" && !hasId;
  const expected = isRead ? [200] : [400, 404, 409, 422];
  return result(expected.includes(reply.status), check, say(reply));
}

/** Where people sign in with RingCentral: the issuer's metadata and keys, which API Gateway and apps read. */
async function checkSignIn({ url }: SmokeTarget): Promise<SmokeResult> {
  const check = "sign-in with RingCentral";
  const read = (from: URL) => fetch(from, { signal: AbortSignal.timeout(30_000) });
  const response = await read(new URL("/.well-known/openid-configuration", url));
  if (response.status === 404) return { check, outcome: "skipped", found: "the stage has none" };
  const metadata = Metadata.safeParse(response.ok ? await response.json() : undefined).data;
  if (metadata === undefined) return result(false, check, `no metadata: ${response.status}`);
  const jwks = await read(new URL(metadata.jwks_uri));
  const keys = Keys.safeParse(jwks.ok ? await jwks.json() : undefined).data?.keys ?? [];
  return result(keys.length > 0, check, `${metadata.issuer} has ${keys.length} keys`);
}

/** A sync that is started now goes through the queue and the worker, and ends. */
async function checkSync(target: SmokeTarget): Promise<SmokeResult> {
  const check = "a sync";
  const begunAt = Date.now();
  const [start, read] = ["POST", "GET"].map((wanted) =>
    routes.find(({ method, path }) => method === wanted && path === "/v1/sync"),
  );
  if (start === undefined || read === undefined) throw new Error("the contract has no sync");
  const started = await send(target, start, target.token);
  if (started.status === 403)
    return { check, outcome: "skipped", found: `not this token's: ${say(started)}` };
  if (started.status !== 202) return result(false, check, `cannot be started: ${say(started)}`);
  while (Date.now() - begunAt < SYNC_MS) {
    const [status] = Statuses.safeParse((await send(target, read, target.token)).body).data?.data ?? [];
    const [last] = status?.history ?? [];
    const isOver = last !== undefined && Date.parse(last.startedAt) >= begunAt - 5_000;
    if (isOver && status?.state !== "running") {
      return result(last.state === "committed" || last.state === "unchanged", check, last.state);
    }
    await pause(POLL_MS);
  }
  return result(false, check, `has not ended within ${SYNC_MS / 1000} s`);
}
