import { ProblemError } from "../contract/problems.ts";
import { confirmQuarantine } from "./run/quarantine.ts";
import { type Accepted, type StartSyncDeps, startSync } from "./start-sync.ts";

/** `POST /v1/sync/quarantine/confirm`. @throws ProblemError `sync_not_quarantined`, `queue_unavailable` */
export async function confirmSyncQuarantine(
  deps: StartSyncDeps,
  request: { accountId: string },
): Promise<Accepted> {
  if (!(await confirmQuarantine(deps, request.accountId))) throw new ProblemError("sync_not_quarantined");
  return startSync(deps, request);
}
