import type { Client, MaybeOptionalInit } from "openapi-fetch";
import type { paths } from "./api.ts";
import { type Result, unwrap } from "./problems.ts";

interface ListShape {
  data: unknown[];
  page: { hasMore: boolean; nextCursor?: string };
}

type ResponseOf<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

/** The paths that return lists in pages. */
export type PagedPath = {
  [Path in keyof paths]: [ResponseOf<Path>] extends [never]
    ? never
    : ResponseOf<Path> extends ListShape
      ? Path
      : never;
}[keyof paths];

/** A page of the list at a path. */
export type PageOf<Path extends PagedPath> = Extract<ResponseOf<Path>, ListShape>;
/** An item of the list at a path. */
export type ItemOf<Path extends PagedPath> = PageOf<Path>["data"][number];

type Init<Path extends PagedPath> = MaybeOptionalInit<paths[Path], "get">;
type InitArgument<Path extends PagedPath> = undefined extends Init<Path> ? [init?: Init<Path>] : [Init<Path>];

export interface Paging {
  /**
   * The pages of a list, from `params.query.cursor` or the first, to the last.
   * @throws while paging: ProblemError, HttpError, or what `fetch` throws
   */
  pages<Path extends PagedPath>(path: Path, ...init: InitArgument<Path>): AsyncGenerator<PageOf<Path>, void>;
  /** The items of a list across its pages, each exactly once. @throws as `pages` does */
  items<Path extends PagedPath>(path: Path, ...init: InitArgument<Path>): AsyncGenerator<ItemOf<Path>, void>;
}

/** Adds paging. The loop is the same for every path; the OpenAPI document gives the type of its pages. */
export function pagingOf(client: Client<paths>): Paging {
  const get = client.GET as unknown as (path: PagedPath, init: LooseInit) => Promise<Result<ListShape>>;

  async function* pages(path: PagedPath, init: LooseInit = {}): AsyncGenerator<ListShape, void> {
    let cursor = init.params?.query?.cursor;
    for (;;) {
      const query = { ...init.params?.query, ...(cursor !== undefined && { cursor }) };
      const list = unwrap(await get(path, { ...init, params: { ...init.params, query } }));
      yield list;
      if (!list.page.hasMore || list.page.nextCursor === undefined) return;
      cursor = list.page.nextCursor;
    }
  }

  async function* items(path: PagedPath, init?: LooseInit): AsyncGenerator<unknown, void> {
    for await (const list of pages(path, init)) yield* list.data;
  }

  return { pages, items } as Paging;
}

interface LooseInit {
  params?: { query?: { cursor?: string } };
}
