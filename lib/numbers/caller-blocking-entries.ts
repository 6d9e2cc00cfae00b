import type {
  CallerBlockingNumber,
  CallerBlockingNumberUpdate,
  NewCallerBlockingNumber,
} from "../contract/caller-blocking.ts";
import type { Clock } from "../platform/clock.ts";
import { canonicalJson } from "../platform/content-tag.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireCallerBlockingNumber } from "../ringcentral/api/wire.ts";
import { toCallerBlockingNumber, wireStatus } from "./caller-blocking.ts";
import { requireChange } from "./change.ts";
import { findInList } from "./find-in-list.ts";
import { type CountryInQuery, withE164 } from "./phone-number-input.ts";
import { toE164 } from "./phone-number-output.ts";
import { requireMatch } from "./precondition.ts";
import type { WriteRequest } from "./request.ts";
import { createOnce, deleteOnce, replaceOnce } from "./write-once.ts";

export interface CallerBlockingEntriesDeps {
  ringcentral: RingCentral;
  clock: Clock;
}

/** Puts a number on the blocked or the allowed list, once. */
export async function addCallerBlockingNumber(
  deps: CallerBlockingEntriesDeps,
  request: WriteRequest & CountryInQuery & { body: NewCallerBlockingNumber },
): Promise<{ id: string; data: CallerBlockingNumber }> {
  const { phoneNumber, label, status = "blocked" } = withE164(request.body, request.query.country);
  const data = toCallerBlockingNumber(
    await addEntry(deps, request, { phoneNumber, label, status: wireStatus[status] }),
  );
  return { id: data.id, data };
}

/** One entry of the current family; the natural key is its number and list. */
export function addEntry(
  deps: CallerBlockingEntriesDeps,
  request: WriteRequest,
  entry: { phoneNumber: string; label: string | undefined; status: "Blocked" | "Allowed" },
): Promise<WireCallerBlockingNumber> {
  const path = { extensionId: request.extensionId };
  const { phoneNumber, label, status } = entry;
  return createOnce(
    { clock: deps.clock, deadline: request.deadline, resolveFirst: request.resolveFirst },
    (deadline) =>
      deps.ringcentral.call(
        operations.addCallerBlockingNumber,
        { path, body: { phoneNumber, ...(label !== undefined && { label }), status } },
        { ...request, deadline },
      ),
    (deadline) =>
      findInList(
        (page, perPage) =>
          deps.ringcentral.call(
            operations.listCallerBlockingNumbers,
            { path, query: { page, perPage, status } },
            { ...request, deadline, fresh: true },
          ),
        (wire) => toE164(wire.phoneNumber) === phoneNumber,
      ),
  );
}

type EntryRequest = WriteRequest & { path: { id: string } };

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
  const read = (deadline: Deadline) =>
    deps.ringcentral.call(
      operations.getCallerBlockingNumber,
      { path },
      { ...request, deadline, fresh: true },
    );
  const current = await read(request.deadline);
  requireMatch(request.ifMatch, toCallerBlockingNumber(current));
  const body = entryBody({
    phoneNumber: change.phoneNumber ?? current.phoneNumber,
    label: change.label ?? current.label,
    status: change.status === undefined ? current.status : wireStatus[change.status],
  });
  const wire = await replaceOnce(
    { clock: deps.clock, deadline: request.deadline },
    (deadline) =>
      deps.ringcentral.call(operations.updateCallerBlockingNumber, { path, body }, { ...request, deadline }),
    read,
    (now) => canonicalJson(entryBody(now)) === canonicalJson(body),
  );
  return toCallerBlockingNumber(wire);
}

function entryBody({ phoneNumber, label, status }: Omit<WireCallerBlockingNumber, "id">) {
  return { phoneNumber, ...(label !== undefined && { label }), status };
}

/** Takes an entry off its list. */
export async function deleteCallerBlockingNumber(
  deps: CallerBlockingEntriesDeps,
  request: EntryRequest,
): Promise<undefined> {
  const path = entryPath(request);
  if (request.ifMatch !== undefined) {
    const current = await deps.ringcentral.call(
      operations.getCallerBlockingNumber,
      { path },
      { ...request, fresh: true },
    );
    requireMatch(request.ifMatch, toCallerBlockingNumber(current));
  }
  await deleteOnce({ clock: deps.clock, deadline: request.deadline }, (deadline) =>
    deps.ringcentral.call(operations.deleteCallerBlockingNumber, { path }, { ...request, deadline }),
  );
}

function entryPath(request: EntryRequest) {
  return { extensionId: request.extensionId, blockedNumberId: request.path.id };
}
