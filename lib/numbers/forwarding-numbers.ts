import type { ForwardingNumber } from "../contract/forwarding-numbers.ts";
import type { Page } from "../contract/paging.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireForwardingNumber } from "../ringcentral/api/wire.ts";
import { toE164 } from "./phone-number-output.ts";
import type { ListRequest } from "./request.ts";
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
