import { DEFAULT_LIMIT } from "../contract/parameters.ts";
import { ProblemError } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { systemClock } from "../platform/clock.ts";
import { SecretUnavailableError } from "../platform/credentials.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { Settings } from "../platform/settings.ts";
import { RingCentralError } from "../ringcentral/errors.ts";
import { successAnswer } from "./answer.ts";
import type { Authenticator } from "./authenticate.ts";
import { reachedExtension, requireScope } from "./authorize.ts";
import { type CursorBinding, openCursor, sealCursor } from "./cursor.ts";
import { header, invocationOf, type Middleware } from "./invocation.ts";
import { translateCommon } from "./public-problems.ts";
import type { RouteRequest, UseCase } from "./request.ts";
import { type ApiHandler, buildStack, type StackOptions, type Translate } from "./stack.ts";
import { upstreamProblem } from "./upstream-problem.ts";
import { type ValidInput, validate } from "./validate.ts";

/** What the edge needs from the process, found on first use: making it may fail with ConfigurationError. */
export interface EdgeServices {
  settings: Settings;
  authenticator: Authenticator;
  /** The first seals cursors, all open them. */
  cursorKeys(accountId: string, deadline: Deadline): Promise<Uint8Array[]>;
}

export interface HandlerOptions extends StackOptions {
  services: () => EdgeServices;
}

/**
 * A Lambda handler for one route: the shared stack, then authentication, scope, validation, ownership, the use
 * case, and its answer in the contract's envelope.
 */
export function createHandler<R extends Route>(
  route: R,
  useCase: UseCase<R>,
  options: HandlerOptions,
): ApiHandler {
  const { clock = systemClock, services } = options;
  return buildStack(
    route,
    translate,
    [authentication(route, services)],
    async (event) => {
      const invocation = invocationOf(event);
      const { caller, log, requestId, deadline } = invocation;
      if (caller === undefined) throw new Error("the caller is not known");
      const input = validate(route, event);
      const extensionId = reachedExtension(input.path.extensionId, caller);
      const { accountId } = caller;
      const binding: CursorBinding = {
        operationId: route.operationId,
        accountId,
        extensionId,
        filters: input.query,
      };
      const keys = () => services().cursorKeys(accountId, deadline);
      const page = {
        limit: input.limit ?? DEFAULT_LIMIT,
        ...(input.cursor !== undefined && { position: openCursor(input.cursor, binding, await keys()) }),
      };
      const outcome = await useCase({
        ...parsed<R>(input),
        page,
        caller,
        accountId,
        extensionId,
        requestId,
        deadline,
        log,
        route: route.operationId,
        onBudget: (budget) => invocation.budgets.set(budget.group, budget),
      });
      return successAnswer(route, outcome, {
        rawPath: event.rawPath,
        rawQueryString: event.rawQueryString,
        limit: page.limit,
        now: clock.now(),
        async seal({ next }) {
          const [key] = next === undefined ? [] : await keys();
          return next === undefined || key === undefined ? undefined : sealCursor(next, binding, key);
        },
      });
    },
    options,
  );
}

/** The one place where the route's schemas, which have just parsed the input, vouch for its type. */
function parsed<R extends Route>({ path, query, body }: ValidInput) {
  return { path, query, body } as Pick<RouteRequest<R>, "path" | "query" | "body">;
}

function authentication(route: Route, services: () => EdgeServices): Middleware {
  return {
    before: async ({ event }) => {
      const invocation = invocationOf(event);
      const { settings, authenticator } = services();
      invocation.settings = settings;
      invocation.caller = await authenticator.authenticate(
        header(event, "authorization"),
        invocation.deadline,
      );
      requireScope(route, invocation.caller);
    },
  };
}

const translate: Translate = (error) => {
  if (error instanceof RingCentralError) return upstreamProblem(error);
  if (error instanceof SecretUnavailableError) {
    return new ProblemError("configuration_invalid", { retryAfterSeconds: 5, cause: error });
  }
  return translateCommon(error);
};
