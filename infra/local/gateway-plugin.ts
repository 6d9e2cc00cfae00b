import type { Request, Server } from "@hapi/hapi";
import * as z from "zod/mini";

/**
 * A plugin for osls that only acts when serverless-offline runs: it makes the emulator respond as an API Gateway
 * HTTP API does where its own responses would mislead, tells the process that started it when it serves, and ends
 * with that process. It does not touch packaging and deploying.
 *
 * It corrects these habits of serverless-offline 14.8:
 * - unknown routes and malformed requests get a page about the emulator, not `{"message": …}`;
 * - a handler that throws or times out gets 200 with the stack trace, not 500;
 * - a JSON body of `0` or `false` is parsed. The gateway passes text on as it was sent and anything else in base64,
 *   and the handler itself rejects a malformed media type;
 * - responses are compressed and get a charset;
 * - any origin is echoed, so an origin that is not allowed gets CORS headers;
 * - any number of requests run at once, each in a worker thread of some 25 MB. Here MAX_IN_FLIGHT run, as with an
 *   account's concurrency limit, and more wait their turn.
 *
 * One thing is not the gateway's: the pages ask a stack on their own machine for its tokens (LOCAL_TOKENS_PATH).
 */
export default class GatewayPlugin {
  readonly hooks: Record<string, () => void>;

  constructor(serverless: Serverless) {
    if (process.env[BUNDLES_VARIABLE] !== undefined) endWithParent();
    const localTokens = receiveLocalTokens();
    this.hooks = {
      "before:offline:start:init": () => {
        runUnpackedBundles(serverless.service);
        // The emulator would print its table of routes between our own lines; the functions are not running yet.
        console.log = () => {};
      },
      "after:offline:start:init": () => {
        const emulator = serverless.pluginManager.getPlugins().find(isEmulator);
        if (emulator === undefined) throw new Error("serverless-offline is not among the plugins");
        const server = emulator.internals().getApiGatewayServer();
        serveLocalTokens(server, localTokens);
        const { cors } = serverless.service.provider.httpApi;
        correctGateway(server, new Set(cors ? cors.allowedOrigins : []));
        console.log = printLine;
        process.send?.("serving");
      },
    };
  }
}

const printLine = console.log;
const MAX_IN_FLIGHT = 12;

interface Emulator {
  internals(): { getApiGatewayServer(): Server };
}

/** The parts of osls's own objects that this plugin reads or changes. */
interface Serverless {
  pluginManager: { getPlugins(): object[] };
  service: {
    provider: { httpApi: { cors: false | { allowedOrigins: string[] } } };
    functions: Record<string, { package?: unknown }>;
    custom: { "serverless-offline": { location?: string | undefined } };
  };
}
const isEmulator = (plugin: object): plugin is Emulator => "internals" in plugin;

/** The folder with the bundles, at the paths in the functions' handlers. */
export const BUNDLES_VARIABLE = "RINGFRONT_BUNDLES";

/** The emulator would unzip an artifact again for every instance of a function. */
function runUnpackedBundles({ functions, custom }: Serverless["service"]): void {
  for (const definition of Object.values(functions)) delete definition.package;
  custom["serverless-offline"].location = process.env[BUNDLES_VARIABLE];
}

const LOCAL_TOKENS_PATH = "/.local/tokens.json";
const LocalTokens = z.object({ localTokens: z.record(z.string(), z.string()) });

/** The tokens come over the channel from the parent process, where no function can read them. */
function receiveLocalTokens(): () => Record<string, string> {
  let tokens: Record<string, string> = {};
  process.on("message", (message) => {
    tokens = LocalTokens.safeParse(message).data?.localTokens ?? tokens;
  });
  return () => tokens;
}

/** A website whose name resolves to this machine sends that name as `Host`, and gets no tokens. */
function serveLocalTokens(server: Server, tokens: () => Record<string, string>): void {
  server.ext("onRequest", (request, toolkit) => {
    const isLocal = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.raw.req.headers.host ?? "");
    if (request.method !== "get" || request.path !== LOCAL_TOKENS_PATH || !isLocal) return toolkit.continue;
    return toolkit.response(tokens()).header("cache-control", "no-store").takeover();
  });
}

function correctGateway(server: Server, origins: ReadonlySet<string>): void {
  server.settings.compression = false;
  server.ext("onRequest", (request, toolkit) => {
    // Only the emulator reads this: the event's headers come from the raw ones.
    const { headers } = request.raw.req;
    headers["content-type"] = travelsAsText(headers["content-type"])
      ? "text/plain"
      : "application/octet-stream";
    return toolkit.continue;
  });
  limitInFlight(server);
  server.ext("onPreResponse", (request, toolkit) => {
    correctResponse(request.response);
    dropForeignCors(request, origins);
    return toolkit.continue;
  });
}

/** Whether the gateway passes a body on as text; all others are passed on in base64. */
function travelsAsText(mediaType: string | undefined): boolean {
  return mediaType === undefined || /^\s*(text\/|application\/(json|javascript|xml)\b)/i.test(mediaType);
}

function limitInFlight(server: Server): void {
  let running = 0;
  const waiting: (() => void)[] = [];
  server.ext("onPreHandler", async ({ raw: { res } }, toolkit) => {
    if (running >= MAX_IN_FLIGHT) await new Promise<void>((turn) => waiting.push(turn));
    running += 1;
    const leave = () => {
      running -= 1;
      waiting.shift()?.();
    };
    if (res.closed) leave();
    else res.once("close", leave);
    return toolkit.continue;
  });
}

const gatewayMessages: Record<number, string> = {
  404: "Not Found",
  413: "Request Entity Too Large",
  500: "Internal Server Error",
};

const EmulatorNotFound = z.object({ currentRoute: z.string(), existingRoutes: z.array(z.string()) });
/** The beginning of the emulator's response when a handler threw or ran out of time. */
const HANDLER_FAILED = '{"errorMessage":';

function correctResponse(response: Request["response"]): void {
  if ("isBoom" in response) {
    const message = gatewayMessages[response.output.statusCode] ?? "Bad Request";
    Object.assign(response.output, { payload: { message } });
    return;
  }
  const { source } = response;
  if (EmulatorNotFound.safeParse(source).success) {
    Object.assign(response, { source: { message: gatewayMessages[404] } });
  }
  if (typeof source === "string" && source.startsWith(HANDLER_FAILED)) {
    Object.assign(response.code(500), { source: JSON.stringify({ message: gatewayMessages[500] }) });
  }
  response.charset("");
}

/** A developer's own pages, on whatever port their server has chosen. */
const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

function dropForeignCors({ raw, response }: Request, origins: ReadonlySet<string>): void {
  const { origin } = raw.req.headers;
  if (origin === undefined || origins.has("*") || origins.has(origin) || LOOPBACK_ORIGIN.test(origin)) return;
  const { headers } = "isBoom" in response ? response.output : response;
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase().startsWith("access-control-")) delete headers[name];
  }
}

/** The stack's process decides when the emulator ends. */
function endWithParent(): void {
  const end = () => process.exit(0);
  process.prependListener("SIGTERM", end);
  process.prependListener("SIGINT", end);
  process.on("disconnect", end);
  if (process.connected === false) end();
}
