import type { PhoneNumber } from "../contract/company-numbers.ts";
import type { Page } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import { type CompanyNumbersRequest, listLiveCompanyNumbers } from "../numbers/company-numbers.ts";
import type { NumbersDeps } from "../numbers/shared/request.ts";
import { RingCentralError } from "../ringcentral/api/errors.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { readSnapshotPage } from "./snapshot/snapshot.ts";

interface ListCompanyNumbersDeps extends NumbersDeps {
  records: RecordStore;
}

/**
 * `GET /v1/account/phone-numbers`: the synced snapshot. Without a snapshot, or when the caller wants fresher data, the
 * numbers are read live, page by page. Each live page costs one of 10 Heavy calls a minute [docs: RATE], so an older
 * snapshot is the fallback when that budget is spent or RingCentral is unreachable; `source` and `asOf` say which it is.
 */
export async function listCompanyNumbers(
  deps: ListCompanyNumbersDeps,
  request: CompanyNumbersRequest,
): Promise<Page<PhoneNumber>> {
  const { position } = request.page;
  // A live position has RingCentral's page size; a snapshot position has a version.
  const isLive = position !== undefined && "pageSize" in position;
  const snapshot = isLive ? undefined : await readSnapshot(deps, request);
  if (snapshot === undefined) return listLiveCompanyNumbers(deps, request);
  const maxAgeMs = request.call.freshness?.maxAgeMs;
  // An iteration stays with the version it began with.
  if (position !== undefined || maxAgeMs === undefined) return snapshot;
  if (maxAgeMs > 0 && deps.clock.now() - snapshot.asOf <= maxAgeMs) return snapshot;
  return listLiveCompanyNumbers(deps, request).catch((error: unknown) => {
    if (!(error instanceof RingCentralError && error.isTransient)) throw error;
    request.call.log.info("snapshot returned instead of live data", { error });
    return snapshot;
  });
}

async function readSnapshot(
  { records, clock }: ListCompanyNumbersDeps,
  { query: filter, page, call: { accountId, log } }: CompanyNumbersRequest,
): Promise<Page<PhoneNumber> | undefined> {
  const isNew = page.position === undefined;
  try {
    const snapshot = await readSnapshotPage({ records, now: clock.now }, { accountId, filter, page });
    if (snapshot === undefined && !isNew) throw new ProblemError("cursor_expired");
    return snapshot;
  } catch (error) {
    // Only a new iteration may continue with live data.
    if (!(error instanceof StorageUnavailable && isNew)) throw error;
    log.warn("snapshot unreadable", { error });
    return undefined;
  }
}
