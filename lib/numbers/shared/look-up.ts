import type { Page, PageRequest } from "../../contract/paging.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { slicePosition } from "./page-slice.ts";

/** A number in any writing, and the country of a national one. */
export interface NumberQuery {
  phoneNumber?: string | undefined;
  country?: string | undefined;
}

/** Loaded on first use, because most readers want the whole list. */
const phoneNumberInput = () => import("./phone-number-input.ts");

const LARGEST_PAGE = 1000;

/**
 * A page of a list, or of its entries of one number: is this number blocked? RingCentral does not search these lists, so
 * the whole list is read, 1,000 entries a call.
 * @param list a page of the whole list
 * @throws ProblemError `request_invalid` for a number that cannot be read
 */
export async function listOrLookUp<Item extends { phoneNumber?: string | undefined }>(
  { page, query = {} }: { page: PageRequest; query?: NumberQuery },
  list: (page: PageRequest) => Promise<Page<Item>>,
): Promise<Page<Item>> {
  const { phoneNumber, country } = query;
  if (phoneNumber === undefined) return list(page);
  const { isSameNumber, parsePhoneNumberInput } = await phoneNumberInput();
  const place = "query";
  const number = parsePhoneNumberInput({ phoneNumber, queryCountry: country, shortCodes: true, place });
  const items: Item[] = [];
  let read = await list({ limit: LARGEST_PAGE });
  const first = read;
  for (;;) {
    items.push(...read.items.filter((item) => isSameNumber(item.phoneNumber ?? "", number)));
    if (read.next === undefined) break;
    read = await list({ limit: LARGEST_PAGE, position: read.next });
  }
  const offset = slicePosition(page.position)?.offset ?? 0;
  const end = offset + page.limit;
  const next = end < items.length ? { offset: end, pageSize: LARGEST_PAGE } : undefined;
  const { source, asOf, callHandling } = first;
  return {
    items: items.slice(offset, end),
    total: items.length,
    source,
    asOf,
    ...omitUndefined({ next, callHandling }),
  };
}
