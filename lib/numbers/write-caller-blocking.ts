import type {
  CallerBlockingNumber,
  CallerBlockingNumberUpdate,
  CallerBlockingSettings,
  CallerBlockingSettingsUpdate,
  NewCallerBlockingNumber,
} from "../contract/caller-blocking.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import type { CallContext } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import {
  type Added,
  addUnlessListed,
  alreadyListed,
  type EntryBody,
  entryInTheWay,
} from "./already-listed.ts";
import {
  type EntryRequest,
  getCallerBlockingNumber,
  toCallerBlockingNumber,
  toSettings,
  wireStatus,
} from "./caller-blocking.ts";
import {
  type CountryInQuery,
  isSameLabel,
  isSameNumber,
  withChangedE164,
  withE164,
} from "./shared/phone-number-input.ts";
import type { NumbersDeps, WriteRequest } from "./shared/request.ts";
import { findInList, pagesOf } from "./shared/upstream-list.ts";
import { createOnce } from "./shared/write-once.ts";
import { changed, deleteResource, updateResource } from "./shared/write-resource.ts";

/** Puts a number on the blocked or the allowed list, once. */
export async function addCallerBlockingNumber(
  deps: NumbersDeps,
  request: WriteRequest & CountryInQuery & { body: NewCallerBlockingNumber },
): Promise<{ id: string; data: CallerBlockingNumber; isExisting?: true | undefined }> {
  const { phoneNumber, label, status = "blocked" } = withE164(request.body, request.query.country, true);
  const asked = { phoneNumber, label, status: wireStatus[status] };
  const { entry, isExisting } = await addEntry(deps, request, asked, toCallerBlockingNumber);
  return { id: entry.id, data: toCallerBlockingNumber(entry), isExisting };
}

/** Adds one entry at the current endpoint. After a lost response it is looked for by its list, number and label. */
export function addEntry(
  { ringcentral, clock }: NumbersDeps,
  { extensionId, ...request }: WriteRequest,
  asked: AskedEntry,
  show: (entry: WireCallerBlockingNumber) => object,
): Promise<Added> {
  const path = { extensionId };
  const body = omitUndefined(asked);
  const add = () =>
    createOnce(
      { clock, ...request },
      (call) => ringcentral.call(operations.addCallerBlockingNumber, { path, body }, call),
      (call) => findEntry(ringcentral, path, body, call),
    );
  const lists = asked.status === "Blocked" ? bothLists : bothLists.toReversed();
  const find = () => findNumber(ringcentral, path, asked.phoneNumber, lists, request.call);
  return addUnlessListed(asked, add, find, show);
}

const bothLists: AskedEntry["status"][] = ["Blocked", "Allowed"];

export type AskedEntry = EntryBody & { status: "Blocked" | "Allowed" };

/** The entry of a number on one of the lists, read one after the other. */
export async function findNumber(
  ringcentral: NumbersDeps["ringcentral"],
  path: { extensionId: string },
  phoneNumber: string,
  lists: AskedEntry["status"][],
  call: CallContext,
): Promise<WireCallerBlockingNumber | undefined> {
  for (const status of lists) {
    const asked = { phoneNumber, label: undefined, status };
    const found = await findEntry(ringcentral, path, asked, { ...call, fresh: true });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An entry by its list, number and label. */
function findEntry(
  ringcentral: NumbersDeps["ringcentral"],
  path: { extensionId: string },
  { phoneNumber, label, status }: EntryBody,
  call: CallContext,
): Promise<WireCallerBlockingNumber | undefined> {
  const pages = pagesOf(ringcentral, operations.listCallerBlockingNumbers, { path, query: { status } }, call);
  return findInList(
    pages,
    (wire) => isSameNumber(wire.phoneNumber, phoneNumber) && isSameLabel(wire.label, label),
  );
}

type EntryWrite = WriteRequest & EntryRequest;

const entry = { read: operations.getCallerBlockingNumber, toOutput: toCallerBlockingNumber };

/**
 * Changes an entry. Its id may be the number in another spelling, so a new number may give it a new id.
 * @throws ProblemError `number_already_listed` when another entry has the new number
 */
export async function updateCallerBlockingNumber(
  deps: NumbersDeps,
  request: EntryWrite & CountryInQuery & { body: CallerBlockingNumberUpdate },
): Promise<CallerBlockingNumber> {
  const { extensionId } = request;
  const shown = async () => (await getCallerBlockingNumber(deps, request)).phoneNumber;
  const { status, ...change } = await withChangedE164(request.body, request.query.country, shown, true);
  const update = updateResource(deps, request, {
    ...entry,
    path: entryPath(request),
    write: operations.updateCallerBlockingNumber,
    merge: (current) =>
      entryBody({
        phoneNumber: change.phoneNumber ?? current.phoneNumber,
        label: changed(change.label, current.label),
        status: status === undefined ? current.status : wireStatus[status],
      }),
    toBody: entryBody,
    find: (call, sent) => findEntry(deps.ringcentral, { extensionId }, sent, call),
  });
  const { phoneNumber } = change;
  if (phoneNumber === undefined) return update;
  return update.catch(async (error: unknown) => {
    const find = () => findNumber(deps.ringcentral, { extensionId }, phoneNumber, bothLists, request.call);
    const listed = await entryInTheWay(error, find);
    throw listed.id === request.path.id ? error : alreadyListed(listed, toCallerBlockingNumber, error);
  });
}

function entryBody({ phoneNumber, label, status }: EntryBody) {
  return omitUndefined({ phoneNumber, label, status });
}

/** Removes an entry from its list. */
export async function deleteCallerBlockingNumber(deps: NumbersDeps, request: EntryWrite) {
  const path = entryPath(request);
  return deleteResource(deps, request, { ...entry, path, remove: operations.deleteCallerBlockingNumber });
}

function entryPath({ extensionId, path }: EntryRequest) {
  return { extensionId, blockedNumberId: path.id };
}

/** Changes which callers the extension rejects. What the API does not offer, such as greetings, is sent back as read. */
export async function updateCallerBlocking(
  deps: NumbersDeps,
  request: WriteRequest & { body: CallerBlockingSettingsUpdate },
): Promise<CallerBlockingSettings> {
  const { mode, noCallerId, payPhones } = request.body;
  const change = { mode: theirs(mode), noCallerId: theirs(noCallerId), payPhones: theirs(payPhones) };
  return updateResource(deps, request, {
    path: { extensionId: request.extensionId },
    read: operations.getCallerBlocking,
    write: operations.updateCallerBlocking,
    toOutput: toSettings,
    merge: ({ uri, ...current }) => ({ ...omitUndefined(current), ...omitUndefined(change) }),
    // RingCentral may complete what is not ours: only our members tell whether the change took effect.
    toBody: ({ mode, noCallerId, payPhones }, sent) => ({
      ...sent,
      ...omitUndefined({ mode, noCallerId, payPhones }),
    }),
  });
}

/** RingCentral's values are ours with a capital first letter. */
const theirs = (text: string | undefined) => text && text.charAt(0).toUpperCase() + text.slice(1);
