import type {
  ForwardingNumber,
  ForwardingNumberUpdate,
  NewForwardingNumber,
} from "../contract/forwarding-numbers.ts";
import { type FieldError, ProblemError } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireForwardingNumber } from "../ringcentral/api/wire.ts";
import { toForwardingNumber } from "./forwarding-numbers.ts";
import { type CountryInQuery, withE164 } from "./phone-number-input.ts";
import { toE164 } from "./phone-number-output.ts";
import type { NumbersDeps, WriteRequest } from "./request.ts";
import { findInList, pagesOf } from "./upstream-list.ts";
import { createOnce } from "./write-once.ts";
import { deleteResource, updateResource } from "./write-resource.ts";

/** Adds a forwarding number (op 5), once. */
export async function addForwardingNumber(
  { ringcentral, clock }: NumbersDeps,
  request: WriteRequest & CountryInQuery & { body: NewForwardingNumber },
): Promise<{ id: string; data: ForwardingNumber }> {
  requireTarget(request.body);
  const added = withE164(request.body, request.query.country);
  const { phoneNumber, deviceId, type, label, flipNumber } = added;
  const path = { extensionId: request.extensionId };
  // `flipNumber` is a number here and text everywhere else; `id` is in the schema without a meaning [spec: OAS].
  const device = deviceId === undefined ? undefined : { id: deviceId };
  const body = omitUndefined({ phoneNumber, device, type, label, flipNumber });
  const wire = await createOnce(
    { ...request, clock },
    (call) => ringcentral.call(operations.addForwardingNumber, { path, body }, call),
    (call) =>
      findInList(pagesOf(ringcentral, operations.listForwardingNumbers, { path }, call), (candidate) =>
        isSameTarget(candidate, added),
      ),
  );
  return { id: wire.id, data: toForwardingNumber(wire) };
}

/** A PhoneLine is a device; every other type is an external number [docs: FWD]. @throws ProblemError `request_invalid` */
function requireTarget({ type, phoneNumber, deviceId }: NewForwardingNumber): void {
  const errors: FieldError[] = [];
  const fault = (field: string, code: string, detail: string) =>
    errors.push({ in: "body", field, code, detail });
  if (type === "PhoneLine") {
    if (deviceId === undefined) fault("deviceId", "required", "Type PhoneLine needs a device.");
    if (phoneNumber !== undefined) fault("phoneNumber", "conflict", "Type PhoneLine takes no number.");
  } else {
    if (phoneNumber === undefined) fault("phoneNumber", "required", "A number is required.");
    if (deviceId !== undefined) fault("deviceId", "conflict", "Only type PhoneLine takes a device.");
  }
  if (errors.length > 0) throw new ProblemError("request_invalid", { errors });
}

/** The natural key: the device of a desk phone, otherwise the number and its type. */
function isSameTarget(wire: WireForwardingNumber, added: NewForwardingNumber): boolean {
  if (added.deviceId !== undefined) return wire.device?.id === added.deviceId;
  if (wire.phoneNumber === undefined || toE164(wire.phoneNumber) !== added.phoneNumber) return false;
  return wire.type === (added.type ?? "Other");
}

type ItemRequest = WriteRequest & { path: { forwardingNumberId: string } };

const item = { read: operations.getForwardingNumber, toOutput: toForwardingNumber };

/**
 * Changes a forwarding number (op 6). One guide says "send what changes", the general rule says that omitted fields
 * reset [docs: FWD, URIS]: the complete set of four is right under both.
 */
export async function updateForwardingNumber(
  deps: NumbersDeps,
  request: ItemRequest & CountryInQuery & { body: ForwardingNumberUpdate },
): Promise<ForwardingNumber> {
  const change = withE164(request.body, request.query.country);
  return updateResource(deps, request, {
    ...item,
    path: itemPath(request),
    write: operations.updateForwardingNumber,
    merge: (current) => merged(current, change),
    toBody: (wire) => merged(wire, {}),
  });
}

function merged(current: WireForwardingNumber, change: ForwardingNumberUpdate) {
  return omitUndefined({
    phoneNumber: change.phoneNumber ?? current.phoneNumber,
    label: change.label ?? current.label,
    flipNumber: change.flipNumber?.toString() ?? current.flipNumber,
    type: change.type ?? current.type,
  });
}

/** Removes a forwarding number. */
export async function deleteForwardingNumber(deps: NumbersDeps, request: ItemRequest): Promise<undefined> {
  const path = itemPath(request);
  return deleteResource(deps, request, { ...item, path, remove: operations.deleteForwardingNumber });
}

function itemPath({ extensionId, path }: ItemRequest) {
  return { extensionId, forwardingNumberId: path.forwardingNumberId };
}
