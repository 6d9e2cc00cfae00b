import * as z from "zod/mini";
import { isPaged, type Route } from "../../lib/contract/route.ts";
import type { TestRequest } from "./api-gateway.ts";
import { apiRoutes } from "./handlers.ts";

const Examples = z.object({ examples: z.array(z.unknown()) });
const exampleOf = (schema: z.ZodMiniType) => Examples.parse(z.globalRegistry.get(schema)).examples[0];

/** What the API reference fills in. */
export function exampleRequest(route: Route): TestRequest {
  const path = Object.entries(route.parameters?.shape ?? {}).map(([name, schema]) => [
    name,
    String(exampleOf(schema as z.ZodMiniType)),
  ]);
  return {
    path: Object.fromEntries(path),
    ...(route.body !== undefined && { body: exampleOf(route.body) }),
    // The examples shall be short.
    ...(isPaged(route) && { query: "limit=2" }),
    ...(route.isWebhook && { headers: { "validation-token": "8d3c41e7" } }),
  };
}

/** The reads before the writes, the people after one has been connected; the removals come last. */
const order = ["putPerson", "GET", "PUT", "POST", "DELETE"];
const rank = ({ operationId, method }: Route) =>
  order.indexOf(order.includes(operationId) ? operationId : method);

/** The routes in an order in which each example succeeds. */
export const exampleOrder = apiRoutes
  .filter(({ operationId }) => operationId !== "confirmSyncQuarantine" && operationId !== "getOpenApi")
  .toSorted((one, other) => rank(one) - rank(other));
