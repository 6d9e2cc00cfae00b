import { join } from "node:path";
import { projectRoot } from "../../infra/build/bundle.ts";
import { functions } from "../../infra/resources/functions.ts";
import type { Route } from "../../lib/contract/route.ts";
import { routes } from "../../lib/contract/routes.ts";
import type { ApiHandler } from "../../lib/http/middleware-stack.ts";
import { invoke, type TestRequest } from "./api-gateway.ts";
import { expectConforms } from "./openapi-conformance.ts";

export const apiRoutes: readonly Route[] = routes.filter(({ response }) => response.kind !== "page");

/** The file of a route's function, from the project's root. */
export function fileOf({ operationId }: Route): string {
  const found = functions.find(({ route }) => route?.operationId === operationId);
  if (found === undefined) throw new Error(`no function of ${operationId}`);
  return `functions/${found.file}.ts`;
}

/** Calls the real handler of a route. Every response must match the OpenAPI file. */
export async function callRoute(route: Route, request: TestRequest) {
  const { handler }: { handler: ApiHandler } = await import(join(projectRoot, fileOf(route)));
  const response = await invoke(handler, route, request);
  expectConforms(route, response);
  return response;
}
