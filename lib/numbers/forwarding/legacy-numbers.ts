import type { ForwardingNumber } from "../../contract/forwarding-numbers.ts";
import type { Page } from "../../contract/paging.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import * as operations from "../../ringcentral/api/operations.ts";
import type { WireForwardingNumber } from "../../ringcentral/api/wire.ts";
import { toE164, toExtensionReference } from "../shared/phone-number-output.ts";
import type { ListRequest, NumbersDeps, NumbersRequest } from "../shared/request.ts";
import { listPage, pagesOf } from "../shared/upstream-list.ts";

/** Where the extension's calls can be forwarded or flipped to. */
export async function listForwardingNumbers(
  deps: NumbersDeps,
  { extensionId, page, call }: ListRequest,
): Promise<Page<ForwardingNumber>> {
  const pages = pagesOf(deps.ringcentral, operations.listForwardingNumbers, { path: { extensionId } }, call);
  return listPage(deps, page, pages, (wire) => toForwardingNumber(wire, extensionId));
}

/**
 * A number as callers see it. The own apps of an extension have no label, and the extension's name and number are not
 * repeated: the new call handling has neither.
 */
export function toForwardingNumber(wire: WireForwardingNumber, extensionId: string): ForwardingNumber {
  const owner = toExtensionReference(wire.extension);
  const isOwnApps = wire.type === "ExtensionApps" && (owner?.id ?? extensionId) === extensionId;
  const flipNumber = Number.parseInt(wire.flipNumber ?? "", 10);
  return omitUndefined({
    id: wire.id,
    phoneNumber: wire.phoneNumber && toE164(wire.phoneNumber),
    label: isOwnApps ? undefined : wire.label,
    type: wire.type,
    features: wire.features,
    flipNumber: Number.isInteger(flipNumber) ? flipNumber : undefined,
    deviceId: wire.device?.id,
    extension: isOwnApps ? { id: extensionId } : owner,
  });
}

/** One number of the list. */
export async function getForwardingNumber(
  { ringcentral }: Pick<NumbersDeps, "ringcentral">,
  { extensionId, path, call }: NumbersRequest & { path: { forwardingNumberId: string } },
): Promise<ForwardingNumber> {
  const input = { path: { ...path, extensionId } };
  return toForwardingNumber(await ringcentral.call(operations.getForwardingNumber, input, call), extensionId);
}
