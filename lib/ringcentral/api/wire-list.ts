import * as z from "zod/mini";
import { omitUndefined } from "../../platform/omit-undefined.ts";

/** One page of an upstream list, without RingCentral's absolute URIs. */
export interface WireList<Item> {
  records: Item[];
  /** 1-based; RingCentral omits it for a page that does not exist. */
  page?: number;
  /** The page size that RingCentral applied; it may be smaller than the requested one. */
  perPage?: number;
  /** Zero-based index of the first record on this page. */
  pageStart?: number;
  totalPages?: number;
  totalElements?: number;
  /** What `navigation` says of a next page. Absent: the response has no `navigation`. */
  nextPage?: "named" | "none";
  /** The number of records left out because they cannot be shown, such as one without an id. */
  skippedRecords?: number;
}

/** A page, and whether another follows. */
export type WirePage<Item> = WireList<Item> & { hasNextPage: boolean };

/** An odd count says nothing. The bound is that of our own schemas. */
const count = z.catch(z.optional(z.int().check(z.minimum(0), z.maximum(2_147_483_647))), undefined);

const paging = z.object({
  page: count,
  perPage: count,
  pageStart: count,
  totalPages: count,
  totalElements: count,
});

const envelope = z.object({
  records: z.optional(z.nullable(z.array(z.unknown()))),
  paging: z.catch(z.optional(paging), undefined),
  navigation: z.catch(z.optional(z.object({ nextPage: z.optional(z.unknown()) })), undefined),
});
type Envelope = z.output<typeof envelope>;

/** Ids of this form serve in paths; see `request-url.ts`. */
const USABLE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The response of a v1 list: `{ records, paging, navigation }`, none of them required by most lists [spec: OAS].
 *
 * A list without `records` counts as empty only when `paging` confirms that the page has no records: an arbitrary
 * object must not read as "there are no numbers". A record that cannot be shown is left out and counted, so that it
 * does not hide the others; a page on which nothing is a record fails.
 */
/* @__NO_SIDE_EFFECTS__ */
export function wireList<Item extends { id: string }>(
  record: z.ZodMiniType<Item>,
): z.ZodMiniType<WireList<Item>> {
  return z.pipe(
    envelope,
    z.transform((list, context) => {
      const received = list.records ?? [];
      const problem = envelopeProblem(list);
      if (problem !== undefined) {
        context.issues.push({ code: "custom", message: problem, input: undefined });
        return z.NEVER;
      }
      const records = received
        .flatMap((candidate) => record.safeParse(candidate).data ?? [])
        .filter(({ id }) => USABLE_ID.test(id));
      const skippedRecords = received.length - records.length;
      const { navigation } = list;
      return {
        records,
        ...omitUndefined({ ...list.paging }),
        ...(navigation && { nextPage: navigation.nextPage ? ("named" as const) : ("none" as const) }),
        ...(skippedRecords > 0 && { skippedRecords }),
      };
    }),
  );
}

function envelopeProblem({ records, paging }: Envelope): string | undefined {
  if (records) {
    const isReadable = records.length === 0 || records.some((item) => typeof item === "object" && item);
    return isReadable ? undefined : "nothing on the page is a record";
  }
  if (!paging) return "neither records nor paging";
  return paging.pageStart !== undefined ? "paging counts records that are not there" : undefined;
}

/** RingCentral counts pages of an extension's lists to 1000 only [spec: OAS]; where totals say more, they are believed. */
const MAX_PAGES = 1000;

/**
 * A list and whether another page follows, by what RingCentral says. `nextPage` is absent at the end, and totals may
 * be omitted "for cost reasons" [spec: OAS], so either is enough. Totals of 0 beside records say nothing. An empty page
 * is the last, and so is one past `totalPages`: a next page may be named all the same, as in other APIs [unsure].
 *
 * With neither, a paged list continues until an empty page. Where there is no `paging` at all, the list continues after
 * a full page: as many records as requested, or a round hundred, because a page size may be clamped without a word.
 */
export function withNextPage<Item>(
  list: WireList<Item>,
  { page, perPage }: { page: number; perPage: number },
): WirePage<Item> {
  return { ...list, hasNextPage: hasNextPage(list, page, perPage) };
}

function hasNextPage(list: WireList<unknown>, page: number, requested: number): boolean {
  const received = receivedRecords(list);
  if (received === 0) return false;
  const { totalPages = 0, totalElements = 0, perPage, nextPage } = list;
  if (totalPages > 0 && page !== totalPages) return page < totalPages;
  if (page * (perPage || requested) < totalElements) return true;
  if (page >= MAX_PAGES) return false;
  if (nextPage !== undefined || totalPages > 0 || totalElements > 0) return nextPage === "named";
  const isPaged = list.page !== undefined || list.perPage !== undefined;
  return isPaged || received === requested || (received < requested && received % 100 === 0);
}

/** The number of records that RingCentral sent. */
export function receivedRecords({ records, skippedRecords = 0 }: WireList<unknown>): number {
  return records.length + skippedRecords;
}

/** The number of records that `wireList` left out, of any operation's output. */
export function countSkipped(output: unknown): number {
  if (typeof output !== "object" || output === null || !("skippedRecords" in output)) return 0;
  return typeof output.skippedRecords === "number" ? output.skippedRecords : 0;
}
