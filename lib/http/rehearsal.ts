import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { DEFAULT_LIMIT } from "../contract/parameters.ts";
import type { Route } from "../contract/route.ts";
import type { Claimant } from "../people/claimant.ts";
import { createLogger } from "../platform/logger.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { WaitLimit } from "../platform/wait-limit.ts";
import type { Freshness } from "../ringcentral/api/operation.ts";
import { reachedExtension } from "./caller.ts";
import { header, invocationOf } from "./invocation.ts";
import { ofRoute, type UseCase } from "./request.ts";
import { validate } from "./validate.ts";

const silent = createLogger({}, { write: () => {} });

/**
 * Runs the use case of a read for a caller whose token is not verified yet, up to its first calls of RingCentral. None is
 * made: each only has the cache read what it will need.
 * @throws for every request, if nothing else then the calls' `Rehearsed`
 */
export async function rehearseUseCase<R extends Route>(
  route: R,
  useCase: UseCase<R>,
  event: APIGatewayProxyEventV2,
  claimed: Claimant,
  tableWait: WaitLimit,
): Promise<void> {
  const { accountId } = claimed;
  const input = validate(route, event);
  // A cursor is verified before it is used.
  if (route.method !== "GET" || accountId === undefined || input.cursor !== undefined) return;
  const caller = { ...claimed, id: "", accountId, foundBy: "claim" } as const;
  const extensionId = reachedExtension(input.path.extensionId, caller, silent);
  const { requestId, deadline } = invocationOf(event);
  const freshness = freshnessOf(event);
  await useCase({
    ...ofRoute<R>(input),
    ...{ accountId, caller, extensionId },
    page: { limit: input.limit ?? DEFAULT_LIMIT },
    call: { accountId, requestId, deadline, tableWait, log: silent, freshness, isRehearsal: true },
    problemOf: (error) => {
      throw error;
    },
    step: "run",
  });
}

/** `no-cache`, `no-store` and `max-age` of a request's `Cache-Control` (RFC 9111, 5.2.1). */
export function freshnessOf(event: APIGatewayProxyEventV2): Freshness {
  const directives = (header(event, "cache-control") ?? "")
    .toLowerCase()
    .split(",")
    .map((directive) => directive.trim());
  const seconds = directives.map((one) => /^max-age="?(\d{1,9})"?$/.exec(one)?.[1]).find(Boolean);
  const noStore = directives.includes("no-store") || undefined;
  const isLive = noStore || directives.includes("no-cache");
  const maxAgeMs = seconds === undefined ? undefined : Number(seconds) * 1000;
  return omitUndefined({ maxAgeMs: isLive ? 0 : maxAgeMs, noStore });
}
