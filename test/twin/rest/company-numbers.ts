import type { CompanyNumber } from "../data/world.ts";
import { type HttpResponse, json } from "../edge/response.ts";
import { forEachId } from "./bulk-ids.ts";
import { accountUri, type Call, extensionUri } from "./call.ts";
import { invalidParameter, notFound, restError } from "./errors.ts";
import { extensionStatuses, paymentTypes, statuses, usageTypes } from "./number-enums.ts";
import { listBody, readPageRequest } from "./paging.ts";

/** Reservations of the carrier, shown by no list call [spec]. */
const neverListed = ["NumberPool", "NumberStorage"];

const listUri = (call: Call) => `${accountUri(call)}/phone-number`;

function toRecord(call: Call, number: CompanyNumber) {
  const { extensionId, ...fields } = number;
  return {
    uri: `${listUri(call)}/${number.id}`,
    ...fields,
    ...(extensionId !== undefined && { extension: ownerOf(call, extensionId) }),
  };
}

function ownerOf(call: Call, extensionId: string) {
  const extension = call.account.extensions.get(extensionId);
  return {
    id: Number(extensionId),
    uri: extensionUri(call, extensionId),
    ...(extension && { name: extension.name, extensionNumber: extension.extensionNumber }),
  };
}

/** @returns the values of a repeated filter, each checked against its enum */
export function readFilter(call: Call, name: string, known: readonly string[]): string[] {
  const values = call.request.query.getAll(name);
  const unknown = values.find((value) => !known.includes(value));
  if (unknown !== undefined) throw invalidParameter(name, unknown);
  return values;
}

/** @returns a predicate for a filter; without the filter it accepts every value */
export function fits(values: readonly string[], value: string): boolean {
  return values.length === 0 || values.includes(value);
}

function visibleNumbers({ account, user }: Call): CompanyNumber[] {
  const listed = account.numbers.filter(({ usageType }) => !neverListed.includes(usageType));
  // With any filter, users who are not administrators see the direct numbers of extensions only [docs: NUM] [unsure].
  return user.admin
    ? listed
    : listed.filter(({ usageType, extensionId }) => usageType === "DirectNumber" && extensionId);
}

export function listCompanyNumbers(call: Call): HttpResponse {
  const usageType = readFilter(call, "usageType", usageTypes);
  const paymentType = readFilter(call, "paymentType", paymentTypes);
  const status = readFilter(call, "status", statuses);
  const [extensionStatus] = readFilter(call, "extensionStatus", extensionStatuses).slice(0, 1);
  const numbers = visibleNumbers(call).filter(
    (number) =>
      fits(usageType, number.usageType) &&
      fits(paymentType, number.paymentType) &&
      fits(status, number.status) &&
      (extensionStatus === undefined || statusOfOwner(call, number) === extensionStatus),
  );
  const filters = [
    ...usageType.map((value) => ["usageType", value] as const),
    ...paymentType.map((value) => ["paymentType", value] as const),
    ...status.map((value) => ["status", value] as const),
    ...(extensionStatus === undefined ? [] : [["extensionStatus", extensionStatus] as const]),
  ];
  const record = (number: CompanyNumber) => toRecord(call, number);
  return json(200, listBody(listUri(call), numbers, readPageRequest(call), filters, record));
}

function statusOfOwner({ account }: Call, { extensionId }: CompanyNumber): string | undefined {
  return extensionId === undefined ? "Unassigned" : account.extensions.get(extensionId)?.status;
}

/** Administrators only; the documentation names no other reader [docs: ERR CMN-402] [unsure]. */
export function getCompanyNumber(call: Call): HttpResponse {
  if (!call.user.admin) throw restError(403, "CMN-402", "Administrator permission required");
  const everyId = () => visibleNumbers(call).map(({ id }) => String(id));
  return forEachId(call, everyId, (id) => {
    const number = call.account.numbers.find((each) => String(each.id) === id);
    if (number === undefined) throw notFound("phoneNumberId");
    return json(200, toRecord(call, number));
  });
}
