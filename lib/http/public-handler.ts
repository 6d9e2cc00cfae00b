import type { Route } from "../contract/route.ts";
import { systemClock } from "../platform/clock.ts";
import { successAnswer } from "./encode-response.ts";
import { translateCommon } from "./public-problems.ts";
import type { Outcome } from "./request.ts";
import { type ApiHandler, buildStack, type StackOptions } from "./stack.ts";
import { validate } from "./validate.ts";

/** A handler anybody may call. Knows no tokens, no settings and no RingCentral, so its bundle stays small. */
export function definePublicHandler<R extends Route>(
  route: R,
  useCase: () => Promise<Outcome<R>>,
  options: StackOptions = {},
): ApiHandler {
  const { clock = systemClock } = options;
  const handle: Parameters<typeof buildStack>[3] = async (event) => {
    validate(route, event);
    return successAnswer(route, await useCase(), {
      rawPath: event.rawPath,
      rawQueryString: event.rawQueryString,
      limit: 0,
      now: clock.now(),
      seal: async () => {
        throw new Error("a public route has no cursors");
      },
    });
  };
  return buildStack(route, translateCommon, [], handle, options);
}
