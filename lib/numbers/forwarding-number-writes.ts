import type {
  ForwardingNumber,
  ForwardingNumberUpdate,
  NewForwardingNumber,
} from "../contract/forwarding-numbers.ts";
import { type FieldError, ProblemError } from "../contract/problems.ts";
import type { Clock } from "../platform/clock.ts";
import { canonicalJson } from "../platform/content-tag.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireForwardingNumber } from "../ringcentral/api/wire.ts";
import { requireChange } from "./change.ts";
import { findInList } from "./find-in-list.ts";
import { toForwardingNumber } from "./forwarding-numbers.ts";
import { type CountryInQuery, withE164 } from "./phone-number-input.ts";
import { toE164 } from "./phone-number-output.ts";
import { requireMatch } from "./precondition.ts";
import type { WriteRequest } from "./request.ts";
import { createOnce, deleteOnce, replaceOnce } from "./write-once.ts";

export interface ForwardingWritesDeps {
  ringcentral: RingCentral;
  clock: Clock;
}

/** The body of op 5, checked for what RingCentral demands of the combination. @throws ProblemError */
export function checkNewForwardingNumber(body: NewForwardingNumber): void {
  const errors: FieldError[] = [];
  const fault = (field: string, code: string, detail: string) =>
    errors.push({ in: "body", field, code, detail });
  // [docs: FWD] A PhoneLine is a device; everything else is an external number.
  if (body.type === "PhoneLine") {
    if (body.deviceId === undefined) fault("deviceId", "required", "Type PhoneLine needs a device.");
    if (body.phoneNumber !== undefined) fault("phoneNumber", "conflict", "Type PhoneLine takes no number.");
  } else {
    if (body.phoneNumber === undefined) fault("phoneNumber", "required", "A number is required.");
    if (body.deviceId !== undefined) fault("deviceId", "conflict", "Only type PhoneLine takes a device.");
  }
  if (errors.length > 0) throw new ProblemError("request_invalid", { errors });
}

/**
 * What op 5 is sent. `flipNumber` is a number here and text everywhere else [spec: OAS]; `id` is in RingCentral's
 * schema without a meaning and is never sent.
 */
export function newForwardingNumberWire(body: NewForwardingNumber): Record<string, unknown> {
  return {
    ...(body.phoneNumber !== undefined && { phoneNumber: body.phoneNumber }),
    ...(body.deviceId !== undefined && { device: { id: body.deviceId } }),
    ...(body.type !== undefined && { type: body.type }),
    ...(body.label !== undefined && { label: body.label }),
    ...(body.flipNumber !== undefined && { flipNumber: body.flipNumber }),
  };
}

/** Adds a forwarding number (op 5), once. */
export async function addForwardingNumber(
  deps: ForwardingWritesDeps,
  request: WriteRequest & CountryInQuery & { body: NewForwardingNumber },
): Promise<{ id: string; data: ForwardingNumber }> {
  checkNewForwardingNumber(request.body);
  const body = withE164(request.body, request.query.country);
  const path = { extensionId: request.extensionId };
  const wire = await createOnce(
    { clock: deps.clock, deadline: request.deadline, resolveFirst: request.resolveFirst },
    (deadline) =>
      deps.ringcentral.call(
        operations.addForwardingNumber,
        { path, body: newForwardingNumberWire(body) },
        { ...request, deadline },
      ),
    (deadline) =>
      findInList(
        (page, perPage) =>
          deps.ringcentral.call(
            operations.listForwardingNumbers,
            { path, query: { page, perPage } },
            { ...request, deadline, fresh: true },
          ),
        (candidate) => isSameTarget(candidate, body),
      ),
  );
  const data = toForwardingNumber(wire);
  return { id: data.id, data };
}

/** The natural key: the device of a desk phone, else the number and the type it was added as. */
function isSameTarget(wire: WireForwardingNumber, body: NewForwardingNumber): boolean {
  if (body.deviceId !== undefined) return wire.device?.id === body.deviceId;
  if (wire.phoneNumber === undefined || toE164(wire.phoneNumber) !== body.phoneNumber) return false;
  return wire.type === (body.type ?? "Other");
}

/**
 * Changes a forwarding number (op 6).
 *
 * One guide treats PUT as "send what changes", the general rule says that omitted fields reset [docs: FWD, URIS].
 * Reading first, merging, and sending the complete set of four is right under both.
 */
export async function updateForwardingNumber(
  deps: ForwardingWritesDeps,
  request: WriteRequest &
    CountryInQuery & { path: { forwardingNumberId: string }; body: ForwardingNumberUpdate },
): Promise<ForwardingNumber> {
  requireChange(request.body);
  const change = withE164(request.body, request.query.country);
  const path = itemPath(request);
  const read = (deadline: Deadline) =>
    deps.ringcentral.call(operations.getForwardingNumber, { path }, { ...request, deadline, fresh: true });
  const current = await read(request.deadline);
  requireMatch(request.ifMatch, toForwardingNumber(current));
  const body = mergedForwardingNumberWire(current, change);
  const wire = await replaceOnce(
    { clock: deps.clock, deadline: request.deadline },
    (deadline) =>
      deps.ringcentral.call(operations.updateForwardingNumber, { path, body }, { ...request, deadline }),
    read,
    (now) => canonicalJson(mergedForwardingNumberWire(now, {})) === canonicalJson(body),
  );
  return toForwardingNumber(wire);
}

/** Removes a forwarding number. */
export async function deleteForwardingNumber(
  deps: ForwardingWritesDeps,
  request: WriteRequest & { path: { forwardingNumberId: string } },
): Promise<undefined> {
  const path = itemPath(request);
  if (request.ifMatch !== undefined) {
    const current = await deps.ringcentral.call(
      operations.getForwardingNumber,
      { path },
      { ...request, fresh: true },
    );
    requireMatch(request.ifMatch, toForwardingNumber(current));
  }
  await deleteOnce({ clock: deps.clock, deadline: request.deadline }, (deadline) =>
    deps.ringcentral.call(operations.deleteForwardingNumber, { path }, { ...request, deadline }),
  );
}

function itemPath(request: WriteRequest & { path: { forwardingNumberId: string } }) {
  return { extensionId: request.extensionId, forwardingNumberId: request.path.forwardingNumberId };
}

export function mergedForwardingNumberWire(
  current: WireForwardingNumber,
  change: ForwardingNumberUpdate,
): Record<string, unknown> {
  const phoneNumber = change.phoneNumber ?? current.phoneNumber;
  const label = change.label ?? current.label;
  const flipNumber = change.flipNumber?.toString() ?? current.flipNumber;
  const type = change.type ?? current.type;
  return {
    ...(phoneNumber !== undefined && { phoneNumber }),
    ...(label !== undefined && { label }),
    ...(flipNumber !== undefined && { flipNumber }),
    ...(type !== undefined && { type }),
  };
}
