import type {
  CallerBlockingNumber,
  CallerBlockingNumberUpdate,
  NewCallerBlockingNumber,
} from "../contract/resources/caller-blocking.ts";
import type { RingCentral } from "../ringcentral/operation.ts";
import * as operations from "../ringcentral/operations.ts";
import { toCallerBlockingNumber, wireStatus } from "./caller-blocking.ts";
import { requireChange } from "./change.ts";
import { type CountryInQuery, withE164 } from "./phone-number-input.ts";
import type { NumbersRequest } from "./request.ts";

export interface CallerBlockingEntriesDeps {
  ringcentral: RingCentral;
}

/** Puts a number on the blocked or the allowed list. */
export async function addCallerBlockingNumber(
  deps: CallerBlockingEntriesDeps,
  request: NumbersRequest & CountryInQuery & { body: NewCallerBlockingNumber },
): Promise<{ id: string; data: CallerBlockingNumber }> {
  const { phoneNumber, label, status = "blocked" } = withE164(request.body, request.query.country);
  const wire = await deps.ringcentral.call(
    operations.addCallerBlockingNumber,
    {
      path: { extensionId: request.extensionId },
      body: { phoneNumber, ...(label !== undefined && { label }), status: wireStatus[status] },
    },
    request,
  );
  const data = toCallerBlockingNumber(wire);
  return { id: data.id, data };
}

type EntryRequest = NumbersRequest & { path: { id: string } };

/**
 * Changes an entry. RingCentral's general rule is that a PUT resets what it leaves out [docs: URIS]: the entry is
 * read, merged and sent whole.
 */
export async function updateCallerBlockingNumber(
  deps: CallerBlockingEntriesDeps,
  request: EntryRequest & CountryInQuery & { body: CallerBlockingNumberUpdate },
): Promise<CallerBlockingNumber> {
  requireChange(request.body);
  const change = withE164(request.body, request.query.country);
  const path = entryPath(request);
  const current = await deps.ringcentral.call(operations.getCallerBlockingNumber, { path }, request);
  const label = change.label ?? current.label;
  const body = {
    phoneNumber: change.phoneNumber ?? current.phoneNumber,
    ...(label !== undefined && { label }),
    status: change.status === undefined ? current.status : wireStatus[change.status],
  };
  return toCallerBlockingNumber(
    await deps.ringcentral.call(operations.updateCallerBlockingNumber, { path, body }, request),
  );
}

/** Takes an entry off its list. */
export async function deleteCallerBlockingNumber(
  deps: CallerBlockingEntriesDeps,
  request: EntryRequest,
): Promise<undefined> {
  await deps.ringcentral.call(operations.deleteCallerBlockingNumber, { path: entryPath(request) }, request);
}

function entryPath(request: EntryRequest) {
  return { extensionId: request.extensionId, blockedNumberId: request.path.id };
}
