import type {
  ForwardingNumber,
  ForwardingNumberUpdate,
  NewForwardingNumber,
} from "../../contract/forwarding-numbers.ts";
import { type FieldError, ProblemError } from "../../contract/problems.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import * as operations from "../../ringcentral/api/operations.ts";
import type { WireForwardingNumber } from "../../ringcentral/api/wire.ts";
import { type CountryInQuery, isSameLabel, isSameNumber, withE164 } from "../shared/phone-number-input.ts";
import type { NumbersDeps, WriteRequest } from "../shared/request.ts";
import { findInList, pagesOf } from "../shared/upstream-list.ts";
import { createOnce } from "../shared/write-once.ts";
import { deleteResource, updateResource } from "../shared/write-resource.ts";
import { toForwardingNumber } from "./legacy-numbers.ts";

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
  const wire = await createOnce(
    { ...request, clock },
    (call) => ringcentral.call(operations.addForwardingNumber, { path, body }, call),
    (call) =>
      findInList(pagesOf(ringcentral, operations.listForwardingNumbers, { path }, call), (candidate) =>
        isAsAsked(candidate, added),
      ),
  );
  return { id: wire.id, data: toForwardingNumber(wire) };
}

/** The number that a request adds, in E.164. @throws ProblemError `request_invalid` */
export function newNumber({
  body,
  query,
}: CountryInQuery & { body: NewForwardingNumber }): NewForwardingNumber {
  requireTarget(body);
  return withE164(body, query.country);
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

/**
 * Whether an entry is the requested one, in the fields of the request. The same number with another label is another
 * caller's. RingCentral keeps a label for type Other only, and a desk phone's is the device's name [docs: FWD].
 */
function isAsAsked(wire: WireForwardingNumber, asked: NewForwardingNumber): boolean {
  const { deviceId, phoneNumber = "", type = "Other", label, flipNumber } = asked;
  if (flipNumber !== undefined && Number(wire.flipNumber) !== flipNumber) return false;
  if (deviceId !== undefined) return wire.device?.id === deviceId;
  if (wire.type !== type || !isSameNumber(wire.phoneNumber ?? "", phoneNumber)) return false;
  return label === undefined || type !== "Other" || isSameLabel(wire.label, label);
}

type ItemRequest = WriteRequest & { path: { forwardingNumberId: string } };

const item = { read: operations.getForwardingNumber, toOutput: toForwardingNumber };

/**
 * Changes a forwarding number. One guide says "send what changes", the general rule says that omitted fields
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
