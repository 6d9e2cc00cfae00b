import type { CallerBlockingNumber } from "../contract/caller-blocking.ts";
import type { Page, Position } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import { toE164 } from "./phone-number-output.ts";
import type { ListRequest } from "./request.ts";
import { readWindow, type UpstreamWindow, type WindowPosition, windowPosition } from "./upstream-window.ts";

export interface CallerBlockingDeps {
  ringcentral: RingCentral;
  now: () => number;
}

export type ListedStatus = "blocked" | "allowed";

/** RingCentral's word for each of ours. */
export const wireStatus = { blocked: "Blocked", allowed: "Allowed" } as const;

/**
 * The extension's blocked list, its allowed list, or the one followed by the other (op 3).
 *
 * What RingCentral answers when `status` is left out is not settled: both lists by its description, the blocked
 * one by its schema's default [spec: OAS, unsure]. So it is never left out: "all" walks the one list, then the
 * other.
 */
export async function listCallerBlockingNumbers(
  deps: CallerBlockingDeps,
  request: ListRequest & { query: { status: ListedStatus | "all" } },
): Promise<Page<CallerBlockingNumber>> {
  const { status } = request.query;
  const asOf = deps.now();
  const read = (list: ListedStatus, limit: number, position: WindowPosition | undefined) =>
    readList(deps, request, list, limit, position);
  const answer =
    status === "all"
      ? await readBothLists(read, request.page.limit, bothListsPosition(request.page.position))
      : await read(status, request.page.limit, windowPosition(request.page.position));
  return {
    items: answer.records.map(toCallerBlockingNumber),
    ...(answer.next && { next: { ...answer.next } }),
    ...(answer.total !== undefined && { total: answer.total }),
    source: "live",
    asOf,
  };
}

type Reading = UpstreamWindow<WireCallerBlockingNumber>;
type Read = (list: ListedStatus, limit: number, position: WindowPosition | undefined) => Promise<Reading>;

/** A walk over both lists: which one it is in, where, and how long the other one is, for the total. */
interface BothListsPosition extends WindowPosition {
  list: ListedStatus;
  /** -1: RingCentral did not say. */
  otherTotal: number;
}

interface BothListsReading {
  records: WireCallerBlockingNumber[];
  next?: BothListsPosition;
  total?: number;
}

async function readBothLists(
  read: Read,
  limit: number,
  position: BothListsPosition | undefined,
): Promise<BothListsReading> {
  if (position?.list === "allowed") {
    return withNext(await read("allowed", limit, position), "allowed", position.otherTotal);
  }
  // The first page reads both at once: it needs the other list's length, and mostly its entries too.
  const [blocked, early] = await Promise.all([
    read("blocked", limit, position),
    position === undefined ? read("allowed", limit, undefined) : undefined,
  ]);
  const allowedTotal = early === undefined ? (position?.otherTotal ?? -1) : (early.total ?? -1);
  if (blocked.next) return withNext(blocked, "blocked", allowedTotal);
  const allowed = early ?? (await read("allowed", limit, undefined));
  const answer = withNext(truncate(allowed, limit - blocked.records.length), "allowed", blocked.total ?? -1);
  return { ...answer, records: [...blocked.records, ...answer.records] };
}

function withNext(reading: Reading, list: ListedStatus, otherTotal: number): BothListsReading {
  const { records, next, total } = reading;
  return {
    records,
    ...(next && { next: { ...next, list, otherTotal } }),
    ...(total !== undefined && otherTotal >= 0 && { total: total + otherTotal }),
  };
}

/** What a reading from the start of a list would have been with a smaller limit. */
function truncate(reading: Reading, limit: number): Reading {
  if (reading.records.length <= limit) return reading;
  return {
    ...reading,
    records: reading.records.slice(0, limit),
    next: { offset: limit, pageSize: reading.pageSize },
  };
}

function bothListsPosition(position: Position | undefined): BothListsPosition | undefined {
  const window = windowPosition(position);
  if (window === undefined) return undefined;
  const { list, otherTotal } = position ?? {};
  if ((list !== "blocked" && list !== "allowed") || typeof otherTotal !== "number") {
    throw new ProblemError("cursor_invalid");
  }
  return { ...window, list, otherTotal };
}

async function readList(
  deps: CallerBlockingDeps,
  request: ListRequest,
  list: ListedStatus,
  limit: number,
  position: WindowPosition | undefined,
): Promise<Reading> {
  const path = { extensionId: request.extensionId };
  return readWindow(
    (page, perPage) =>
      deps.ringcentral.call(
        operations.listCallerBlockingNumbers,
        { path, query: { page, perPage, status: wireStatus[list] } },
        request,
      ),
    { limit, position },
  );
}

export function toCallerBlockingNumber(wire: WireCallerBlockingNumber): CallerBlockingNumber {
  return {
    id: wire.id,
    phoneNumber: toE164(wire.phoneNumber),
    ...(wire.label !== undefined && { label: wire.label }),
    status: ourStatus(wire.status),
  };
}

/** A status RingCentral may add later passes through in its own words. */
function ourStatus(status: string): string {
  return status === "Blocked" ? "blocked" : status === "Allowed" ? "allowed" : status;
}
