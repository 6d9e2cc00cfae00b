import type { BlockedNumber, NewBlockedNumber } from "../contract/blocked-numbers.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireBlockedNumber } from "../ringcentral/api/wire.ts";
import { type BlockedNumbersDeps, readBlockedEntry, toBlockedNumber } from "./blocked-numbers.ts";
import type { EntryRequest } from "./caller-blocking.ts";
import { type CountryInQuery, isSameLabel, isSameNumber, withE164 } from "./shared/phone-number-input.ts";
import type { WriteRequest } from "./shared/request.ts";
import { findInList, pagesOf } from "./shared/upstream-list.ts";
import { createOnce, deleteOnce, isGone } from "./shared/write-once.ts";
import { deleteResource, requireMatch } from "./shared/write-resource.ts";
import { addEntry } from "./write-caller-blocking.ts";

/** Blocks a number once: by `addBlockedNumber`, or with status Blocked at the current endpoint. */
export async function addBlockedNumber(
  deps: BlockedNumbersDeps,
  request: WriteRequest & CountryInQuery & { body: NewBlockedNumber },
): Promise<{ id: string; data: BlockedNumber }> {
  const { phoneNumber, label } = withE164(request.body, request.query.country, true);
  const data = await deps.endpoints.choose(request.call, async (endpoint) =>
    toBlockedNumber(
      endpoint === "legacy"
        ? await addLegacyEntry(deps, request, phoneNumber, label)
        : await addEntry(deps, request, { phoneNumber, label, status: "Blocked" }),
    ),
  );
  return { id: data.id, data };
}

function addLegacyEntry(
  { ringcentral, clock }: BlockedNumbersDeps,
  { extensionId, ...request }: WriteRequest,
  phoneNumber: string,
  label: string | undefined,
): Promise<WireBlockedNumber> {
  const path = { extensionId };
  const body = omitUndefined({ phoneNumber, name: label });
  return createOnce(
    { clock, ...request },
    (call) => ringcentral.call(operations.addBlockedNumber, { path, body }, call),
    (call) =>
      findInList(
        pagesOf(ringcentral, operations.listBlockedNumbers, { path }, call),
        (wire) => isSameNumber(wire.phoneNumber, phoneNumber) && isSameLabel(wire.name, label),
      ),
  );
}

/** Unblocks a number. As for a read, the id of either endpoint serves. */
export async function deleteBlockedNumber(
  deps: BlockedNumbersDeps,
  request: WriteRequest & EntryRequest,
): Promise<undefined> {
  const { extensionId, call, ifMatch } = request;
  const path = { extensionId, blockedNumberId: request.path.id };
  const legacy = { read: operations.getBlockedNumber, remove: operations.deleteBlockedNumber };
  await deps.endpoints.choose(call, async (endpoint) => {
    try {
      if (endpoint === "legacy")
        return await deleteResource(deps, request, { ...legacy, path, toOutput: toBlockedNumber });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    requireMatch(ifMatch, await readBlockedEntry(deps, request));
    const remove = operations.deleteCallerBlockingNumber;
    await deleteOnce({ clock: deps.clock, call }, (context) =>
      deps.ringcentral.call(remove, { path }, context),
    );
  });
}
