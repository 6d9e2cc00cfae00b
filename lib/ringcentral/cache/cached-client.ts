import { createHash } from "node:crypto";
import { canonicalJson } from "../../platform/content-tag.ts";
import { earlier } from "../../platform/deadline.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";
import { nameOf, type RecordKey } from "../../storage/record-store.ts";
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
  /** The calls under way, by response: what was known when they began, and the name under which they are shared. */
  readonly #exchanges = new Map<string, { state: string; flight: string }>();
  #aheads = 0;
  /** What rehearsals have asked for, by the request that began before. */
  readonly #ahead = new WeakMap<WaitLimit, Map<string, Promise<Look>>>();

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
    if (method !== "GET" && !context.isRehearsal) return this.#write(operation, input, context, scope);
    // A sync copies the current state, not a cached one.
    const isLive = context.fresh === true || context.priority === "sync";
    if (freshMs === undefined || isLive) return ringcentral.call(operation, input, context);
    const key = responseKey(scope, operation, input, this.#deps.payer);
    const read = { operation, freshMs, input, context, scope, key };
    if (!context.isRehearsal) return this.#read(read);
    this.#lookAhead(read);
    return ringcentral.call(operation, input, context);
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
      const hasNoEffect = error instanceof RingCentralError && !error.failure.mayHaveTakenEffect;
      // A write that may still take effect keeps its mark until it no longer can.
      if (mark === undefined && !hasNoEffect) this.#reportFailedInvalidation(operation, context);
      if (mark !== undefined && hasNoEffect) await this.#scopes.dropWrite(scope, mark, tableWait);
      throw error;
    }
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

  async #read<Output>(read: Read<Output>): Promise<Output> {
    const { clock, metrics } = this.#deps;
    const { context, freshMs, key } = read;
    const { maxAgeMs = Number.POSITIVE_INFINITY, staleIfErrorMs = LONGEST_KEPT_MS } = context.freshness ?? {};
    const looking = this.#lookedAhead(read) ?? this.#look(read);
    // Of an epoch that is known from before the call, it is enough to learn meanwhile that it has not changed.
    const isAhead = maxAgeMs === 0 && !this.#exchanges.has(nameOf(key));
    const known = isAhead ? this.#scopes.lastEpoch(read.scope) : undefined;
    const { epoch, cached } = known === undefined ? await looking : { epoch: known, cached: undefined };
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : Math.max(0, clock.now() - cached.asOf);
    if (cached !== undefined && ageMs <= Math.min(freshMs, maxAgeMs))
      return this.#serve<Output>(cached, context);
    const maxStaleMs = Math.min(LONGEST_KEPT_MS, staleIfErrorMs, maxAgeMs);
    const fallback = staleIfErrorMs > 0 && ageMs <= maxStaleMs ? cached : undefined;
    metrics?.count("CacheMisses");

    const asOf = clock.now();
    let output: Output;
    try {
      output = await this.#exchange(read, epoch, known !== undefined, fallback);
    } catch (error) {
      const limitedBy = error instanceof RingCentralError ? error.failure.share?.of : undefined;
      const isInShare = fallback === undefined && limitedBy !== undefined;
      const current = looking.then((look) => look.epoch);
      const kept = isInShare
        ? (cached ?? (await this.#responses.read(key, current, context.tableWait)))
        : fallback;
      const keptMs = kept === undefined ? Number.POSITIVE_INFINITY : clock.now() - kept.asOf;
      if (kept === undefined || keptMs > (isInShare ? SHARE_KEPT_MS : replaceableMs(error))) throw error;
      const fields = { operation: read.operation.name, error };
      if (limitedBy === undefined)
        context.log.warn("served from the cache because RingCentral failed", fields);
      const isStale = keptMs > freshMs || undefined;
      return this.#serve<Output>(kept, context, omitUndefined({ isStale, limitedBy }));
    }
    context.onReading?.({ source: "live", asOf });
    const isComplete = countSkipped(output) === 0;
    if (epoch === undefined || !isComplete || context.freshness?.noStore) return output;
    if (known === undefined || (await looking).epoch === known)
      await this.#responses.write(key, { epoch, asOf, output }, context.tableWait);
    return output;
  }

  /** Asks at the same time for the epoch and, unless the read must be live, for the response. */
  #look({ scope, key, context }: Omit<Read<unknown>, "operation">): Promise<Look> {
    const isForced = context.freshness?.maxAgeMs === 0;
    const asking = this.#scopes.epoch(scope, context.tableWait, isForced);
    const reading = isForced ? undefined : this.#responses.read(key, asking, context.tableWait);
    const looking = Promise.all([asking, reading]).then(([epoch, cached]) => ({ epoch, cached }));
    // A read that fails before it needs the result does not wait for it.
    looking.catch(() => undefined);
    return looking;
  }

  #lookAhead(read: Read<unknown>): void {
    const { tableWait } = read.context;
    const looks = this.#ahead.get(tableWait) ?? new Map<string, Promise<Look>>();
    this.#ahead.set(tableWait, looks.set(nameOf(read.key), this.#look(read)));
  }

  /** Once: a repeated read must see what the request has written meanwhile. */
  #lookedAhead({ key, context }: Read<unknown>): Promise<Look> | undefined {
    const looks = this.#ahead.get(context.tableWait);
    const look = looks?.get(nameOf(key));
    looks?.delete(nameOf(key));
    return look;
  }

  /** RingCentral's call; reads that know the same epoch share it. */
  async #exchange<Output>(
    { operation, input, context, key }: Read<Output>,
    epoch: string | undefined,
    isAhead: boolean,
    fallback: CachedResponse | undefined,
  ): Promise<Output> {
    const name = nameOf(key);
    const state = epoch ?? "";
    // Without an epoch from after its beginning, a read must not join one that began earlier: a write may have ended since.
    const isAlone = isAhead || epoch === undefined;
    const joined = isAlone ? undefined : this.#exchanges.get(name);
    const alone = isAlone ? `${state} ${this.#aheads++}` : state;
    const exchange = joined?.state === state ? joined : { state, flight: alone };
    this.#exchanges.set(name, exchange);
    const { flight } = exchange;
    const deadline = fallback ? earlier(context.deadline, FALLBACK_RESERVE_MS) : context.deadline;
    try {
      return await this.#deps.ringcentral.call(operation, input, { ...context, flight, deadline });
    } finally {
      if (this.#exchanges.get(name) === exchange) this.#exchanges.delete(name);
    }
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
  /** Of its response. */
  key: RecordKey;
}

/** What the cache has for a read: the scope's epoch, and the response that was stored under it. */
interface Look {
  epoch: string | undefined;
  cached: CachedResponse | undefined;
}

/** One extension's scope never shares a record with another's. */
function scopeKey(name: string, { path }: OperationInput, { accountId }: CallContext): RecordKey {
  return { partition: `cache#${accountId}#${path?.extensionId ?? "account"}`, sort: `scope#${name}` };
}

function responseKey(
  { partition, sort }: RecordKey,
  { name }: Operation<unknown>,
  { path = {}, query = {} }: OperationInput,
  payer: string | undefined,
): RecordKey {
  const request = createHash("sha256")
    .update(canonicalJson([name, path, query, ...(payer === undefined ? [] : [payer])]))
    .digest("base64url");
  return { partition, sort: `${sort.replace("scope#", "response#")}#${request}` };
}
