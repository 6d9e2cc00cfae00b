import type { ExtensionCall } from "../call.ts";
import { listBody, readPageRequest } from "../paging.ts";

const maxPage = 1000;

/** A page of a v2 list: no address and no links [spec]. */
export function pageOf<T>(call: ExtensionCall, rows: readonly T[], toRecord: (row: T) => unknown) {
  const { records, paging } = listBody("", rows, readPageRequest(call, maxPage), [], toRecord);
  return { records, paging };
}
