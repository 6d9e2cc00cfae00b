import type { PhoneNumber } from "../contract/company-numbers.ts";
import type { Page, Position } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import { type CompanyNumbersRequest, listCompanyNumbers } from "../numbers/company-numbers.ts";
import type { Logger } from "../platform/logger.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { readSnapshotPage } from "./snapshot/snapshot.ts";

export interface ListNumbersDeps {
  records: RecordStore;
  ringcentral: RingCentral;
  now: () => number;
}

/**
 * The company's numbers from the synced snapshot; live, page by page, until there is one, and when the caller wants
 * them fresher than it is. A live reading costs a Heavy call, one of ten a minute, so when that budget is spent, or
 * RingCentral cannot be reached, an older snapshot is the better answer; `source` and `asOf` tell.
 */
export async function listNumbers(
  deps: ListNumbersDeps,
  request: CompanyNumbersRequest,
): Promise<Page<PhoneNumber>> {
  const { page, freshness, log } = request;
  if (isLivePosition(page.position)) return listCompanyNumbers(deps, request);
  const snapshot = await readSnapshot(deps, request);
  if (snapshot === undefined) return listCompanyNumbers(deps, request);
  const maxAgeMs = freshness?.maxAgeMs;
  // A walk stays with the version it began with.
  if (page.position !== undefined || maxAgeMs === undefined) return snapshot;
  if (maxAgeMs > 0 && deps.now() - snapshot.asOf <= maxAgeMs) return snapshot;
  try {
    return await listCompanyNumbers(deps, request);
  } catch (error) {
    if (!(error instanceof RingCentralError && error.isTransient)) throw error;
    log.info("snapshot in place of a live reading", { error });
    return snapshot;
  }
}

async function readSnapshot(
  { records, now }: ListNumbersDeps,
  { accountId, query, page, log }: CompanyNumbersRequest & { log: Logger },
): Promise<Page<PhoneNumber> | undefined> {
  try {
    const snapshot = await readSnapshotPage({ records, now }, { accountId, filter: query, page });
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
