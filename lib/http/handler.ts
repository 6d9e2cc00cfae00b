import type { Position } from "../contract/paging.ts";
import { DEFAULT_LIMIT } from "../contract/parameters.ts";
import { ProblemError } from "../contract/problems.ts";
import type { Route } from "../contract/route.ts";
import { systemClock } from "../platform/clock.ts";
import { canonicalJson } from "../platform/content-tag.ts";
import type { Logger } from "../platform/logger.ts";
import type { Settings } from "../platform/settings.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { Reading } from "../ringcentral/api/operation.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { Authenticator } from "./authenticate.ts";
import { reachedExtension, requireScope } from "./authorize.ts";
import { successAnswer } from "./encode-response.ts";
import { combined, parseFreshness } from "./freshness.ts";
import { parseIdempotencyKey } from "./idempotency/key-header.ts";
import { hash } from "./idempotency/record.ts";
import { withIdempotency } from "./idempotency/with-idempotency.ts";
import { header, invocationOf, type Middleware } from "./invocation.ts";
import { type ProblemBody, problemBody } from "./problem.ts";
import type { RouteRequest, UseCase } from "./request.ts";
import { type ApiHandler, buildStack, type StackOptions } from "./stack.ts";
import { translate } from "./translate.ts";
import { type ValidInput, validate } from "./validate.ts";
import { type AccountKeys, walkCursors } from "./walk-cursors.ts";

/** What the edge needs from the process, found on first use: making it may fail with ConfigurationError. */
export interface EdgeServices extends AccountKeys {
  settings: Settings;
  authenticator: Authenticator;
  records: RecordStore;
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
      const { caller, log, requestId, deadline, budgets } = invocation;
      if (caller === undefined) throw new Error("the caller is not known");
      const input = validate(route, event);
      const extensionId = reachedExtension(input.path.extensionId, caller);
      const { accountId } = caller;
      const { operationId } = route;
      const binding = { operationId, accountId, extensionId, filters: input.query };
      const cursors = walkCursors(services(), binding, deadline);
      const limit = input.limit ?? DEFAULT_LIMIT;
      const page = {
        limit,
        ...(input.cursor !== undefined && { position: await cursors.open(input.cursor) }),
      };
      const ifMatch = header(event, "if-match");
      const run = async (resolveFirst: boolean) => {
        const readings: Reading[] = [];
        const outcome = await useCase({
          ...parsed<R>(input),
          page,
          accountId,
          extensionId,
          call: {
            accountId,
            requestId,
            deadline,
            log,
            route: operationId,
            freshness: parseFreshness(header(event, "cache-control")),
            onReading: (reading) => readings.push(reading),
            onBudget: (budget) => budgets.set(budget.group, budget),
          },
          problemOf: (error) => tellProblem(error, requestId, log, services().settings),
          ...(ifMatch !== undefined && { ifMatch }),
          resolveFirst,
        });
        const { rawPath, rawQueryString } = event;
        return successAnswer(route, outcome, {
          rawPath,
          rawQueryString,
          limit,
          now: clock.now(),
          reading: combined(readings),
          seal: cursors.seal,
          ...snapshotLinks(route, (operationId) =>
            walkCursors(services(), { ...binding, operationId, filters: {} }, deadline),
          ),
        });
      };
      const sentKey = route.method === "POST" ? header(event, "idempotency-key") : undefined;
      if (sentKey === undefined) return run(false);
      const scope = { key: parseIdempotencyKey(sentKey), accountId, subject: caller.subject, operationId };
      const fingerprint = hash([extensionId, canonicalJson(input.query), canonicalJson(input.body)]);
      const { records, currentKey } = services();
      const keys = [await currentKey("idempotency", accountId, deadline)];
      const request = { ...scope, fingerprint, answerBy: deadline.at };
      return withIdempotency({ records, clock, keys }, request, run, mayHaveTakenEffect);
    },
    options,
  );
}

/** A feed hands out cursors of another route: of the list that its followers load first. */
function snapshotLinks(route: Route, cursorsOf: (operationId: string) => ReturnType<typeof walkCursors>) {
  const { snapshot } = route.answer;
  return (
    snapshot && {
      snapshotLink: async (position: Position) => {
        const cursor = await cursorsOf(snapshot.operationId).seal(position);
        return `${snapshot.path}?${new URLSearchParams({ cursor })}`;
      },
    }
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

/** A problem that is a part of an answer; the log says what the problem does not. */
function tellProblem(
  error: unknown,
  requestId: string,
  log: Logger,
  { problemTypeBase }: Settings,
): ProblemBody {
  const problem = translate(error) ?? new ProblemError("internal", { cause: error });
  log.warn("part failed", { code: problem.code, error: problem.details.cause ?? problem });
  return problemBody(problem, { requestId, typeBase: problemTypeBase });
}

function mayHaveTakenEffect(error: unknown): boolean {
  if (error instanceof RingCentralError) return error.failure.mayHaveTakenEffect;
  // A problem is thrown instead of a call, or after one that was answered. Anything else is a fault of ours.
  return !(error instanceof ProblemError);
}
