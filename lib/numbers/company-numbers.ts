import type { PhoneNumber } from "../contract/company-numbers.ts";
import type { Page, PageRequest } from "../contract/paging.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireCompanyNumber } from "../ringcentral/api/wire.ts";
import { digitSearch } from "./shared/number-search.ts";
import { toE164, toExtensionReference } from "./shared/phone-number-output.ts";
import type { NumbersDeps } from "./shared/request.ts";
import { listPage, pagesOf } from "./shared/upstream-list.ts";

/** A number has to match every member of the filter; the values of one member are alternatives. */
export interface CompanyNumbersFilter {
  usageType?: readonly string[] | undefined;
  type?: readonly string[] | undefined;
  status?: readonly string[] | undefined;
  /** Id or number of the number's extension. */
  extension?: string | undefined;
  q?: string | undefined;
}

export type CompanyNumbersRequest = { page: PageRequest; query: CompanyNumbersFilter; call: CallContext };

/** The company's numbers, live. Each upstream page costs one of 10 Heavy calls a minute [docs: RATE]. */
export async function listLiveCompanyNumbers(
  deps: NumbersDeps,
  { page, query: filter, call }: CompanyNumbersRequest,
): Promise<Page<PhoneNumber>> {
  const { usageType, status } = filter;
  const query = omitUndefined({ usageType, status });
  const pages = pagesOf(deps.ringcentral, operations.listCompanyNumbers, { query }, call);
  return listPage(deps, page, pages, toPhoneNumber, localFilter(filter));
}

/** RingCentral v1 filters by neither line type, extension nor text [spec: OAS]; these apply to the pages it returns. */
function localFilter({ type, extension, q }: CompanyNumbersFilter) {
  if (type === undefined && extension === undefined && q === undefined) return undefined;
  const fits = numberFilter({ type, extension, q });
  return (wire: WireCompanyNumber) => fits(toPhoneNumber(wire));
}

/** The filter for live numbers and for those of the snapshot. */
export function numberFilter(filter: CompanyNumbersFilter): (number: PhoneNumber) => boolean {
  const { usageType, type, status, extension, q } = filter;
  const matches = q === undefined ? undefined : textSearch(q);
  return (number) =>
    (usageType === undefined || usageType.includes(number.usageType)) &&
    (type === undefined || (number.type !== undefined && type.includes(number.type))) &&
    (status === undefined || status.includes(number.status)) &&
    (extension === undefined || isNamed(number.extension, extension)) &&
    (matches === undefined || matches(number));
}

/** By its id, or by the number that people dial. */
const isNamed = (extension: PhoneNumber["extension"], name: string) =>
  extension?.id === name || extension?.extensionNumber === name;

/** Digits of the number as people type them, or the start of a word of the label, or of its extension's name or number. */
function textSearch(q: string): (number: PhoneNumber) => boolean {
  const hasDigits = digitSearch(q);
  const wanted = q.toLowerCase();
  return ({ phoneNumber, label, extension }) =>
    hasDigits?.(phoneNumber) === true ||
    [label, extension?.name, extension?.extensionNumber].some(
      (text) => text !== undefined && hasWordPrefix(text, wanted),
    );
}

function hasWordPrefix(text: string, wanted: string): boolean {
  const haystack = text.toLowerCase();
  return haystack.startsWith(wanted) || haystack.includes(` ${wanted}`);
}

export function toPhoneNumber(wire: WireCompanyNumber): PhoneNumber {
  return omitUndefined({
    id: wire.id,
    phoneNumber: toE164(wire.phoneNumber),
    label: wire.label,
    type: wire.type,
    usageType: wire.usageType,
    paymentType: wire.paymentType,
    status: wire.status,
    primary: wire.primary,
    location: wire.location,
    callerIdName: wire.callerIdName,
    extension: toExtensionReference(wire.extension),
  });
}
