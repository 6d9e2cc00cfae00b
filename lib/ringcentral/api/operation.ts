import type * as z from "zod/mini";
import type { Deadline } from "../../platform/deadline.ts";
import type { Logger } from "../../platform/logger.ts";
import type { WaitLimit } from "../../platform/wait-limit.ts";

/** RingCentral's usage plan groups; each has its own budget. [docs: RATE] */
export type UsagePlanGroup = "light" | "medium" | "heavy" | "auth";

/** One RingCentral API operation, as data: the client executes it; a bundle contains only those it uses. */
export interface Operation<Output> {
  name: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/restapi/v1.0`, or from `/v2/` on; `{accountId}`, `{extensionId}` and so on take validated ids only. */
  path: `/account/{accountId}${string}` | `/v2/accounts/{accountId}${string}` | `/subscription${string}`;
  group: Exclude<UsagePlanGroup, "auth">;
  /** The path parameter that takes 2 to 30 ids, comma-separated; the response has one part per id. [docs: BULK] */
  bulkId?: string;
  /** A read that may respond 304 to its `ifNoneMatch`: `output` then parses `{ status, etag?, body? }`, not the body. */
  isConditional?: true;
  /** Parses the response; absent when the response has no body (204). */
  output?: z.ZodMiniType<Output>;
  /** The data that a read shows and a write changes: reads of a scope may be cached until one of its writes. */
  scope?: CacheScope;
  /** How long a cached response counts as new. Absent: never served from the cache. */
  freshMs?: number;
}

/** Per extension; `companyNumbers` per account. */
type CacheScope = "callerBlocking" | "forwarding" | "extensionNumbers" | "companyNumbers";

/** The caller's requirements on a read (RFC 9111, 5.2.1). */
export interface Freshness {
  /** Accepts nothing older, even when RingCentral fails. 0 = a live read. */
  maxAgeMs?: number;
  /** The age up to which a cached response may be used when RingCentral fails (RFC 5861, 4). Default 1 h. */
  staleIfErrorMs?: number;
  /** Does not cache the response. */
  noStore?: boolean;
}

/** The origin of one result. */
export interface Reading {
  source: "live" | "cache";
  /** Epoch milliseconds: when RingCentral was asked. */
  asOf: number;
  /** Used past its freshness because RingCentral failed. */
  isStale?: boolean;
  /** Used instead of a live read because this share of the budget is used up. */
  limitedBy?: ShareHolder;
}

export type ShareHolder = "caller" | "extension";

/** Several readings are as old as the oldest one, and count as cached if one of them is. */
export function combined(readings: readonly Reading[]): Reading | undefined {
  if (readings.length === 0) return undefined;
  const isCached = readings.some(({ source }) => source === "cache");
  const limitedBy = readings.find((reading) => reading.limitedBy)?.limitedBy;
  const asOf = Math.min(...readings.map((reading) => reading.asOf));
  return { source: isCached ? "cache" : "live", asOf, ...(limitedBy && { limitedBy }) };
}

export interface OperationInput {
  /** Path parameters besides `accountId`; `extensionId` is decimal, all others match `^[A-Za-z0-9_-]{1,64}$`. */
  path?: Readonly<Record<string, string>>;
  /** Repeated for arrays: `usageType=A&usageType=B`. */
  query?: Readonly<Record<string, string | number | readonly string[]>>;
  /** Of an earlier response of the same conditional read. */
  ifNoneMatch?: string;
  /** Sent as JSON. */
  body?: Readonly<Record<string, unknown>>;
}

/** Whose shares of the budgets a call uses. */
export interface Spender {
  /** A hash of the caller, in base64url. */
  caller: string;
  extension?: string;
  /** Set when the request has sent a write: a fresh read then looks for its outcome, which no share prevents. */
  hasWritten?: boolean;
}

/** The caller of an operation: its account, urgency and deadline. */
export interface CallContext {
  accountId: string;
  deadline: Deadline;
  /** Default: a new one for each call. */
  tableWait?: WaitLimit;
  requestId: string;
  log: Logger;
  /** Interactive calls outrank a sync. Default `interactive`. */
  priority?: "interactive" | "sync";
  /** The Ringfront route that spends the budget, for `GET /v1/limits`. */
  route?: string;
  /** Default: the service itself, which has no share. */
  spender?: Spender;
  /** A read that must not join an earlier one: it looks for the effect of a write. */
  fresh?: boolean;
  /** Reads share an exchange in flight only with reads of the same flight. */
  flight?: string;
  freshness?: Freshness;
  /** Nothing is sent: the call throws `Rehearsed`, and the cache reads ahead for the same call of the same `tableWait`. */
  isRehearsal?: true;
  /** Called for every read through the cache, live or not. */
  onReading?: (reading: Reading) => void;
  /** Called with the remaining budget that each response states. */
  onBudget?: (budget: BudgetLeft) => void;
  /** Called with RingCentral's id of each write that it has answered. */
  onWrite?: (rcRequestId: string) => void;
}

/** The `X-Rate-Limit-*` headers of one response [docs: RATE], or a share that is used up. */
export interface BudgetLeft {
  /** RingCentral's name, lower case. Names may change. A share is `light-caller` or `light-extension`. */
  group: string;
  limit: number;
  remaining: number;
  windowSeconds: number;
  /** When more comes free, where it is known. */
  resetSeconds?: number;
}

/** The only way to RingCentral. */
export interface RingCentral {
  /** @returns the parsed response @throws RingCentralError for every failure of the call */
  call<Output>(operation: Operation<Output>, input: OperationInput, context: CallContext): Promise<Output>;
}
