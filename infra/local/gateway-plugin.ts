import type { ServerResponse } from "node:http";
import * as z from "zod/mini";

/**
 * A plugin for osls that only acts when serverless-offline runs: it makes the emulator answer as an API Gateway
 * HTTP API does where its own responses would mislead, tells the process that started it when it serves, and ends
 * with that process. Packaging and deploying are not touched.
 *
 * What it corrects (serverless-offline 14.8):
 * - unknown routes and malformed requests answer `{"message": …}`, not a page about the emulator;
 * - HEAD is not answered by GET's route (hapi's habit, not the gateway's);
 * - a handler that throws or times out is 500: the emulator would answer 200 with the stack trace;
 * - a body reaches the handler as the gateway hands it over: text as it was sent (the emulator would parse a JSON
 *   `0` or `false`), anything else in base64, and the handler itself rejects a malformed media type;
 * - responses go out as the handler made them, not compressed and without an added charset;
 * - an origin that is not allowed gets no CORS headers: the emulator would echo any origin;
 * - no more than MAX_IN_FLIGHT requests run at once, as with an account's concurrency limit: each takes a worker
 *   thread of some 25 MB. More wait their turn.
 *
 * And one thing that no gateway has: the pages ask a stack on their own machine for its tokens (LOCAL_TOKENS_PATH).
 */
export default class GatewayPlugin {
  readonly hooks: Record<string, () => void>;

  constructor(serverless: unknown) {
    if (process.env[BUNDLES_VARIABLE] !== undefined) endWithParent();
    const localTokens = receiveLocalTokens();
    this.hooks = {
      "before:offline:start:init": () => {
        runUnpackedBundles(Serverless.parse(serverless).service);
        // The emulator's table of routes would stand between our own lines; the functions are not running yet.
        console.log = () => {};
      },
      "after:offline:start:init": () => {
        const { pluginManager, service } = Serverless.parse(serverless);
        const emulator = pluginManager.getPlugins().find(isEmulator);
        if (emulator === undefined) throw new Error("serverless-offline is not among the plugins");
        const server = emulator.internals().getApiGatewayServer();
        serveLocalTokens(server, localTokens);
        correctGateway(server, allowedOrigins(service.provider));
        console.log = printLine;
        process.send?.("serving");
      },
    };
  }
}

const printLine = console.log;
const MAX_IN_FLIGHT = 12;

interface GatewayRequest {
  method: string;
  path: string;
  headers: Record<string, string | undefined>;
  raw: { res: ServerResponse };
  response: HandlerResponse | Failure;
}
interface HandlerResponse {
  isBoom?: never;
  statusCode: number;
  source: unknown;
  headers: Record<string, unknown>;
  charset(none: ""): void;
}
interface Failure {
  isBoom: true;
  output: { statusCode: number; payload: unknown; headers: Record<string, unknown> };
}
interface Reply {
  code(status: number): Reply;
  header(name: string, value: string): Reply;
  takeover(): unknown;
}
interface Toolkit {
  continue: symbol;
  response(body: unknown): Reply;
}
type Step = (request: GatewayRequest, toolkit: Toolkit) => unknown;
interface GatewayServer {
  settings: { compression: unknown };
  ext(event: "onRequest" | "onPreHandler" | "onPreResponse", step: Step): void;
}
interface Emulator {
  internals(): { getApiGatewayServer(): GatewayServer };
}

const Serverless = z.object({
  pluginManager: z.custom<{ getPlugins(): unknown[] }>(
    (value) => typeof value === "object" && value !== null && "getPlugins" in value,
  ),
  service: z.object({
    provider: z.unknown(),
    functions: z.record(
      z.string(),
      z.custom<{ package?: unknown }>((value) => typeof value === "object"),
    ),
    custom: z.object({
      "serverless-offline": z.custom<Record<string, unknown>>((value) => typeof value === "object"),
    }),
  }),
});

/** The folder with the bundles, laid out as the functions' handlers say. */
export const BUNDLES_VARIABLE = "RINGFRONT_BUNDLES";

