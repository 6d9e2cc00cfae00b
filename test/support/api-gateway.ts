import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import type { Route } from "../../lib/contract/route.ts";
import { problemCodesOf } from "../../lib/contract/route-problems.ts";
import type { HttpResponse } from "../../lib/http/response.ts";

export interface TestRequest {
  /** Path parameters by name, as the gateway decodes them. */
  path?: Record<string, string>;
  /** Raw, without the question mark. */
  query?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON; text is sent unchanged. */
  body?: unknown;
  token?: string;
  base64?: boolean;
  remainingMs?: number;
}

export interface TestResponse {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read responses of every shape
  body: any;
}

type ApiHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResponse>;

/** An API Gateway HTTP API event, payload format 2.0, for a route. */
export function apiGatewayEvent(route: Route, request: TestRequest = {}): APIGatewayProxyEventV2 {
  const { path = {}, query = "", headers = {}, token, base64 = false } = request;
  const rawPath = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? "me"),
  );
  const hasParameters = route.path.includes("{");
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const text = typeof request.body === "string" ? request.body : JSON.stringify(request.body);
  const joined = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    joined.set(name, joined.has(name) ? `${joined.get(name)},${value}` : value);
  }
  return {
    version: "2.0",
    routeKey: `${route.method} ${route.path}`,
    rawPath,
    rawQueryString: query,
    headers: {
      host: "api.example.com",
      "user-agent": "test",
      ...(text !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(query !== "" && { queryStringParameters: Object.fromEntries(joined) }),
    ...(hasParameters && {
      pathParameters: Object.fromEntries(names.map((name) => [name, path[name] ?? "me"])),
    }),
    requestContext: {
      accountId: "123456789012",
      apiId: "api",
      domainName: "api.example.com",
      domainPrefix: "api",
      http: {
        method: route.method,
        path: rawPath,
        protocol: "HTTP/1.1",
        sourceIp: "192.0.2.1",
        userAgent: "test",
      },
      requestId: "gateway-request-1",
      routeKey: `${route.method} ${route.path}`,
      stage: "$default",
      time: "01/Jan/2026:00:00:00 +0000",
      timeEpoch: Date.parse("2026-01-01T00:00:00Z"),
    },
    ...(text !== undefined && { body: base64 ? Buffer.from(text).toString("base64") : text }),
    isBase64Encoded: base64,
  };
}

/** Compressed bodies are in base64. */
function decodedBody({ body, isBase64Encoded, headers }: HttpResponse): string | undefined {
  if (body === undefined || !isBase64Encoded) return body;
  const bytes = Buffer.from(body, "base64");
  const unpacked = headers["content-encoding"] === "br" ? brotliDecompressSync(bytes) : gunzipSync(bytes);
  return unpacked.toString();
}

export function lambdaContext(remainingMs = 15_000): Context {
  const endsAt = Date.now() + remainingMs;
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: "test",
    functionVersion: "$LATEST",
    invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:test",
    memoryLimitInMB: "1024",
    awsRequestId: "lambda-request-1",
    logGroupName: "/aws/lambda/test",
    logStreamName: "test",
    getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}

/**
 * Runs a handler as Lambda would, and parses its response.
 * @throws for a problem that the route does not declare
 */
export async function invoke(
  handler: ApiHandler,
  route: Route,
  request: TestRequest = {},
): Promise<TestResponse> {
  const response = await handler(apiGatewayEvent(route, request), lambdaContext(request.remainingMs));
  const text = decodedBody(response);
  const body = text === undefined || text === "" ? undefined : JSON.parse(text);
  const isProblem = response.headers["content-type"] === "application/problem+json";
  if (isProblem && !problemCodesOf(route).includes(body.code)) {
    throw new Error(`${route.operationId} does not declare the problem ${body.code}`);
  }
  return { status: response.statusCode, headers: response.headers, body };
}
