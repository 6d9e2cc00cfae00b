import type { BlockedNumber, NewBlockedNumber } from "../contract/blocked-numbers.ts";
import type { Clock } from "../platform/clock.ts";
import type { RingCentral } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import type { WireBlockedNumber } from "../ringcentral/api/wire.ts";
import type { BlockedNumberFamilies } from "./blocked-number-family.ts";
import { toBlockedNumber } from "./blocked-numbers.ts";
import { addEntry } from "./caller-blocking-entries.ts";
import { findInList } from "./find-in-list.ts";
import { type CountryInQuery, withE164 } from "./phone-number-input.ts";
import { toE164 } from "./phone-number-output.ts";
import type { WriteRequest } from "./request.ts";
import { createOnce } from "./write-once.ts";

export interface AddBlockedNumberDeps {
  ringcentral: RingCentral;
  families: BlockedNumberFamilies;
  clock: Clock;
}

/** Blocks a number (op 2, or its successor with status Blocked), once. */
export async function addBlockedNumber(
  deps: AddBlockedNumberDeps,
  request: WriteRequest & CountryInQuery & { body: NewBlockedNumber },
): Promise<{ id: string; data: BlockedNumber }> {
  const { phoneNumber, label } = withE164(request.body, request.query.country);
  const data = await deps.families.choose(request, async (family) =>
    toBlockedNumber(
      family === "legacy"
        ? await addLegacyEntry(deps, request, phoneNumber, label)
        : await addEntry(deps, request, { phoneNumber, label, status: "Blocked" }),
    ),
  );
  return { id: data.id, data };
}

function addLegacyEntry(
  deps: AddBlockedNumberDeps,
  request: WriteRequest,
  phoneNumber: string,
  label: string | undefined,
): Promise<WireBlockedNumber> {
  const path = { extensionId: request.extensionId };
  return createOnce(
    { clock: deps.clock, deadline: request.deadline, resolveFirst: request.resolveFirst },
    (deadline) =>
      deps.ringcentral.call(
        operations.addBlockedNumber,
        { path, body: { phoneNumber, ...(label !== undefined && { name: label }) } },
        { ...request, deadline },
      ),
    (deadline) =>
      findInList(
        (page, perPage) =>
          deps.ringcentral.call(
            operations.listBlockedNumbers,
            { path, query: { page, perPage } },
            { ...request, deadline, fresh: true },
          ),
        (wire) => toE164(wire.phoneNumber) === phoneNumber,
      ),
  );
}
