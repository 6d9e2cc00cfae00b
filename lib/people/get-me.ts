import { isScope, type Me } from "../contract/people.ts";
import { ProblemError } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import { StorageUnavailable } from "../storage/errors.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { Caller } from "./claimant.ts";
import type { Directories } from "./directory/directories.ts";

/** `GET /v1/me`. Without a copy of the directory, or without the table, the extension has no name. */
export async function getMe(
  { directories, records }: { directories: Directories; records: RecordStore },
  { caller, call }: { caller: Caller; call: CallContext },
): Promise<Me> {
  const { accountId, extensionId, foundBy, unmatched, scopes } = caller;
  const entries = await directories
    .latest(accountId, { records, deadline: call.deadline })
    .then((directory) => directory.entries())
    .catch((error: unknown) => {
      if (!(error instanceof ProblemError || error instanceof StorageUnavailable)) throw error;
      return [];
    });
  const { name, extensionNumber } = entries.find(({ id }) => id === extensionId) ?? {};
  return omitUndefined<Me>({
    accountId,
    extension:
      extensionId === undefined ? undefined : omitUndefined({ id: extensionId, name, extensionNumber }),
    foundBy,
    unmatched,
    scopes: [...scopes].filter(isScope).sort(),
    budget: caller.signedInWithRingCentral && extensionId !== undefined ? "own" : "service",
  });
}
