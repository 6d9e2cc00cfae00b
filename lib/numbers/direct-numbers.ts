import type { PhoneNumber } from "../contract/company-numbers.ts";
import type { Page } from "../contract/paging.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import { listExtensionPhoneNumbers } from "../ringcentral/api/operations.ts";
import { toPhoneNumber } from "./company-number-output.ts";
import type { ListRequest } from "./request.ts";
import { readWindow, windowPosition } from "./upstream-window.ts";

/** The numbers that ring this extension alone, by the Light list rather than a Heavy page of the company's. */
export async function listDirectNumbers(
  deps: { ringcentral: RingCentral; now: () => number },
  request: ListRequest,
): Promise<Page<PhoneNumber>> {
  const path = { extensionId: request.extensionId };
  const asOf = deps.now();
  const window = await readWindow(
    (page, perPage) =>
      deps.ringcentral.call(
        listExtensionPhoneNumbers,
        { path, query: { page, perPage, usageType: "DirectNumber" } },
        request,
      ),
    { limit: request.page.limit, position: windowPosition(request.page.position) },
  );
  return {
    items: window.records.map(toPhoneNumber),
    ...(window.next && { next: { ...window.next } }),
    ...(window.total !== undefined && { total: window.total }),
    source: "live",
    asOf,
  };
}