/** The emulator would unzip an artifact anew for every instance of a function. */
function runUnpackedBundles(service: z.output<typeof Serverless>["service"]): void {
  for (const definition of Object.values(service.functions)) delete definition.package;
  service.custom["serverless-offline"].location = process.env[BUNDLES_VARIABLE];
}

const Provider = z.object({
  httpApi: z.object({ cors: z.object({ allowedOrigins: z.array(z.string()) }) }),
});

function isEmulator(plugin: unknown): plugin is Emulator {
  return typeof plugin === "object" && plugin !== null && "internals" in plugin;
}

function allowedOrigins(provider: unknown): Set<string> {
  const parsed = Provider.safeParse(provider);
  return new Set(parsed.success ? parsed.data.httpApi.cors.allowedOrigins : []);
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
function serveLocalTokens(server: GatewayServer, tokens: () => Record<string, string>): void {
  server.ext("onRequest", (request, toolkit) => {
    const isLocal = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? "");
    if (request.method !== "get" || request.path !== LOCAL_TOKENS_PATH || !isLocal) return toolkit.continue;
    return toolkit.response(tokens()).header("cache-control", "no-store").takeover();
  });
}

function correctGateway(server: GatewayServer, origins: ReadonlySet<string>): void {
  server.settings.compression = false;
  server.ext("onRequest", (request, toolkit) => {
    if (request.method === "head") {
      return toolkit.response({ message: "Not Found" }).code(404).takeover();
    }
    // Only the emulator reads this: the event's headers are made from the raw ones.
    request.headers["content-type"] = travelsAsText(request.headers["content-type"])
      ? "text/plain"
      : "application/octet-stream";
    return toolkit.continue;
  });
  limitInFlight(server);
  server.ext("onPreResponse", (request, toolkit) => {
    if (request.response.isBoom) {
      const { output } = request.response;
      output.payload = { message: gatewayMessages[output.statusCode] ?? "Bad Request" };
    } else {
      correctResponse(request.response);
    }
    dropForeignCors(request, origins);
    return toolkit.continue;
  });
}

/** What the gateway passes on as text; everything else comes in base64. */
function travelsAsText(mediaType: string | undefined): boolean {
  return mediaType === undefined || /^\s*(text\/|application\/(json|javascript|xml)\b)/i.test(mediaType);
}

function limitInFlight(server: GatewayServer): void {
  let running = 0;
  const waiting: (() => void)[] = [];
  const letNextIn = () => waiting.shift()?.();
  server.ext("onPreHandler", async (request, toolkit) => {
    if (running >= MAX_IN_FLIGHT) await new Promise<void>((turn) => waiting.push(turn));
    const { res } = request.raw;
    if (res.closed) {
      letNextIn();
      return toolkit.continue;
    }
    running += 1;
    res.once("close", () => {
      running -= 1;
      letNextIn();
    });
    return toolkit.continue;
  });
}

const gatewayMessages: Record<number, string> = {
  404: "Not Found",
  413: "Request Entity Too Large",
  500: "Internal Server Error",
};

const EmulatorNotFound = z.object({ currentRoute: z.string(), existingRoutes: z.array(z.string()) });
/** Begins what the emulator makes of a handler that threw or ran out of time. */
const HANDLER_FAILED = '{"errorMessage":';

function correctResponse(response: HandlerResponse): void {
  if (EmulatorNotFound.safeParse(response.source).success) response.source = { message: "Not Found" };
  if (typeof response.source === "string" && response.source.startsWith(HANDLER_FAILED)) {
    response.statusCode = 500;
    response.source = JSON.stringify({ message: "Internal Server Error" });
  }
  response.charset("");
}

function dropForeignCors(request: GatewayRequest, origins: ReadonlySet<string>): void {
  const { origin } = request.headers;
  if (origin === undefined || origins.has("*") || origins.has(origin)) return;
  const headers = request.response.isBoom ? request.response.output.headers : request.response.headers;
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
