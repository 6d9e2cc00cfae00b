import type { BlockedNumber } from "../contract/blocked-numbers.ts";
import type { Page } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireBlockedNumber, WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import type { BlockedNumberEndpoints } from "./blocked-number-endpoint.ts";
import { type EntryRequest, wireStatus } from "./caller-blocking.ts";
import { listOrLookUp } from "./shared/look-up.ts";
import type { FetchPage } from "./shared/page-slice.ts";
import { toE164 } from "./shared/phone-number-output.ts";
import type { ListRequest, NumbersDeps } from "./shared/request.ts";
import { listPage, pagesOf } from "./shared/upstream-list.ts";
import { isGone } from "./shared/write-once.ts";

export interface BlockedNumbersDeps extends NumbersDeps {
  endpoints: BlockedNumberEndpoints;
}

/** The extension's blocked numbers, from the endpoint that RingCentral serves. */
export function listBlockedNumbers(
  deps: BlockedNumbersDeps,
  request: ListRequest,
): Promise<Page<BlockedNumber>> {
  return listOrLookUp(request, (page) => listBlockedPage(deps, { ...request, page }));
}

export async function listBlockedPage(deps: BlockedNumbersDeps, { extensionId, page, call }: ListRequest) {
  const path = { extensionId };
  return deps.endpoints.choose(call, async (endpoint) => {
    // Ids and order may differ between the endpoints [unsure], so a traversal stays with the one it began on.
    if (page.position !== undefined && page.position.endpoint !== endpoint) {
      throw new ProblemError("cursor_invalid", {
        detail: "RingCentral serves this list in another way now. Start again without a cursor.",
      });
    }
    const pages: FetchPage<WireBlockedNumber | WireCallerBlockingNumber> =
      endpoint === "legacy"
        ? pagesOf(deps.ringcentral, operations.listBlockedNumbers, { path }, call)
        : pagesOf(
            deps.ringcentral,
            operations.listCallerBlockingNumbers,
            { path, query: { status: "Blocked" } },
            call,
          );
    const { next, ...rest } = await listPage(deps, page, pages, toBlockedNumber);
    return { ...rest, ...(next && { next: { ...next, endpoint } }) };
  });
}

/**
 * One entry. The id of either endpoint serves: whether they share ids is not known [unsure], and a caller may hold one
 * that the other list gave out. The id of the other endpoint costs a second call.
 */
export async function getBlockedNumber(
  deps: BlockedNumbersDeps,
  request: EntryRequest,
): Promise<BlockedNumber> {
  const { extensionId, path, call } = request;
  const ids = { extensionId, blockedNumberId: path.id };
  return deps.endpoints.choose(call, async (endpoint) => {
    try {
      if (endpoint === "legacy")
        return toBlockedNumber(await deps.ringcentral.call(operations.getBlockedNumber, { path: ids }, call));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    return readBlockedEntry(deps, request);
  });
}

/** A blocked entry at the current endpoint, which also has the allowed ones. @throws ProblemError `not_found` */
export async function readBlockedEntry(
  { ringcentral }: Pick<NumbersDeps, "ringcentral">,
  { extensionId, path, call }: EntryRequest,
): Promise<BlockedNumber> {
  const ids = { extensionId, blockedNumberId: path.id };
  const entry = await ringcentral.call(operations.getCallerBlockingNumber, { path: ids }, call);
  if (entry.status !== wireStatus.blocked) {
    throw new ProblemError("not_found", { detail: "The entry is not on the blocked list." });
  }
  return toBlockedNumber(entry);
}

export function toBlockedNumber(wire: WireBlockedNumber & { label?: string | undefined }): BlockedNumber {
  const { id, phoneNumber, name, label = name } = wire;
  return omitUndefined({ id, phoneNumber: toE164(phoneNumber), label });
}
