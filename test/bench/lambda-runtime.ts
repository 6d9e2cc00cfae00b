import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, parse } from "node:path";
import { projectRoot } from "../../infra/build/bundle.ts";

/** The first response of a new process. */
interface FirstResponse {
  statusCode: number;
  /** Time from the start of the process to its response. */
  ms: number;
  /** Time until it requests its first event. */
  initMs: number;
}

/** AWS's runtime interface client for Node: it requests events inside a Lambda and calls the handler. */
const CLIENT = "aws-lambda-ric@4.0.2";
const clientDir = join(projectRoot, ".build", "lambda-runtime-client");
const clientPath = join(clientDir, "node_modules", "aws-lambda-ric", "index.mjs");

/** Not a dependency of the project: building its native part takes a compiler and a minute. */
export function installRuntimeClient(): void {
  if (existsSync(clientPath)) return;
  console.log(`Installing ${CLIENT} in .build (needs cmake and a C++ compiler, and about a minute) …`);
  mkdirSync(clientDir, { recursive: true });
  writeFileSync(join(clientDir, "package.json"), '{ "private": true }\n');
  const args = ["install", CLIENT, "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", args, { cwd: clientDir, stdio: ["ignore", "ignore", "inherit"] });
}

const API = "/2018-06-01/runtime";
const REQUEST_ID = "00000000-0000-4000-8000-000000000001";
const FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:bench";

/**
 * Runs a bundle as Lambda does: the runtime client in a new process, and a server of Lambda's Runtime API with one
 * event.
 * @param env the whole environment of the function
 */
export async function underLambdaRuntime(
  path: string,
  event: unknown,
  env: NodeJS.ProcessEnv,
): Promise<FirstResponse> {
  const startedAt = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<FirstResponse>();
  let initMs = 0;
  const server = createServer((request, response) => {
    if (request.url === `${API}/invocation/next`) {
      // The second request for an event comes after the response; it stays open.
      if (initMs > 0) return;
      initMs = performance.now() - startedAt;
      sendEvent(response, event);
      return;
    }
    void readJson(request).then((body) => {
      response.writeHead(202).end();
      if (request.url !== `${API}/invocation/${REQUEST_ID}/response`) {
        reject(new Error(`${request.url}: ${JSON.stringify(body).slice(0, 500)}`));
        return;
      }
      const { statusCode } = body as { statusCode: number };
      resolve({ ms: performance.now() - startedAt, initMs, statusCode });
    }, reject);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const child = startClient(path, (server.address() as AddressInfo).port, env);
  child.once("exit", (code) => reject(new Error(`the runtime ended with ${code} before it responded`)));
  try {
    return await promise;
  } finally {
    child.kill("SIGKILL");
    server.closeAllConnections();
    server.close();
  }
}

function startClient(path: string, port: number, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [clientPath], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...env,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      LAMBDA_TASK_ROOT: dirname(path),
      _HANDLER: `${parse(path).name}.handler`,
      AWS_LAMBDA_FUNCTION_NAME: "bench",
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
      AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/bench",
      AWS_LAMBDA_LOG_STREAM_NAME: "bench",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    },
  });
}

function sendEvent(response: ServerResponse, event: unknown): void {
  response
    .writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": REQUEST_ID,
      "lambda-runtime-deadline-ms": Date.now() + 15_000,
      "lambda-runtime-invoked-function-arn": FUNCTION_ARN,
      "lambda-runtime-trace-id": "Root=1-00000000-000000000000000000000000;Sampled=0",
    })
    .end(JSON.stringify(event));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8") || "null");
}
