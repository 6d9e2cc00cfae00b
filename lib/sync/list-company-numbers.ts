import type { PhoneNumber } from "../contract/company-numbers.ts";
import type { Page, Position } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import { type CompanyNumbersRequest, listLiveCompanyNumbers } from "../numbers/company-numbers.ts";
import type { NumbersDeps } from "../numbers/request.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { readSnapshotPage } from "./snapshot/snapshot.ts";

export interface ListCompanyNumbersDeps extends NumbersDeps {
  records: RecordStore;
}

/**
 * The company's numbers from the synced snapshot; live, page by page, until there is one, and when the caller wants
 * them fresher than it is. A live reading costs a Heavy call, one of ten a minute, so when that budget is spent, or
 * RingCentral cannot be reached, an older snapshot is the better answer; `source` and `asOf` tell.
 */
export async function listCompanyNumbers(
  deps: ListCompanyNumbersDeps,
  request: CompanyNumbersRequest,
): Promise<Page<PhoneNumber>> {
  const { page } = request;
  const { freshness, log } = request.call;
  if (isLivePosition(page.position)) return listLiveCompanyNumbers(deps, request);
  const snapshot = await readSnapshot(deps, request);
  if (snapshot === undefined) return listLiveCompanyNumbers(deps, request);
  const maxAgeMs = freshness?.maxAgeMs;
  // A walk stays with the version it began with.
  if (page.position !== undefined || maxAgeMs === undefined) return snapshot;
  if (maxAgeMs > 0 && deps.clock.now() - snapshot.asOf <= maxAgeMs) return snapshot;
  try {
    return await listLiveCompanyNumbers(deps, request);
  } catch (error) {
    if (!(error instanceof RingCentralError && error.isTransient)) throw error;
    log.info("snapshot in place of a live reading", { error });
    return snapshot;
  }
}

async function readSnapshot(
  { records, clock }: ListCompanyNumbersDeps,
  { query, page, call: { accountId, log } }: CompanyNumbersRequest,
): Promise<Page<PhoneNumber> | undefined> {
  try {
    const snapshot = await readSnapshotPage({ records, now: clock.now }, { accountId, filter: query, page });
    if (snapshot === undefined && page.position !== undefined) throw new ProblemError("cursor_expired");
    return snapshot;
  } catch (error) {
    // A walk that has begun cannot go on elsewhere; a new one can.
    if (!(error instanceof StorageUnavailable) || page.position !== undefined) throw error;
    log.warn("snapshot unreadable", { error });
    return undefined;
  }
}

/** Positions of a live walk name upstream's page size, those of the snapshot a version. */
function isLivePosition(position: Position | undefined): boolean {
  return position !== undefined && "pageSize" in position;
}
