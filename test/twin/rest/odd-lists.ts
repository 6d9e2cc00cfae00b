import type { HttpResponse } from "../edge/response.ts";

interface List {
  uri?: string;
  records: Record<string, unknown>[];
  paging?: Record<string, number>;
  navigation?: Record<string, { uri: string }>;
}

const withPaging = (list: List, change: (paging: Record<string, number>) => object): List =>
  list.paging === undefined ? list : { ...list, paging: { ...list.paging, ...change(list.paging) } };

const withFirst = (list: List, change: (row: Record<string, unknown>) => Record<string, unknown>): List => {
  const [first, ...others] = list.records;
  return first === undefined ? list : { ...list, records: [change(first), ...others] };
};

const withNumbers = (list: List, spell: (phoneNumber: string) => unknown): List => ({
  ...list,
  records: list.records.map((row) =>
    typeof row.phoneNumber === "string" ? { ...row, phoneNumber: spell(row.phoneNumber) } : row,
  ),
});

function without(row: Record<string, unknown>, name: string): Record<string, unknown> {
  const { [name]: _gone, ...others } = row;
  return others;
}

/** The link to the next page, present even when there is none. */
function nextPage({ uri = "", paging }: List): { uri: string } {
  const page = Number(/[?&]page=(\d+)/.exec(uri)?.[1] ?? paging?.page ?? 1);
  return { uri: uri.replace(/([?&]page=)\d+/, `$1${page + 1}`) };
}

/** Each changes the body of a list call. All occur in real responses, or the description allows them. */
const oddities: Record<string, (list: List, page: number) => List> = {
  "endless-next": (list) =>
    list.uri === undefined ? list : { ...list, navigation: { ...list.navigation, nextPage: nextPage(list) } },
  "endless-pages": (list, page) => withPaging(list, () => ({ totalPages: page + 1 })),
  "no-paging": ({ paging: _paging, navigation: _navigation, ...list }) => list,
  "no-navigation": ({ navigation: _navigation, ...list }) => list,
  "no-total": (list) => withPaging(list, () => ({ totalElements: undefined, totalPages: undefined })),
  "page-zero": (list) => withPaging(list, () => ({ page: 0 })),
  "total-plus-one": (list) =>
    withPaging(list, ({ totalElements = 0 }) => ({ totalElements: totalElements + 1 })),
  "total-zero": (list) => withPaging(list, () => ({ totalElements: 0 })),
  "total-huge": (list) => withPaging(list, () => ({ totalElements: 2 ** 31 + 5 })),
  "duplicate-row": (list) => ({ ...list, records: [...list.records, ...list.records.slice(0, 1)] }),
  "no-id": (list) => withFirst(list, (row) => without(row, "id")),
  "odd-id": (list) => withFirst(list, (row) => ({ ...row, id: `${row.id}\nñ✓` })),
  "no-number": (list) => withFirst(list, (row) => without(row, "phoneNumber")),
  "empty-number": (list) => withFirst(list, (row) => ({ ...row, phoneNumber: "" })),
  "numeric-number": (list) => withFirst(list, (row) => ({ ...row, phoneNumber: 12_025_550_143 })),
  "numeric-label": (list) => withFirst(list, (row) => ({ ...row, label: 42, name: 42 })),
  "no-plus": (list) => withNumbers(list, (phoneNumber) => phoneNumber.replace("+", "")),
  "national-numbers": (list) =>
    withNumbers(list, (phoneNumber) => phoneNumber.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "($1) $2-$3")),
};

/** The names of all oddities. */
export const listOddities: readonly string[] = Object.keys(oddities);

/** Applies an operation's oddities to its response, if that is a list. */
export function spoilList(
  names: readonly string[],
  operation: string,
  query: URLSearchParams,
  response: HttpResponse,
): HttpResponse {
  const applied = listOddities.filter(
    (name) => names.includes(name) || names.includes(`${operation}:${name}`),
  );
  if (applied.length === 0 || response.status !== 200 || response.body === undefined) return response;
  const body: unknown = JSON.parse(response.body);
  if (typeof body !== "object" || body === null || !("records" in body) || !Array.isArray(body.records)) {
    return response;
  }
  const page = Number(query.get("page") ?? 1);
  const list = applied.reduce((current, name) => oddities[name]?.(current, page) ?? current, body as List);
  return { ...response, body: JSON.stringify(list) };
}
