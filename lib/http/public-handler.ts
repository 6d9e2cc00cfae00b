import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { type ApiHandler, buildStack, type StackOptions } from "./middleware-stack.ts";
import type { Outcome, PlainRoute } from "./request.ts";
import { jsonResponse } from "./response.ts";
import { validate } from "./validate.ts";

/** A handler without authentication. It needs no tokens, settings or RingCentral, so its bundle stays small. */
export function definePublicHandler<R extends PlainRoute>(
  route: R,
  useCase: () => Promise<Outcome<R>>,
  options: Pick<StackOptions, "cacheControl"> = {},
): ApiHandler {
  const handle = async (event: APIGatewayProxyEventV2) => {
    validate(route, event);
    return jsonResponse(200, await useCase());
  };
  return buildStack(route, handle, options);
}
