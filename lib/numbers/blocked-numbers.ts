import type { BlockedNumber } from "../contract/blocked-numbers.ts";
import type { Page } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { BlockedNumberFamilies } from "./blocked-number-family.ts";
import { toE164 } from "./phone-number-output.ts";
import type { ListRequest } from "./request.ts";
import { readWindow, windowPosition } from "./upstream-window.ts";

export interface BlockedNumbersDeps {
  ringcentral: RingCentral;
  families: BlockedNumberFamilies;
  now: () => number;
}

/** The extension's blocked numbers, through whichever family of endpoints RingCentral serves (ops 1 and 3). */
export async function listBlockedNumbers(
  deps: BlockedNumbersDeps,
  request: ListRequest,
): Promise<Page<BlockedNumber>> {
  const { limit, position } = request.page;
  const path = { extensionId: request.extensionId };
  const asOf = deps.now();
  return deps.families.choose(request, async (family) => {
    // Ids and order are not known to be shared between the families [unsure]: a walk stays with the one it began.
    if (position !== undefined && position.family !== family) {
      throw new ProblemError("cursor_invalid", {
        detail: "The list has moved; start again without a cursor.",
      });
    }
    const window = await readWindow(
      (page, perPage) =>
        family === "legacy"
          ? deps.ringcentral.call(operations.listBlockedNumbers, { path, query: { page, perPage } }, request)
          : deps.ringcentral.call(
              operations.listCallerBlockingNumbers,
              { path, query: { page, perPage, status: "Blocked" } },
              request,
            ),
      { limit, position: windowPosition(position) },
    );
    return {
      items: window.records.map(toBlockedNumber),
      ...(window.next && { next: { ...window.next, family } }),
      ...(window.total !== undefined && { total: window.total }),
      source: "live",
      asOf,
    };
  });
}

export function toBlockedNumber(wire: {
  id: string;
  phoneNumber: string;
  name?: string | undefined;
  label?: string | undefined;
}): BlockedNumber {
  const label = wire.label ?? wire.name;
  return { id: wire.id, phoneNumber: toE164(wire.phoneNumber), ...(label !== undefined && { label }) };
}
