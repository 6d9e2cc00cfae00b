import type {
  ForwardingNumber,
  ForwardingNumberUpdate,
  NewForwardingNumber,
} from "../../contract/forwarding-numbers.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { RingCentral } from "../../ringcentral/api/operation.ts";
import * as operations from "../../ringcentral/api/operations.ts";
import type { WireForwardingNumber } from "../../ringcentral/api/wire.ts";
import type { CountryInQuery } from "../shared/phone-number-input.ts";
import type { NumbersDeps, NumbersRequest, WriteRequest } from "../shared/request.ts";
import { findInList, pagesOf } from "../shared/upstream-list.ts";
import { createOnce } from "../shared/write-once.ts";
import { changed, deleteResource, updateResource } from "../shared/write-resource.ts";
import { withoutEffect } from "./apply-parts.ts";
import { toForwardingNumber } from "./legacy-numbers.ts";
import { alreadyListed, isAsAsked, isSameTarget, newNumber, requireUsualRules } from "./requested.ts";

/** Adds a forwarding number once. */
export async function addForwardingNumber(
  { ringcentral, clock }: NumbersDeps,
  request: WriteRequest & CountryInQuery & { body: NewForwardingNumber },
): Promise<{ id: string; data: ForwardingNumber }> {
  const added = newNumber(request);
  const { phoneNumber, deviceId, type, label, flipNumber } = added;
  const path = { extensionId: request.extensionId };
  // `flipNumber` is a number here and text everywhere else; `id` is in the schema without a meaning [spec: OAS].
  const device = deviceId === undefined ? undefined : { id: deviceId };
  const body = omitUndefined({ phoneNumber, device, type, label, flipNumber });
  const data = await createOnce(
    { ...request, clock },
    async (call) => {
      const wire = await ringcentral.call(operations.addForwardingNumber, { path, body }, call);
      return toForwardingNumber(wire, request.extensionId);
    },
    (call) => findListed(ringcentral, { ...request, call }, (shown) => isAsAsked(shown, added)),
  );
  return { id: data.id, data };
}

/**
 * The entry that is there as asked, before a first attempt: RingCentral would take a number twice, which the new call
 * handling cannot hold. @throws ProblemError `number_already_listed` when it is there otherwise
 */
export async function findAsAsked(
  { ringcentral }: NumbersDeps,
  request: WriteRequest,
  added: NewForwardingNumber,
): Promise<ForwardingNumber | undefined> {
  if (request.step !== undefined && request.step !== "run") return undefined;
  const listed = await withoutEffect(findListed(ringcentral, request, (shown) => isSameTarget(shown, added)));
  if (listed !== undefined && !isAsAsked(listed, added)) throw alreadyListed(listed);
  return listed;
}

/** The first number of the extension's list, as it is now, that a caller means. */
async function findListed(
  ringcentral: RingCentral,
  { extensionId, call }: NumbersRequest,
  isMeant: (shown: ForwardingNumber) => boolean,
): Promise<ForwardingNumber | undefined> {
  const context = { ...call, fresh: true };
  const pages = pagesOf(ringcentral, operations.listForwardingNumbers, { path: { extensionId } }, context);
  const shownBy = (wire: WireForwardingNumber) => toForwardingNumber(wire, extensionId);
  const wire = await findInList(pages, (candidate) => isMeant(shownBy(candidate)));
  return wire && shownBy(wire);
}

type ItemRequest = WriteRequest & { path: { forwardingNumberId: string } };

/**
 * Changes a forwarding number. One guide says "send what changes", the general rule says that omitted fields
 * reset [docs: FWD, URIS]: the complete set of four is right under both.
 */
export async function updateForwardingNumber(
  deps: NumbersDeps,
  request: ItemRequest & { body: ForwardingNumberUpdate },
): Promise<ForwardingNumber> {
  const { body: change } = request;
  requireUsualRules(change.rules);
  await requireUnlisted(deps, request, change);
  return updateResource(deps, request, {
    ...item(request),
    path: itemPath(request),
    write: operations.updateForwardingNumber,
    merge: (current) => merged(current, change),
    toBody: (wire) => merged(wire, {}),
  });
}

/** @throws ProblemError `number_already_listed` for a change to the number of another entry */
async function requireUnlisted(
  { ringcentral }: NumbersDeps,
  request: ItemRequest,
  { phoneNumber }: ForwardingNumberUpdate,
): Promise<void> {
  if (phoneNumber === undefined) return;
  const listed = await withoutEffect(
    findListed(
      ringcentral,
      request,
      (shown) => shown.id !== request.path.forwardingNumberId && isSameTarget(shown, { phoneNumber }),
    ),
  );
  if (listed !== undefined) throw alreadyListed(listed);
}

function merged(current: WireForwardingNumber, change: ForwardingNumberUpdate) {
  const type = change.type ?? current.type;
  // Only type Other has a label of its own, which can be removed [docs: FWD].
  const label = type === "Other" ? change.label : (change.label ?? undefined);
  return omitUndefined({
    phoneNumber: change.phoneNumber ?? current.phoneNumber,
    label: changed(label, current.label),
    flipNumber: changed(change.flipNumber, current.flipNumber)?.toString(),
    type,
  });
}

/** Removes a forwarding number. */
export async function deleteForwardingNumber(deps: NumbersDeps, request: ItemRequest): Promise<undefined> {
  const path = itemPath(request);
  return deleteResource(deps, request, { ...item(request), path, remove: operations.deleteForwardingNumber });
}

function item({ extensionId }: ItemRequest) {
  const toOutput = (wire: WireForwardingNumber) => toForwardingNumber(wire, extensionId);
  return { read: operations.getForwardingNumber, toOutput };
}

function itemPath({ extensionId, path }: ItemRequest) {
  return { extensionId, forwardingNumberId: path.forwardingNumberId };
}
