import type { Route } from "../contract/route.ts";
import type { Claimant } from "../people/claimant.ts";
import type { Deadline } from "../platform/deadline.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { WaitLimit } from "../platform/wait-limit.ts";
import type { AccountRuntime } from "./account-runtime.ts";
import type { Payers } from "./payers.ts";
import type { Shared } from "./shared.ts";

export interface ExpectedRequest {
  route: Pick<Route, "callsRingCentral">;
  /** The extension in its path, as sent. */
  extension: string | undefined;
  deadline: Deadline;
  /** The request's: it joins these waits for the table. */
  tableWait: WaitLimit;
  /** Has the read cache look up what the request will read. */
  rehearse: () => Promise<unknown>;
}

/**
 * Reads what the first request of a process waits for while the issuer is asked for its keys.
 *
 * The token's signature is not verified yet. So it happens once in a process, it only reads, its results stay in the
 * process, and it is no sign that the user calls: a forged token costs four reads, once.
 */
export function createPrefetch(
  { pseudonyms, records }: Pick<Shared, "pseudonyms" | "records">,
  payers: Payers,
) {
  let isDone = false;

  async function read(
    claimant: Claimant,
    { route, extension, deadline, tableWait, rehearse }: ExpectedRequest,
  ): Promise<void> {
    const { accountId, extensionId } = claimant;
    const named = extension === "me" ? extensionId : extension;
    const payer =
      accountId !== undefined && route.callsRingCentral
        ? payers.for(omitUndefined({ accountId, caller: claimant, extensionId: named }))
        : undefined;
    const readTable = async ({ tokens, rateLimiter }: AccountRuntime) => {
      // Loading its client is no wait for the table.
      await records.ready();
      await Promise.all([tokens.prefetch(deadline, tableWait), rateLimiter.prefetch(tableWait), rehearse()]);
    };
    await Promise.all([pseudonyms.current(deadline), payer && readTable(payer)]);
  }

  return (claimant: Claimant, request: ExpectedRequest): void => {
    if (isDone) return;
    isDone = true;
    // The request meets a failure that lasts by itself.
    read(claimant, request).catch(() => undefined);
  };
}
