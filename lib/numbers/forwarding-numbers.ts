import { type FieldError, ProblemError } from "../contract/problems.ts";
import type {
  ForwardingNumber,
  ForwardingNumberUpdate,
  NewForwardingNumber,
} from "../contract/resources/forwarding-number.ts";
import type { RingCentral } from "../ringcentral/operation.ts";
import * as operations from "../ringcentral/operations.ts";
import type { WireForwardingNumber } from "../ringcentral/wire.ts";
import { requireChange } from "./change.ts";
import type { Page } from "./page.ts";
import { type CountryInQuery, withE164 } from "./phone-number-input.ts";
import { toE164 } from "./phone-number-output.ts";
import type { ListRequest, NumbersRequest } from "./request.ts";
import { readWindow, windowPosition } from "./upstream-window.ts";

export interface ForwardingNumbersDeps {
  ringcentral: RingCentral;
  now: () => number;
}

/** Where the extension's calls can be forwarded or flipped to (op 4). */
export async function listForwardingNumbers(
  deps: ForwardingNumbersDeps,
  request: ListRequest,
): Promise<Page<ForwardingNumber>> {
  const path = { extensionId: request.extensionId };
  const asOf = deps.now();
  const window = await readWindow(
    (page, perPage) =>
      deps.ringcentral.call(operations.listForwardingNumbers, { path, query: { page, perPage } }, request),
    { limit: request.page.limit, position: windowPosition(request.page.position) },
  );
  return {
    items: window.records.map(toForwardingNumber),
    ...(window.next && { next: { ...window.next } }),
    ...(window.total !== undefined && { total: window.total }),
    source: "live",
    asOf,
  };
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

/** Adds a forwarding number (op 5). */
export async function addForwardingNumber(
  deps: ForwardingNumbersDeps,
  request: NumbersRequest & CountryInQuery & { body: NewForwardingNumber },
): Promise<{ id: string; data: ForwardingNumber }> {
  checkNewForwardingNumber(request.body);
  const body = withE164(request.body, request.query.country);
  const wire = await deps.ringcentral.call(
    operations.addForwardingNumber,
    { path: { extensionId: request.extensionId }, body: newForwardingNumberWire(body) },
    request,
  );
  const data = toForwardingNumber(wire);
  return { id: data.id, data };
}

/**
 * Changes a forwarding number (op 6).
 *
 * One guide treats PUT as "send what changes", the general rule says that omitted fields reset [docs: FWD, URIS].
 * Reading first, merging, and sending the complete set of four is right under both.
 */
export async function updateForwardingNumber(
  deps: ForwardingNumbersDeps,
  request: NumbersRequest &
    CountryInQuery & { path: { forwardingNumberId: string }; body: ForwardingNumberUpdate },
): Promise<ForwardingNumber> {
  const { forwardingNumberId } = request.path;
  const path = { extensionId: request.extensionId, forwardingNumberId };
  requireChange(request.body);
  const change = withE164(request.body, request.query.country);
  const current = await deps.ringcentral.call(operations.getForwardingNumber, { path }, request);
  const wire = await deps.ringcentral.call(
    operations.updateForwardingNumber,
    { path, body: mergedForwardingNumberWire(current, change) },
    request,
  );
  return toForwardingNumber(wire);
}

/** Removes a forwarding number. */
export async function deleteForwardingNumber(
  deps: ForwardingNumbersDeps,
  request: NumbersRequest & { path: { forwardingNumberId: string } },
): Promise<undefined> {
  const path = { extensionId: request.extensionId, forwardingNumberId: request.path.forwardingNumberId };
  await deps.ringcentral.call(operations.deleteForwardingNumber, { path }, request);
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

export function toForwardingNumber(wire: WireForwardingNumber): ForwardingNumber {
  const { extension, device } = wire;
  const flipNumber = wire.flipNumber === undefined ? Number.NaN : Number.parseInt(wire.flipNumber, 10);
  return {
    id: wire.id,
    ...(wire.phoneNumber !== undefined && { phoneNumber: toE164(wire.phoneNumber) }),
    ...(wire.label !== undefined && { label: wire.label }),
    type: wire.type,
    features: wire.features,
    ...(Number.isInteger(flipNumber) && { flipNumber }),
    ...(device?.id !== undefined && { deviceId: device.id }),
    ...(extension?.id !== undefined && {
      extension: {
        id: extension.id,
        ...(extension.name !== undefined && { name: extension.name }),
        ...(extension.extensionNumber !== undefined && { extensionNumber: extension.extensionNumber }),
      },
    }),
  };
}
