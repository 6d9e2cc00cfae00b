import * as z from "zod/mini";

/** One page of an upstream list, freed of RingCentral's absolute URIs. */
export interface WireList<Item> {
  records: Item[];
  /** 1-based; RingCentral omits it for a page that does not exist. */
  page?: number;
  /** The page size RingCentral applied, which may be smaller than the one asked for. */
  perPage?: number;
  /** Zero-based index of the first record on this page. */
  pageStart?: number;
  totalPages?: number;
  totalElements?: number;
  /** What RingCentral says: a next page in `navigation`, or totals that reach beyond this page. */
  hasNextPage: boolean;
  /** How many records were left out because they cannot be read, such as one without an id. */
  skippedRecords?: number;
}

export interface ListShape {
  /** The members RingCentral's description marks as required must be there. */
  strictEnvelope?: boolean;
}

const count = z.optional(z.nullable(z.int().check(z.minimum(0))));

const paging = z.object({
  page: count,
  perPage: count,
  pageStart: count,
  pageEnd: count,
  totalPages: count,
  totalElements: count,
});
type Paging = z.output<typeof paging>;

const envelope = z.object({
  records: z.optional(z.nullable(z.array(z.unknown()))),
  paging: z.optional(z.nullable(paging)),
  navigation: z.optional(z.nullable(z.object({ nextPage: z.optional(z.unknown()) }))),
});
type Envelope = z.output<typeof envelope>;

/**
 * The answer of a v1 list: `{ records, paging, navigation }`, none of them required by most lists [spec: OAS].
 *
 * A list that lacks `records` passes as empty only where `paging` confirms that nothing is on this page: an
 * arbitrary object must not read as "there are no numbers". A record that cannot be read is left out and
 * counted, so that one odd entry does not hide all others; a page of nothing but such records is refused.
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
      return {
        records,
        ...definedPaging(list.paging),
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
  return isDefined(paging.pageStart) ? "paging counts records that are not there" : undefined;
}

function definedPaging(paging: Paging | null | undefined) {
  const { page, perPage, pageStart, totalPages, totalElements } = paging ?? {};
  return {
    ...(isDefined(page) && { page }),
    ...(isDefined(perPage) && { perPage }),
    ...(isDefined(pageStart) && { pageStart }),
    ...(isDefined(totalPages) && { totalPages }),
    ...(isDefined(totalElements) && { totalElements }),
  };
}

/**
 * `nextPage` is absent at the end and totals may be left out "for cost reasons" [spec: OAS], so either of them
 * suffices. With neither, a paged list is walked until an empty page; how full a page is never decides.
 */
function hasNextPage({ paging, navigation }: Envelope, received: number): boolean {
  if (isDefined(navigation?.nextPage)) return true;
  const { page, perPage, totalPages, totalElements } = paging ?? {};
  if (isDefined(page) && isDefined(totalPages)) return page < totalPages;
  if (isDefined(page) && isDefined(perPage) && isDefined(totalElements))
    return page * perPage < totalElements;
  return !navigation && isDefined(page) && received > 0;
}

function isDefined<Value>(value: Value | null | undefined): value is NonNullable<Value> {
  return value !== undefined && value !== null;
}
