import { createHash } from "node:crypto";
import { canonicalJson } from "../../platform/content-tag.ts";
import { earlier } from "../../platform/deadline.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import type { RecordKey } from "../../storage/record-store.ts";
import { createTableWait } from "../../storage/table-wait.ts";
import { RingCentralError } from "../api/errors.ts";
import { LATE_EFFECT_MS } from "../api/late-effect.ts";
import type { CallContext, Operation, OperationInput, RingCentral } from "../api/operation.ts";
import { countSkipped } from "../api/wire-list.ts";
import { CacheScopes, type CacheScopesDeps, LONGEST_KEPT_MS } from "./cache-scope.ts";
import { type CachedResponse, CachedResponses } from "./cached-responses.ts";

interface CachedRingCentralDeps extends CacheScopesDeps {
  ringcentral: RingCentral;
  /** Seals the responses in the table. */
  sealingKey: () => Promise<Uint8Array>;
  metrics?: Metrics;
  /** The user whose permissions the responses show; absent: the service. They share no responses, but all scopes. */
  payer?: string;
}

/** The age up to which a cached response may replace one that RingCentral fails to give. */
const STALE_IF_ERROR_MS = 60 * 60 * 1000;
/** The age up to which a cached response may replace a live read beyond the caller's share. */
const SHARE_KEPT_MS = 60 * 1000;
/** Time reserved for responding from the cache when RingCentral uses up the rest. */
const FALLBACK_RESERVE_MS = 250;
/** How long removing a mark may hold up a response. A mark that stays makes reads live until it lapses. */
const MARK_REMOVAL_MS = 500;

/**
 * RingCentral with a read cache that the fleet shares through the table. SPEC.md has the protocol.
 *
 * A read of an operation with `freshMs` is served from the cache for that long, for up to an hour while
 * RingCentral fails transiently, and for up to a day in its limited mode, in which it accepts no changes. A live read beyond
 * the caller's share is replaced for a minute. A write invalidates its scope before its outcome is known to any caller, so a caller
 * who was told of a change sees it from then on. The caller's requirements (`Freshness`) take precedence over both.
 */
export class CachedRingCentral implements RingCentral {
  readonly #deps: CachedRingCentralDeps;
  readonly #scopes: CacheScopes;
  readonly #responses: CachedResponses;
  /** Counts this process's writes: a read must not join an exchange that began before one of them ended. */
  #writes = 0;

  constructor(deps: CachedRingCentralDeps) {
    this.#deps = deps;
    this.#scopes = new CacheScopes(deps);
    this.#responses = new CachedResponses(deps.records, deps.sealingKey);
  }

  async call<Output>(
    operation: Operation<Output>,
    input: OperationInput,
    given: CallContext,
  ): Promise<Output> {
    const { scope: name, method, freshMs } = operation;
    const { ringcentral, clock } = this.#deps;
    const context = { tableWait: createTableWait(clock), ...given };
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
    context: LimitedContext,
    scope: RecordKey,
  ): Promise<Output> {
    const { tableWait, deadline } = context;
    const mark = await this.#scopes.beginWrite(scope, deadline.at + LATE_EFFECT_MS, tableWait);
    let output: Output;
    try {
      output = await this.#deps.ringcentral.call(operation, input, context);
    } catch (error) {
      this.#writes += 1;
      const hasNoEffect = error instanceof RingCentralError && !error.failure.mayHaveTakenEffect;
      // A write that may still take effect keeps its mark until it no longer can.
      if (mark === undefined && !hasNoEffect) this.#reportFailedInvalidation(operation, context);
      if (mark !== undefined && hasNoEffect) await this.#scopes.dropWrite(scope, mark, tableWait);
      throw error;
    }
    this.#writes += 1;
    const leastMs = mark === undefined ? deadline.remainingMs() : MARK_REMOVAL_MS;
    const isInvalidated = await this.#scopes.endWrite(scope, mark?.mark, tableWait, leastMs);
    if (!isInvalidated && mark === undefined) this.#reportFailedInvalidation(operation, context);
    return output;
  }

