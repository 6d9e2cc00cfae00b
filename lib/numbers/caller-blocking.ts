import type { CallerBlockingNumber, CallerBlockingSettings } from "../contract/caller-blocking.ts";
import type { Page, Position } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireCallerBlocking, WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import { listOrLookUp } from "./shared/look-up.ts";
import { type PageSlice, readSlice, type SlicePosition, slicePosition } from "./shared/page-slice.ts";
import { toE164 } from "./shared/phone-number-output.ts";
import type { ListRequest, NumbersDeps, NumbersRequest } from "./shared/request.ts";
import { listPage, livePage, pagesOf } from "./shared/upstream-list.ts";

export type EntryRequest = NumbersRequest & { path: { id: string } };

type ListedStatus = "blocked" | "allowed";

/** RingCentral's name for each of our values. */
export const wireStatus = { blocked: "Blocked", allowed: "Allowed" } as const;

/**
 * The extension's blocked list, its allowed list, or both in this order.
 *
 * Without `status` RingCentral returns both lists by its description, and the blocked one by its schema's default
 * [spec: OAS] [unsure]. So every call sends it, and "all" reads one list and then the other.
 */
export function listCallerBlockingNumbers(
  deps: NumbersDeps,
  request: CallerBlockingList,
): Promise<Page<CallerBlockingNumber>> {
  return listOrLookUp(request, (page) => listCallerBlockingPage(deps, { ...request, page }));
}

type CallerBlockingList = ListRequest & { query: { status: ListedStatus | "all" } };

export async function listCallerBlockingPage(
  deps: NumbersDeps,
  { extensionId, page, query, call }: CallerBlockingList,
): Promise<Page<CallerBlockingNumber>> {
  const pages = (list: ListedStatus) =>
    pagesOf(
      deps.ringcentral,
      operations.listCallerBlockingNumbers,
      { path: { extensionId }, query: { status: wireStatus[list] } },
      call,
    );
  if (query.status !== "all") return listPage(deps, page, pages(query.status), toCallerBlockingNumber);
  const asOf = deps.clock.now();
  const read: Read = (list, limit, position) => readSlice(pages(list), limit, position);
  const slice = await readBothLists(read, page.limit, bothListsPosition(page.position));
  return livePage(slice, toCallerBlockingNumber, asOf);
}

type Slice = PageSlice<WireCallerBlockingNumber>;
type Read = (list: ListedStatus, limit: number, position: SlicePosition | undefined) => Promise<Slice>;

/** A traversal of both lists: the current list, the position in it, and the length of the other list for the total. */
type BothListsPosition = SlicePosition & {
  list: ListedStatus;
  /** -1: RingCentral stated none. */
  otherTotal: number;
};

async function readBothLists(read: Read, limit: number, position: BothListsPosition | undefined) {
  if (position?.list === "allowed") {
    return withNext(await read("allowed", limit, position), "allowed", position.otherTotal);
  }
  // The first page reads both lists at once: it needs the other's length, and usually its entries too.
  const [blocked, early] = await Promise.all([
    read("blocked", limit, position),
    position === undefined ? read("allowed", limit, undefined) : undefined,
  ]);
  const allowedTotal = early === undefined ? (position?.otherTotal ?? -1) : (early.total ?? -1);
  if (blocked.next) return withNext(blocked, "blocked", allowedTotal);
  const allowed = early ?? (await read("allowed", limit, undefined));
  const slice = withNext(truncate(allowed, limit - blocked.records.length), "allowed", blocked.total ?? -1);
  return { ...slice, records: [...blocked.records, ...slice.records] };
}

function withNext({ records, pageSize, next, total }: Slice, list: ListedStatus, otherTotal: number) {
  return omitUndefined({
    records,
    pageSize,
    next: next && { ...next, list, otherTotal },
    total: total !== undefined && otherTotal >= 0 ? total + otherTotal : undefined,
  });
}

/** The slice that a smaller limit would have given, from the start of a list. */
function truncate(slice: Slice, limit: number): Slice {
  if (slice.records.length <= limit) return slice;
  return {
    ...slice,
    records: slice.records.slice(0, limit),
    next: { offset: limit, pageSize: slice.pageSize },
  };
}

function bothListsPosition(position: Position | undefined): BothListsPosition | undefined {
  const inList = slicePosition(position);
  if (inList === undefined) return undefined;
  const { list, otherTotal } = position ?? {};
  if ((list !== "blocked" && list !== "allowed") || typeof otherTotal !== "number") {
    throw new ProblemError("cursor_invalid");
  }
  return { ...inList, list, otherTotal };
}

export function toCallerBlockingNumber(wire: WireCallerBlockingNumber): CallerBlockingNumber {
  const { id, phoneNumber, label, status } = wire;
  return omitUndefined({ id, phoneNumber: toE164(phoneNumber), label, status: ourStatus(status) });
}

/** A status RingCentral adds later passes unchanged. */
function ourStatus(status: string): string {
  return status === "Blocked" ? "blocked" : status === "Allowed" ? "allowed" : status;
}

/** One entry of either list. */
export async function getCallerBlockingNumber(
  { ringcentral }: Pick<NumbersDeps, "ringcentral">,
  { extensionId, path: { id }, call }: EntryRequest,
): Promise<CallerBlockingNumber> {
  const path = { extensionId, blockedNumberId: id };
  return toCallerBlockingNumber(await ringcentral.call(operations.getCallerBlockingNumber, { path }, call));
}

/** The settings that decide which callers the extension rejects. */
export async function getCallerBlocking(
  { ringcentral }: Pick<NumbersDeps, "ringcentral">,
  { extensionId, call }: NumbersRequest,
): Promise<CallerBlockingSettings> {
  return toSettings(await ringcentral.call(operations.getCallerBlocking, { path: { extensionId } }, call));
}

/** RingCentral's values are ours with a capital first letter, including values it adds later. */
export function toSettings({ mode, noCallerId, payPhones }: WireCallerBlocking): CallerBlockingSettings {
  const ours = (text: string | undefined) => text && text.charAt(0).toLowerCase() + text.slice(1);
  return omitUndefined({ mode: ours(mode), noCallerId: ours(noCallerId), payPhones: ours(payPhones) });
}
