import { createHash } from "node:crypto";
import type { Clock } from "../../platform/clock.ts";
import { canonicalJson } from "../../platform/content-tag.ts";
import { earlier } from "../../platform/deadline.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { RingCentralError } from "../api/errors.ts";
import { LATE_EFFECT_MS } from "../api/late-effect.ts";
import type { CallContext, Operation, OperationInput, RingCentral } from "../api/operation.ts";
import { countSkipped } from "../api/wire-list.ts";
import { type CacheScopes, createCacheScopes } from "./cache-scope.ts";
import { type CachedResponse, CachedResponses } from "./cached-responses.ts";

export interface CachedRingCentralDeps {
  ringcentral: RingCentral;
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** A new name at every call, such as a UUID. */
  nonce: () => string;
  metrics?: Metrics;
}

/** The age up to which a cached response may replace one that RingCentral fails to give. */
const STALE_IF_ERROR_MS = 60 * 60 * 1000;
/** Time reserved for responding from the cache when RingCentral uses up the rest. */
const FALLBACK_RESERVE_MS = 250;

/**
 * RingCentral with a read cache that the fleet shares through the table. SPEC.md has the protocol.
 *
 * A read of an operation with `freshMs` is served from the cache for that long, and for up to an hour while
 * RingCentral fails transiently. A write invalidates its scope before its outcome is known to any caller, so a caller
 * who was told of a change sees it from then on. The caller's requirements (`Freshness`) take precedence over both.
 */
export function createCachedRingCentral(deps: CachedRingCentralDeps): RingCentral {
  return new CachedRingCentral(deps);
}

class CachedRingCentral implements RingCentral {
  readonly #deps: CachedRingCentralDeps;
  readonly #scopes: CacheScopes;
  readonly #responses: CachedResponses;
  /** Counts this process's writes: a read must not join an exchange that began before one of them ended. */
  #writes = 0;

  constructor(deps: CachedRingCentralDeps) {
    this.#deps = deps;
    this.#scopes = createCacheScopes({ ...deps, longestKeptMs: STALE_IF_ERROR_MS });
    this.#responses = new CachedResponses(deps.records, STALE_IF_ERROR_MS);
  }

  async call<Output>(
    operation: Operation<Output>,
    input: OperationInput,
    context: CallContext,
  ): Promise<Output> {
    const { scope: name, method, freshMs } = operation;
    const { ringcentral } = this.#deps;
    if (name === undefined) return ringcentral.call(operation, input, context);
    const scope = scopeKey(name, input, context);
    if (method !== "GET") return this.#write(operation, input, context, scope);
    // A sync copies the current state, not a cached one.
    const isLive = context.fresh === true || context.priority === "sync";
    if (freshMs === undefined || isLive) return ringcentral.call(operation, input, context);
    return this.#read({ operation, freshMs, input, context, scope });
  }

  async #write<Output>(
    operation: Operation<Output>,
    input: OperationInput,
    context: CallContext,
    scope: RecordKey,
  ): Promise<Output> {
    const { ringcentral, metrics } = this.#deps;
    const mark = await this.#scopes.beginWrite(scope, context.deadline.at + LATE_EFFECT_MS);
    let hasEnded = true;
    try {
      return await ringcentral.call(operation, input, context);
    } catch (error) {
      // A write that may still take effect keeps its mark until it no longer can.
      hasEnded = error instanceof RingCentralError && !error.failure.mayHaveTakenEffect;
      throw error;
    } finally {
      this.#writes += 1;
      const isTold = hasEnded && (await this.#scopes.endWrite(scope, mark));
      if (!isTold && mark === undefined) {
        // Without a mark and a new epoch, other processes may serve the former state while it is fresh.
        metrics?.count("CacheInvalidationFailures");
        context.log.warn("the read cache could not be told of a write", { operation: operation.name });
      }
    }
  }

  async #read<Output>(request: Read<Output>): Promise<Output> {
    const { ringcentral, clock, metrics } = this.#deps;
    const { operation, input, context, scope, freshMs } = request;
    const { maxAgeMs = Number.POSITIVE_INFINITY, staleIfErrorMs = STALE_IF_ERROR_MS } =
      context.freshness ?? {};
    const flight = String(this.#writes);
    const epoch = await this.#scopes.epoch(scope);
    const key = epoch === undefined ? undefined : responseKey(scope, epoch, operation, input);
    const cached = key === undefined || maxAgeMs === 0 ? undefined : await this.#responses.read(key);
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : Math.max(0, clock.now() - cached.asOf);
    if (cached !== undefined && ageMs <= Math.min(freshMs, maxAgeMs))
      return this.#serve<Output>(cached, context);
    const maxStaleMs = Math.min(STALE_IF_ERROR_MS, staleIfErrorMs, maxAgeMs);
    const fallback = staleIfErrorMs > 0 && ageMs <= maxStaleMs ? cached : undefined;
    metrics?.count("CacheMisses");

    const asOf = clock.now();
    let output: Output;
    try {
      output = await ringcentral.call(operation, input, {
        ...context,
        flight: `${flight} ${epoch ?? ""}`,
        ...(fallback && { deadline: earlier(context.deadline, FALLBACK_RESERVE_MS) }),
      });
    } catch (error) {
      // A rejection is current information: only a transient failure leaves the older response valid.
      if (fallback === undefined || !(error instanceof RingCentralError && error.isTransient)) throw error;
      const fields = { operation: operation.name, error };
      context.log.warn("served from the cache because RingCentral failed", fields);
      return this.#serve<Output>(fallback, context, { isStale: true });
    }
    context.onReading?.({ source: "live", asOf });
    const isComplete = countSkipped(output) === 0;
    if (key !== undefined && isComplete && !context.freshness?.noStore)
      await this.#responses.write(key, { asOf, output });
    return output;
  }

  #serve<Output>({ asOf, output }: CachedResponse, context: CallContext, stale = {}): Output {
    this.#deps.metrics?.count("isStale" in stale ? "CacheStale" : "CacheHits");
    context.onReading?.({ source: "cache", asOf, ...stale });
    // The key names the operation, and the record its release, so this release's schema has produced it.
    return output as Output;
  }
}

interface Read<Output> {
  operation: Operation<Output>;
  freshMs: number;
  input: OperationInput;
  context: CallContext;
  scope: RecordKey;
}

/** One extension's scope never shares a record with another's. */
function scopeKey(name: string, { path }: OperationInput, { accountId }: CallContext): RecordKey {
  return { partition: `cache#${accountId}#${path?.extensionId ?? "account"}`, sort: `scope#${name}` };
}

function responseKey(
  { partition, sort }: RecordKey,
  epoch: string,
  { name }: Operation<unknown>,
  { path = {}, query = {} }: OperationInput,
): RecordKey {
  const request = createHash("sha256")
    .update(canonicalJson([name, path, query]))
    .digest("base64url");
  return { partition, sort: `${sort.replace("scope#", "response#")}#${epoch}#${request}` };
}
