import { translateCommon } from "./public-problems.ts";
import type { Outcome, PlainRoute } from "./request.ts";
import { jsonResponse } from "./response.ts";
import { type ApiHandler, buildStack, type StackOptions } from "./stack.ts";
import { validate } from "./validate.ts";

/** A handler without authentication. It needs no tokens, settings or RingCentral, so its bundle stays small. */
export function definePublicHandler<R extends PlainRoute>(
  route: R,
  useCase: () => Promise<Outcome<R>>,
  options: StackOptions = {},
): ApiHandler {
  return buildStack(
    route,
    translateCommon,
    [],
    async (event) => {
      validate(route, event);
      return jsonResponse(200, await useCase());
    },
    options,
  );
}
