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
  /** As RingCentral states it: a next page in `navigation`, or totals beyond this page. */
  hasNextPage: boolean;
  /** The number of records left out because they are unreadable, such as one without an id. */
  skippedRecords?: number;
}

interface ListShape {
  /** Requires the members that RingCentral's description marks as required. */
  strictEnvelope?: boolean;
}

const count = z.pipe(
  z.optional(z.nullable(z.int().check(z.minimum(0)))),
  z.transform((value) => value ?? undefined),
);

const paging = z.object({
  page: count,
  perPage: count,
  pageStart: count,
  pageEnd: count,
  totalPages: count,
  totalElements: count,
});

const envelope = z.object({
  records: z.optional(z.nullable(z.array(z.unknown()))),
  paging: z.optional(z.nullable(paging)),
  navigation: z.optional(z.nullable(z.object({ nextPage: z.optional(z.unknown()) }))),
});
type Envelope = z.output<typeof envelope>;

/**
 * The response of a v1 list: `{ records, paging, navigation }`, none of them required by most lists [spec: OAS].
 *
 * A list without `records` counts as empty only when `paging` confirms that the page has no records: an arbitrary
 * object must not read as "there are no numbers". An unreadable record is left out and counted, so that one
 * malformed entry does not hide the others; a page of only unreadable records fails.
 */
/* @__NO_SIDE_EFFECTS__ */
export function wireList<Item>(
  record: z.ZodMiniType<Item>,
  { strictEnvelope = false }: ListShape = {},
): z.ZodMiniType<WireList<Item>> {
  return z.pipe(
    envelope,
    z.transform((list, context) => {
      const problem = envelopeProblem(list, strictEnvelope);
      const received = list.records ?? [];
      const records: Item[] = [];
      for (const candidate of received) {
        const parsed = record.safeParse(candidate);
        if (parsed.success) records.push(parsed.data);
      }
      const skippedRecords = received.length - records.length;
      const unreadable = received.length > 0 && records.length === 0;
      if (problem !== undefined || unreadable) {
        context.issues.push({ code: "custom", message: problem ?? "no readable record", input: undefined });
        return z.NEVER;
      }
      const { page, perPage, pageStart, totalPages, totalElements } = list.paging ?? {};
      return {
        records,
        ...omitUndefined({ page, perPage, pageStart, totalPages, totalElements }),
        hasNextPage: hasNextPage(list, received.length),
        ...(skippedRecords > 0 && { skippedRecords }),
      };
    }),
  );
}

function envelopeProblem({ records, paging, navigation }: Envelope, strict: boolean): string | undefined {
  if (strict && (!records || !paging || !navigation)) return "records, paging or navigation is missing";
  if (records) return undefined;
  if (!paging) return "neither records nor paging";
  return paging.pageStart !== undefined ? "paging counts records that are not there" : undefined;
}

/**
 * `nextPage` is absent at the end, and totals may be omitted "for cost reasons" [spec: OAS], so either is enough.
 * With neither, a paged list continues until an empty page; how full a page is does not matter.
 */
function hasNextPage({ paging, navigation }: Envelope, received: number): boolean {
  if (navigation?.nextPage !== undefined && navigation.nextPage !== null) return true;
  const { page, perPage, totalPages, totalElements } = paging ?? {};
  if (page === undefined) return false;
  if (totalPages !== undefined) return page < totalPages;
  if (perPage !== undefined && totalElements !== undefined) return page * perPage < totalElements;
  return !navigation && received > 0;
}

/** The number of records that `wireList` left out, of any operation's output. */
export function countSkipped(output: unknown): number {
  if (typeof output !== "object" || output === null || !("skippedRecords" in output)) return 0;
  return typeof output.skippedRecords === "number" ? output.skippedRecords : 0;
}
