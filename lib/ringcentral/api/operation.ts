import type * as z from "zod/mini";
import type { Deadline } from "../../platform/deadline.ts";
import type { Logger } from "../../platform/logger.ts";

/** RingCentral's usage plan groups; each has a budget of its own. [docs: RATE] */
export type UsagePlanGroup = "light" | "medium" | "heavy" | "auth";

/** One RingCentral API operation, as data: the client executes it, bundles carry only those they use. */
export interface Operation<Output> {
  name: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/restapi/v1.0`; `{accountId}`, `{extensionId}` and so on are filled with validated ids only. */
  path: `/account/{accountId}${string}` | `/subscription${string}`;
  group: Exclude<UsagePlanGroup, "auth">;
  /** The path parameter that takes 2 to 30 ids, with commas between; the answer is one for each. [docs: BULK] */
  bulkId?: string;
  /** Parses the answer; absent when the answer has no body (204). */
  output?: z.ZodMiniType<Output>;
  /** What a read shows and a write changes: the reads of a scope may be cached until one of its writes. */
  scope?: CacheScope;
  /** How long an answer to this read is as good as a new one. Absent: never answered from the cache. */
  freshMs?: number;
}

/** One extension's, or for `companyNumbers` one account's. */
export type CacheScope = "callerBlocking" | "forwarding" | "extensionNumbers" | "companyNumbers";

/** What the caller demands of a read (RFC 9111, 5.2.1). */
export interface Freshness {
  /** Accept nothing older, not even when RingCentral fails. 0 = a live read. */
  maxAgeMs?: number;
  /** How old an answer may be that stands in when RingCentral fails (RFC 5861, 4). Default an hour. */
  staleIfErrorMs?: number;
  /** Do not keep the answer. */
  noStore?: boolean;
}

/** Where one answer came from. */
export interface Reading {
  source: "live" | "cache";
  /** Epoch milliseconds: when RingCentral was asked. */
  asOf: number;
  /** It stands in for one RingCentral failed to give. */
  isStale?: boolean;
}

export interface OperationInput {
  /** Path parameters besides `accountId`; each must match `^[0-9]{1,20}$`, `subscriptionId` `^[A-Za-z0-9-]{1,64}$`. */
  path?: Readonly<Record<string, string>>;
  /** Repeated for arrays: `usageType=A&usageType=B`. */
  query?: Readonly<Record<string, string | number | readonly string[]>>;
  /** Sent as JSON. */
  body?: Readonly<Record<string, unknown>>;
}

/** On whose behalf, how urgent, and until when. */
export interface CallContext {
  accountId: string;
  deadline: Deadline;
  requestId: string;
  log: Logger;
  /** Interactive calls outrank a sync. Default `interactive`. */
  priority?: "interactive" | "sync";
  /** The Ringfront route that spends the budget, for `GET /v1/limits`. */
  route?: string;
  /** A read that must not join one that began before: it looks for what a write has just done. */
  fresh?: boolean;
  /** Reads share an exchange in flight only with reads of the same flight. */
  flight?: string;
  freshness?: Freshness;
  /** Told of every read through the cache, live or not. */
  onReading?: (reading: Reading) => void;
  /** Told what each answer of RingCentral says is left of the budget it came from. */
  onBudget?: (budget: BudgetLeft) => void;
}

/** One answer's `X-Rate-Limit-*` headers. [docs: RATE] */
export interface BudgetLeft {
  /** As RingCentral names it, lower case. */
  group: string;
  limit: number;
  remaining: number;
  windowSeconds: number;
}

/** The one way to RingCentral. */
export interface RingCentral {
  /**
   * @returns the parsed answer
   * @throws RingCentralError, whatever goes wrong
   */
  call<Output>(operation: Operation<Output>, input: OperationInput, context: CallContext): Promise<Output>;
}
