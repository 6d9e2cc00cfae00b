import type { CompanyNumber } from "../data/world.ts";
import { type HttpResponse, json } from "../edge/response.ts";
import { type ExtensionCall, extensionUri } from "./call.ts";
import { fits, readFilter } from "./company-numbers.ts";
import { statuses, usageTypes } from "./number-enums.ts";
import { listBody, readPageRequest } from "./paging.ts";

const listUri = (call: ExtensionCall) => `${extensionUri(call, call.extension.id)}/phone-number`;

function toRecord(call: ExtensionCall, { extensionId: _owner, ...number }: CompanyNumber) {
  const isFax = number.type === "FaxOnly";
  return {
    uri: `${listUri(call)}/${number.id}`,
    ...number,
    country: {
      id: "1",
      uri: `${call.baseUrl}/restapi/v1.0/dictionary/country/1`,
      name: "United States",
      isoCode: "US",
      callingCode: "1",
    },
    features:
      isFax || number.usageType !== "DirectNumber" ? ["CallerId"] : ["CallerId", "SmsSender", "MmsSender"],
  };
}

/** The Light list: an extension's own numbers and the company's main number, which it may also use [spec]. */
export function listExtensionNumbers(call: ExtensionCall): HttpResponse {
  const usageType = readFilter(call, "usageType", usageTypes);
  const status = readFilter(call, "status", statuses);
  const numbers = call.account.numbers.filter(
    (number) =>
      (number.extensionId === call.extension.id || number.usageType === "MainCompanyNumber") &&
      fits(usageType, number.usageType) &&
      fits(status, number.status),
  );
  const filters = [
    ...usageType.map((value) => ["usageType", value] as const),
    ...status.map((value) => ["status", value] as const),
  ];
  const record = (number: CompanyNumber) => toRecord(call, number);
  return json(200, listBody(listUri(call), numbers, readPageRequest(call), filters, record));
}
