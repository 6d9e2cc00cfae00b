import { createHash } from "node:crypto";
import type { Clock } from "../../platform/clock.ts";
import { canonicalJson } from "../../platform/content-tag.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { RingCentralError } from "../api/errors.ts";
import type { CallContext, Operation, OperationInput, RingCentral } from "../api/operation.ts";
import { type CacheScopes, createCacheScopes } from "./cache-scope.ts";
import { createKeptAnswers, type KeptAnswer, type KeptAnswers } from "./cached-responses.ts";

export interface CachedRingCentralDeps {
  ringcentral: RingCentral;
  records: RecordStore;
  clock: Clock;
  /** A new name at every call, such as a UUID. */
  nonce: () => string;
  metrics?: Metrics;
}

/** How old an answer may be that stands in for one RingCentral fails to give. */
export const STALE_IF_ERROR_MS = 60 * 60 * 1000;
/** Left for answering when RingCentral used up the time and there is an older answer to give. */
const FALLBACK_RESERVE_MS = 250;
/** A request whose answer was lost may still take effect for so long after its deadline [unsure]. */
const LATE_EFFECT_MS = 15_000;

/**
 * RingCentral with a read cache, shared by the fleet through the table.
 *
 * A read of an operation that says how long it stays fresh (`freshMs`) is answered from the cache while that lasts,
 * and for up to an hour when RingCentral fails in a way that time may mend. A write empties its scope before its
 * outcome is known to anybody (see `CacheScopes`), so a caller who was told of a change sees it from then on. What
 * the caller demands (`Freshness`) goes before both. Answers with records left out are not kept. Keys hold account,
 * extension and query: one extension's numbers are never another's answer.
 *
 * Without the table every read is live. Costs: a hit one small read of the table, a miss two and a write.
 */
export function createCachedRingCentral(deps: CachedRingCentralDeps): RingCentral {
  const { ringcentral, records, clock, nonce, metrics } = deps;
  const scopes = createCacheScopes({ records, clock, nonce, longestKeptMs: STALE_IF_ERROR_MS });
  const answers = createKeptAnswers(records, STALE_IF_ERROR_MS);
  /** Counts this process's writes: a read must not join an exchange that began before one of them ended. */
  let writes = 0;

  return {
    async call(operation, input, context) {
      const { scope: name, method, freshMs } = operation;
      if (name === undefined) return ringcentral.call(operation, input, context);
      const scope = scopeKey(name, input, context);
      if (method === "GET") {
        // A sync copies what is, not what was.
        const isLive = context.fresh === true || context.priority === "sync";
        if (freshMs === undefined || isLive) return ringcentral.call(operation, input, context);
        const flight = () => String(writes);
        return read({ ...deps, scopes, answers, flight }, { operation, freshMs, input, context, scope });
      }
      const mark = await scopes.beginWrite(scope, context.deadline.at + LATE_EFFECT_MS);
      let isOver = true;
      try {
        return await ringcentral.call(operation, input, context);
      } catch (error) {
        // It may take effect yet: the mark stays until that is past.
        isOver = error instanceof RingCentralError && !error.failure.mayHaveTakenEffect;
        throw error;
      } finally {
        writes += 1;
        if (isOver && !(await scopes.endWrite(scope, mark)) && mark === undefined) {
          // With neither the mark nor a new epoch, others may answer with what was before until it is not fresh.
          metrics?.count("CacheInvalidationFailures");
          context.log.warn("the read cache could not be told of a write", { operation: operation.name });
        }
      }
    },
  };
}

interface Reader extends CachedRingCentralDeps {
  scopes: CacheScopes;
  answers: KeptAnswers;
  flight: () => string;
}

interface Read<Output> {
  operation: Operation<Output>;
  freshMs: number;
  input: OperationInput;
  context: CallContext;
  scope: RecordKey;
}

async function read<Output>(reader: Reader, request: Read<Output>): Promise<Output> {
  const { scopes, answers, clock, metrics } = reader;
  const { operation, input, context, scope, freshMs } = request;
  const { maxAgeMs = Number.POSITIVE_INFINITY, staleIfErrorMs = STALE_IF_ERROR_MS } = context.freshness ?? {};
  const flight = reader.flight();
  const epoch = await scopes.epoch(scope);
  const key = epoch === undefined ? undefined : answerKey(scope, epoch, operation, input);
  const kept = key === undefined || maxAgeMs === 0 ? undefined : await answers.read(key);
  const ageMs = kept === undefined ? Number.POSITIVE_INFINITY : Math.max(0, clock.now() - kept.asOf);
  if (kept !== undefined && ageMs <= Math.min(freshMs, maxAgeMs)) return answerFrom(kept, false);
  const fallback =
    ageMs <= Math.min(STALE_IF_ERROR_MS, staleIfErrorMs, maxAgeMs) && staleIfErrorMs > 0 ? kept : undefined;
  metrics?.count("CacheMisses");

  const asOf = clock.now();
  let output: Output;
  try {
    output = await reader.ringcentral.call(operation, input, {
      ...context,
      flight: `${flight} ${epoch ?? ""}`,
      ...(fallback && { deadline: earlier(context.deadline, FALLBACK_RESERVE_MS) }),
    });
  } catch (error) {
    // A rejection is news about the data: only a transient failure leaves the older response valid.
    if (fallback === undefined || !(error instanceof RingCentralError && error.isTransient)) throw error;
    context.log.warn("answered from the cache because RingCentral failed", {
      operation: operation.name,
      error,
    });
    return answerFrom(fallback, true);
  }
  context.onReading?.({ source: "live", asOf });
  if (key !== undefined && isComplete(output) && !context.freshness?.noStore)
    await answers.keep(key, { asOf, output });
  return output;

  function answerFrom({ asOf, output }: KeptAnswer, isStale: boolean): Output {
    metrics?.count(isStale ? "CacheStale" : "CacheHits");
    context.onReading?.({ source: "cache", asOf, ...(isStale && { isStale }) });
    // The key names the operation and the release: this is what its schema made then.
    return output as Output;
  }
}

function earlier(deadline: Deadline, byMs: number): Deadline {
  return { at: deadline.at - byMs, remainingMs: () => Math.max(0, deadline.remainingMs() - byMs) };
}

function scopeKey(name: string, { path }: OperationInput, { accountId }: CallContext): RecordKey {
  return { partition: `cache#${accountId}#${path?.extensionId ?? "account"}`, sort: `scope#${name}` };
}

function answerKey(
  { partition, sort }: RecordKey,
  epoch: string,
  { name }: Operation<unknown>,
  { path = {}, query = {} }: OperationInput,
): RecordKey {
  const question = createHash("sha256")
    .update(canonicalJson([name, path, query]))
    .digest("base64url");
  return { partition, sort: `${sort.replace("scope#", "answer#")}#${epoch}#${question}` };
}

/** No record of it was left out because it could not be read. */
function isComplete(output: unknown): boolean {
  if (typeof output !== "object" || output === null || !("skippedRecords" in output)) return true;
  return output.skippedRecords === 0 || output.skippedRecords === undefined;
}
