import type { PhoneNumber } from "../contract/resources/phone-number.ts";
import type { CallContext, RingCentral } from "../ringcentral/operation.ts";
import { listCompanyNumbers as listCompanyNumbersOperation } from "../ringcentral/operations.ts";
import type { WireCompanyNumber, WireExtensionPhoneNumber } from "../ringcentral/wire.ts";
import type { Page, PageRequest } from "./page.ts";
import { toE164 } from "./phone-number-output.ts";
import { readWindow, windowPosition } from "./upstream-window.ts";

export interface CompanyNumbersFilter {
  usageType?: readonly string[] | undefined;
  type?: readonly string[] | undefined;
  status?: readonly string[] | undefined;
  /** Id of the extension that has the number. */
  extension?: string | undefined;
  q?: string | undefined;
}

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
  const wanted = q === undefined ? undefined : q.toLowerCase();
  return (wire: WireCompanyNumber) =>
    (type === undefined || (wire.type !== undefined && type.includes(wire.type))) &&
    (extension === undefined || wire.extension?.id === extension) &&
    (wanted === undefined || matchesText(wire, wanted));
}

/** `q` is a prefix of the number (with or without +), of a word of the label, or of the extension's name. */
function matchesText(wire: WireCompanyNumber, wanted: string): boolean {
  const number = toE164(wire.phoneNumber);
  if (number.startsWith(wanted) || number.startsWith(`+${wanted}`)) return true;
  return [wire.label, wire.extension?.name].some((text) => text !== undefined && hasWordPrefix(text, wanted));
}

function hasWordPrefix(text: string, wanted: string): boolean {
  const haystack = text.toLowerCase();
  return haystack.startsWith(wanted) || haystack.includes(` ${wanted}`);
}

/** Either list's record: the extension's own has these members and more [spec: OAS]. */
export function toPhoneNumber(wire: WireCompanyNumber | WireExtensionPhoneNumber): PhoneNumber {
  const { extension } = wire;
  return {
    id: wire.id,
    phoneNumber: toE164(wire.phoneNumber),
    ...(wire.label !== undefined && { label: wire.label }),
    ...(wire.type !== undefined && { type: wire.type }),
    usageType: wire.usageType,
    ...(wire.paymentType !== undefined && { paymentType: wire.paymentType }),
    status: wire.status,
    primary: wire.primary,
    ...(wire.location !== undefined && { location: wire.location }),
    ...(wire.callerIdName !== undefined && { callerIdName: wire.callerIdName }),
    ...(extension?.id !== undefined && {
      extension: {
        id: extension.id,
        ...(extension.name !== undefined && { name: extension.name }),
        ...(extension.extensionNumber !== undefined && { extensionNumber: extension.extensionNumber }),
      },
    }),
  };
}
