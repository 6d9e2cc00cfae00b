import * as z from "zod/mini";

/**
 * A plugin for osls that only acts when serverless-offline runs: it makes the emulator answer as an API Gateway
 * HTTP API does where its own answers would mislead, tells the process that started it when it serves, and ends
 * with that process. Packaging and deploying are not touched.
 *
 * What it mends (serverless-offline 14.8):
 * - unknown routes and malformed requests answer `{"message": …}`, not a page about the emulator;
 * - HEAD is not answered by GET's route (hapi's habit, not the gateway's);
 * - a handler that throws or times out is 500, as behind the gateway;
 * - a JSON body reaches the handler as the text that was sent: the emulator would hand over `0` or `false` parsed;
 * - an origin that is not allowed gets no CORS headers: the emulator would echo any origin.
 */
export default class GatewayPlugin {
  readonly hooks: Record<string, () => void>;

  constructor(serverless: unknown) {
    this.hooks = {
      "before:offline:start:init": () => runUnpackedBundles(Serverless.parse(serverless).service),
      "after:offline:start:init": () => {
        const { pluginManager, service } = Serverless.parse(serverless);
        const emulator = pluginManager.getPlugins().find(isEmulator);
        if (emulator === undefined) throw new Error("serverless-offline is not among the plugins");
        mendGateway(emulator.internals().getApiGatewayServer(), allowedOrigins(service.provider));
        endWithParent();
        process.send?.("serving");
      },
    };
  }
}

interface GatewayRequest {
  method: string;
  mime: string | null;
  headers: Record<string, string | undefined>;
  response: Answer | Failure;
}
interface Answer {
  isBoom?: never;
  statusCode: number;
  source: unknown;
  headers: Record<string, unknown>;
}
interface Failure {
  isBoom: true;
  output: { statusCode: number; payload: unknown; headers: Record<string, unknown> };
}
interface Toolkit {
  continue: symbol;
  response(body: unknown): { code(status: number): { takeover(): unknown } };
}
type Step = (request: GatewayRequest, toolkit: Toolkit) => unknown;
interface GatewayServer {
  ext(event: "onPreAuth" | "onPreHandler" | "onPreResponse", step: Step): void;
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
    functions: z.record(z.string(), z.custom<{ package?: unknown }>((value) => typeof value === "object")),
    custom: z.object({
      "serverless-offline": z.custom<Record<string, unknown>>((value) => typeof value === "object"),
    }),
  }),
});

/** Set by who starts the emulator: the folder with the bundles, laid out as the handlers in serverless.yml say. */
export const BUNDLES_VARIABLE = "RINGFRONT_BUNDLES";

/** The emulator would unzip an artifact anew for every instance of a function. */
function runUnpackedBundles(service: z.output<typeof Serverless>["service"]): void {
  for (const definition of Object.values(service.functions)) delete definition.package;
  service.custom["serverless-offline"]["location"] = process.env[BUNDLES_VARIABLE];
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

function mendGateway(server: GatewayServer, origins: ReadonlySet<string>): void {
  server.ext("onPreAuth", (request, toolkit) =>
    request.method === "head"
      ? toolkit.response({ message: "Not Found" }).code(404).takeover()
      : toolkit.continue,
  );
  server.ext("onPreHandler", (request, toolkit) => {
    // Any type but JSON keeps the emulator from parsing; the event's headers are made from the raw ones.
    request.mime = "text/plain";
    return toolkit.continue;
  });
  server.ext("onPreResponse", (request, toolkit) => {
    if (request.response.isBoom) {
      const { output } = request.response;
      output.payload = { message: gatewayMessages[output.statusCode] ?? "Bad Request" };
    } else {
      mendAnswer(request.response);
    }
    dropForeignCors(request, origins);
    return toolkit.continue;
  });
}

const gatewayMessages: Record<number, string> = {
  404: "Not Found",
  413: "Request Entity Too Large",
  500: "Internal Server Error",
};

const EmulatorNotFound = z.object({ currentRoute: z.string(), existingRoutes: z.array(z.string()) });

function mendAnswer(answer: Answer): void {
  if (EmulatorNotFound.safeParse(answer.source).success) answer.source = { message: "Not Found" };
  const handlerFailed = (answer.statusCode === 502 || answer.statusCode === 504) && !answer.source;
  if (handlerFailed) {
    answer.statusCode = 500;
    answer.source = { message: "Internal Server Error" };
  }
}

function dropForeignCors(request: GatewayRequest, origins: ReadonlySet<string>): void {
  const { origin } = request.headers;
  if (origin === undefined || origins.has("*") || origins.has(origin)) return;
  const headers = request.response.isBoom ? request.response.output.headers : request.response.headers;
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase().startsWith("access-control-")) delete headers[name];
  }
}

/** The stack's own process decides when the emulator ends; without it there is nothing to serve. */
function endWithParent(): void {
  const end = () => process.exit(0);
  process.prependListener("SIGTERM", end);
  process.prependListener("SIGINT", end);
  process.on("disconnect", end);
}
