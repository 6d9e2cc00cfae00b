import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { listenOnLoopback } from "../../infra/local/ports.ts";
import type { HttpResponse } from "../../lib/http/response.ts";
import { lambdaContext } from "./api-gateway.ts";

type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResponse>;

/** One handler at a port of this machine, as API Gateway calls it. */
export async function serveHandler(handler: Handler) {
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://bridge");
    const { method = "GET", headers } = request;
    const body = await text(request);
    const context = {
      apiId: "api",
      accountId: "1",
      domainName: "api",
      domainPrefix: "api",
      stage: "$default",
    };
    const http = { method, path: pathname, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" };
    const result = await handler(
      {
        version: "2.0",
        routeKey: "$default",
        rawPath: pathname,
        rawQueryString: search.slice(1),
        cookies: headers.cookie?.split("; ") ?? [],
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        requestContext: { ...context, http, requestId: "r", routeKey: "$default", time: "", timeEpoch: 0 },
        isBase64Encoded: true,
        body: Buffer.from(body).toString("base64"),
      },
      lambdaContext(),
    );
    response.writeHead(result.statusCode, { ...result.headers, "set-cookie": result.cookies ?? [] });
    response.end(Buffer.from(result.body ?? "", result.isBase64Encoded ? "base64" : "utf8"));
  });
  return listenOnLoopback(server);
}
