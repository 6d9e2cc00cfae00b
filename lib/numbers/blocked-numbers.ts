import type { BlockedNumber } from "../contract/blocked-numbers.ts";
import { ProblemError } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireBlockedNumber, WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import type { BlockedNumberEndpoints } from "./blocked-number-endpoint.ts";
import type { FetchPage } from "./shared/page-slice.ts";
import { toE164 } from "./shared/phone-number-output.ts";
import type { ListRequest, NumbersDeps } from "./shared/request.ts";
import { listPage, pagesOf } from "./shared/upstream-list.ts";

export interface BlockedNumbersDeps extends NumbersDeps {
  endpoints: BlockedNumberEndpoints;
}

/** The extension's blocked numbers, from the endpoint that RingCentral serves. */
export async function listBlockedNumbers(deps: BlockedNumbersDeps, { extensionId, page, call }: ListRequest) {
  const path = { extensionId };
  return deps.endpoints.choose(call, async (endpoint) => {
    // Ids and order may differ between the endpoints [unsure], so a traversal stays with the one it began on.
    if (page.position !== undefined && page.position.endpoint !== endpoint) {
      throw new ProblemError("cursor_invalid", {
        detail: "The list has moved; start again without a cursor.",
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

export function toBlockedNumber(wire: WireBlockedNumber & { label?: string | undefined }): BlockedNumber {
  const { id, phoneNumber, name, label = name } = wire;
  return omitUndefined({ id, phoneNumber: toE164(phoneNumber), label });
}
