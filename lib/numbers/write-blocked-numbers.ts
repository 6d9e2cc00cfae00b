import type { BlockedNumber, NewBlockedNumber } from "../contract/blocked-numbers.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireBlockedNumber, WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import { type Added, addUnlessListed } from "./already-listed.ts";
import { type BlockedNumbersDeps, readBlockedEntry, toBlockedNumber } from "./blocked-numbers.ts";
import { type EntryRequest, toCallerBlockingNumber, wireStatus } from "./caller-blocking.ts";
import { type CountryInQuery, isSameLabel, isSameNumber, withE164 } from "./shared/phone-number-input.ts";
import type { WriteRequest } from "./shared/request.ts";
import { findInList, pagesOf } from "./shared/upstream-list.ts";
import { createOnce, deleteOnce, isGone } from "./shared/write-once.ts";
import { deleteResource, requireMatch } from "./shared/write-resource.ts";
import { type AskedEntry, addEntry, findNumber } from "./write-caller-blocking.ts";

/** Blocks a number once: by `addBlockedNumber`, or with status Blocked at the current endpoint. */
export async function addBlockedNumber(
  deps: BlockedNumbersDeps,
  request: WriteRequest & CountryInQuery & { body: NewBlockedNumber },
): Promise<{ id: string; data: BlockedNumber; isExisting?: true | undefined }> {
  const { phoneNumber, label } = withE164(request.body, request.query.country, true);
  const asked = { phoneNumber, label, status: wireStatus.blocked };
  const { entry, isExisting } = await deps.endpoints.choose(request.call, (endpoint) =>
    endpoint === "legacy" ? addLegacyEntry(deps, request, asked) : addEntry(deps, request, asked, show),
  );
  return { id: entry.id, data: toBlockedNumber(entry), isExisting };
}

/** A blocked entry is shown among the blocked numbers; only the caller-blocking list shows an allowed one. */
const show = (entry: WireCallerBlockingNumber) =>
  entry.status === wireStatus.blocked ? toBlockedNumber(entry) : toCallerBlockingNumber(entry);

function addLegacyEntry(
  { ringcentral, clock }: BlockedNumbersDeps,
  { extensionId, ...request }: WriteRequest,
  asked: AskedEntry,
): Promise<Added> {
  const path = { extensionId };
  const { phoneNumber, label } = asked;
  const body = omitUndefined({ phoneNumber, name: label });
  const find = (call: CallContext, name: string | undefined) =>
    findInList(
      pagesOf(ringcentral, operations.listBlockedNumbers, { path }, call),
      (wire) => isSameNumber(wire.phoneNumber, phoneNumber) && isSameLabel(wire.name, name),
    );
  const add = async () => {
    const send = (call: CallContext) => ringcentral.call(operations.addBlockedNumber, { path, body }, call);
    return toEntry(await createOnce({ clock, ...request }, send, (call) => find(call, label)));
  };
  const findListed = async () => {
    const listed = await find({ ...request.call, fresh: true }, undefined);
    return listed ? toEntry(listed) : findNumber(ringcentral, path, phoneNumber, ["Allowed"], request.call);
  };
  return addUnlessListed(asked, add, findListed, show);
}

const toEntry = ({ id, phoneNumber, name }: WireBlockedNumber): WireCallerBlockingNumber => ({
  id,
  phoneNumber,
  label: name,
  status: wireStatus.blocked,
});

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