  /** Without a mark and a new epoch, other processes may serve the former state while it is fresh. */
  #reportFailedInvalidation({ name: operation }: Operation<unknown>, { log }: CallContext): void {
    this.#deps.metrics?.count("CacheInvalidationFailures");
    log.warn("the read cache could not be invalidated after a write", { operation });
  }

  async #read<Output>(request: Read<Output>): Promise<Output> {
    const { ringcentral, clock, metrics } = this.#deps;
    const { operation, input, context, scope, freshMs } = request;
    const { maxAgeMs = Number.POSITIVE_INFINITY, staleIfErrorMs = LONGEST_KEPT_MS } = context.freshness ?? {};
    const flight = String(this.#writes);
    const epoch = await this.#scopes.epoch(scope, context.tableWait, maxAgeMs === 0);
    const key =
      epoch === undefined ? undefined : responseKey(scope, epoch, operation, input, this.#deps.payer);
    const mayServe = key !== undefined && maxAgeMs !== 0;
    const cached = mayServe ? await this.#responses.read(key, context.tableWait) : undefined;
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : Math.max(0, clock.now() - cached.asOf);
    if (cached !== undefined && ageMs <= Math.min(freshMs, maxAgeMs))
      return this.#serve<Output>(cached, context);
    const maxStaleMs = Math.min(LONGEST_KEPT_MS, staleIfErrorMs, maxAgeMs);
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
      const limitedBy = error instanceof RingCentralError ? error.failure.share?.of : undefined;
      const isInShare = fallback === undefined && limitedBy !== undefined && key !== undefined;
      const kept = isInShare ? (cached ?? (await this.#responses.read(key, context.tableWait))) : fallback;
      const keptMs = kept === undefined ? Number.POSITIVE_INFINITY : clock.now() - kept.asOf;
      if (kept === undefined || keptMs > (isInShare ? SHARE_KEPT_MS : replaceableMs(error))) throw error;
      const fields = { operation: operation.name, error };
      if (limitedBy === undefined)
        context.log.warn("served from the cache because RingCentral failed", fields);
      const isStale = keptMs > freshMs || undefined;
      return this.#serve<Output>(kept, context, omitUndefined({ isStale, limitedBy }));
    }
    context.onReading?.({ source: "live", asOf });
    const isComplete = countSkipped(output) === 0;
    if (key !== undefined && isComplete && !context.freshness?.noStore)
      await this.#responses.write(key, { asOf, output }, context.tableWait);
    return output;
  }

  #serve<Output>({ asOf, output }: CachedResponse, context: CallContext, stale = {}): Output {
    this.#deps.metrics?.count("isStale" in stale ? "CacheStale" : "CacheHits");
    context.onReading?.({ source: "cache", asOf, ...stale });
    // The key names the operation, and the record its release, so this release's schema has produced it.
    return output as Output;
  }
}

/** The age up to which a response may replace this failure. A rejection is current information: nothing replaces it. */
function replaceableMs(error: unknown): number {
  if (!(error instanceof RingCentralError && error.isTransient)) return Number.NEGATIVE_INFINITY;
  return error.failure.kind === "limited_mode" ? LONGEST_KEPT_MS : STALE_IF_ERROR_MS;
}

type LimitedContext = CallContext & { tableWait: WaitLimit };

interface Read<Output> {
  operation: Operation<Output>;
  freshMs: number;
  input: OperationInput;
  context: LimitedContext;
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
  payer: string | undefined,
): RecordKey {
  const request = createHash("sha256")
    .update(canonicalJson([name, path, query, ...(payer === undefined ? [] : [payer])]))
    .digest("base64url");
  return { partition, sort: `${sort.replace("scope#", "response#")}#${epoch}#${request}` };
}
