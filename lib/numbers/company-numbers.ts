import type { PhoneNumber } from "../contract/company-numbers.ts";
import type { Page, PageRequest } from "../contract/paging.ts";
import type { CallContext, RingCentral } from "../ringcentral/api/operation.ts";
import { listCompanyNumbers as listCompanyNumbersOperation } from "../ringcentral/api/operations.ts";
import type { WireCompanyNumber } from "../ringcentral/api/wire.ts";
import { toPhoneNumber } from "./company-number-output.ts";
import { type CompanyNumbersFilter, fitsFilter } from "./company-numbers-filter.ts";
import { readWindow, windowPosition } from "./upstream-window.ts";

export interface CompanyNumbersRequest extends CallContext {
  page: PageRequest;
  query: CompanyNumbersFilter;
}

/** The company's numbers, live; each upstream page costs one of 10 Heavy calls a minute [docs: RATE]. */
export async function listCompanyNumbers(
  deps: { ringcentral: RingCentral; now: () => number },
  request: CompanyNumbersRequest,
): Promise<Page<PhoneNumber>> {
  const { usageType, status } = request.query;
  const filters = { ...(usageType && { usageType }), ...(status && { status }) };
  const asOf = deps.now();
  const window = await readWindow(
    (page, perPage) =>
      deps.ringcentral.call(listCompanyNumbersOperation, { query: { page, perPage, ...filters } }, request),
    {
      limit: request.page.limit,
      position: windowPosition(request.page.position),
      accept: filterRunHere(request.query),
    },
  );
  return {
    items: window.records.map(toPhoneNumber),
    ...(window.next && { next: { ...window.next } }),
    ...(window.total !== undefined && { total: window.total }),
    source: "live",
    asOf,
  };
}

/** RingCentral v1 filters by neither line type, extension nor text [spec: OAS]; those run over the pages it answers. */
function filterRunHere({ type, extension, q }: CompanyNumbersFilter) {
  if (type === undefined && extension === undefined && q === undefined) return undefined;
  return (wire: WireCompanyNumber) => fitsFilter(toPhoneNumber(wire), { type, extension, q });
}
