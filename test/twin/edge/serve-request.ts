import { matchOAuth, methodsOfOAuth, serveOAuth } from "../oauth/serve-oauth.ts";
import { restError } from "../rest/errors.ts";
import { type Match, matchRoute, methodsOf } from "../rest/match-route.ts";
import { matchPublic } from "../rest/public-endpoints.ts";
import { serveCall } from "../rest/serve-call.ts";
import { crossOriginHeaders, optionsResponse } from "./cross-origin.ts";
import { type Ending, runUnderFaults } from "./fault-effects.ts";
import type { Faults } from "./faults.ts";
import { asGet, effectiveMethod } from "./method-override.ts";
import type { Platform } from "./platform.ts";
import type { ReceivedRequest } from "./received-request.ts";
import type { LoggedRequest, RequestLog } from "./request-log.ts";
import { type HttpResponse, Rejection } from "./response.ts";
import type { WritesInFlight } from "./writes-in-flight.ts";

/** The parts that every request passes through. */
export interface Edge {
  platform: Platform;
  log: RequestLog;
  faults: Faults;
  writes: WritesInFlight;
}

/** Serves one request to RingCentral's API: logs it, applies faults, then responds. */
export async function serveRequest(edge: Edge, request: ReceivedRequest): Promise<Ending> {
  const { platform, log, faults, writes } = edge;
  const { clock, settings } = platform;
  const entry = log.note(request, clock.now());
  const target = findTarget(edge, request, entry);
  const { operation } = entry;
  const effects = faults.strike({ operation, method: request.method, path: request.path });
  entry.faults.push(...effects.map(({ kind }) => kind));
  const write = writes.enter(request);
  const ending = await (async () => {
    try {
      if (settings.latencyMs > 0) await clock.sleep(settings.latencyMs);
      return await runUnderFaults(effects, clock, async () =>
        addPlatformHeaders(
          platform,
          entry.operation === undefined ? {} : crossOriginHeaders(request),
          await respond(async () => target(write.isDuplicate)),
        ),
      );
    } finally {
      write.leave();
    }
  })();
  complete(entry, ending, clock.now());
  return ending;
}

/** Finds the target of a request; for an unknown request, a target that rejects it. */
function findTarget(
  { platform }: Edge,
  request: ReceivedRequest,
  entry: LoggedRequest,
): (isDuplicate: boolean) => HttpResponse | Promise<HttpResponse> {
  try {
    const method = asGet(request.method);
    if (method === "OPTIONS") return options(platform, request, entry);
    const open = method === "GET" ? matchPublic(request.path) : undefined;
    if (open !== undefined) {
      entry.operation = open.operation;
      return () => open.serve(platform, request);
    }
    const oauth = matchOAuth(method, request.path);
    if (oauth !== undefined) {
      entry.operation = oauth;
      return () => serveOAuth(platform, oauth, request, entry);
    }
    const match: Match = matchRoute(request, effectiveMethod(request), platform.settings);
    entry.operation = match.route.operation;
    entry.group = match.route.group;
    return (isDuplicate) => serveCall(platform, request, match, isDuplicate, entry);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** OPTIONS of a routed path. One that is not routed has no headers for browsers either [observed]. */
function options({ settings }: Platform, request: ReceivedRequest, entry: LoggedRequest): () => HttpResponse {
  const oauth = methodsOfOAuth(request.path);
  const known = matchPublic(request.path) === undefined ? oauth : ["GET"];
  const methods = known.length > 0 ? known : methodsOf(request, settings);
  entry.operation = "options";
  const heads = methods.includes("GET") ? ["HEAD"] : [];
  return () => optionsResponse(request, [...methods, ...heads, "OPTIONS"]);
}

async function respond(serve: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await serve();
  } catch (error) {
    if (error instanceof Rejection) return error.response;
    // A bug of the twin, reported as RingCentral reports an internal error.
    console.error(error);
    return restError(500, "CMN-203", "Internal Server Error").response;
  }
}

/** Every response names the request, the data centre it went to [observed: PM], and its language [docs: LOC]. */
function addPlatformHeaders(
  { random }: Platform,
  crossOrigin: Record<string, string>,
  response: HttpResponse,
): HttpResponse {
  const headers = {
    RCRequestId: random.uuid(),
    RoutingKey: "TWN01P01",
    "Content-Language": "en-US",
    ...crossOrigin,
  };
  return { ...response, headers: { ...headers, ...response.headers } };
}

function complete(entry: LoggedRequest, ending: Ending, now: number): void {
  entry.durationMs = now - entry.at;
  if (!("response" in ending)) return;
  entry.status = ending.response.status;
  const code = /"errors":\[\{"errorCode":"([^"]+)"/.exec(ending.response.body ?? "")?.[1];
  const topLevel = /^\{"errorCode":"([^"]+)"/.exec(ending.response.body ?? "")?.[1];
  const errorCode = code ?? topLevel;
  if (errorCode !== undefined) entry.errorCode = errorCode;
}
