import type { FlipRow } from "../../data/call-handling.ts";
import { type HttpResponse, json } from "../../edge/response.ts";
import type { ExtensionCall } from "../call.ts";
import { duplicateValue, invalidParameter, missingParameter } from "../errors.ts";
import { checkFlipDigit } from "../forwarding-rules.ts";
import { type JsonObject, labelField, readJsonObject, stringField } from "../json-body.ts";
import { requireCallHandling } from "./access.ts";
import { checkNewNumber } from "./new-numbers.ts";

const maxRows = 10;

/** The whole list: it has no pages and no entity tag [spec]. */
export function readCallFlipNumbers(call: ExtensionCall): HttpResponse {
  return json(200, { records: requireCallHandling(call).flips });
}

/**
 * Replaces the whole list: an omitted row is removed, and a row without an id is new. The platform's own rows can be
 * neither added nor changed, except for their flip digit. The codes of the rejections are unpublished [unsure].
 */
export function replaceCallFlipNumbers(call: ExtensionCall): HttpResponse {
  const callHandling = requireCallHandling(call);
  const { records } = readJsonObject(call.request);
  if (!Array.isArray(records)) throw missingParameter("records");
  if (records.length > maxRows) throw invalidParameter("records", `more than ${maxRows}`);
  const rows = records.map((record: unknown) => readRow(call, record, callHandling.flips));
  const repeated = (value: (row: FlipRow) => string | undefined) =>
    rows.map(value).find((each, index, all) => each !== undefined && all.indexOf(each) !== index);
  const id = repeated((row) => row.id);
  if (id !== undefined) throw duplicateValue("id", id);
  const number = repeated(({ phoneNumber }) => phoneNumber);
  if (number !== undefined) throw duplicateValue("phoneNumber", number);
  const digit = repeated(({ flipNumber }) => flipNumber);
  if (digit !== undefined) throw duplicateValue("flipNumber", digit);
  const lost = callHandling.flips.filter(
    (row) => row.type !== "External" && !rows.some((each) => each.id === row.id),
  );
  const { omittedSystemFlip } = call.settings;
  if (lost.length > 0 && omittedSystemFlip === "CMN-101") throw invalidParameter("records");
  callHandling.flips = omittedSystemFlip === "kept" ? [...lost, ...rows] : rows;
  return json(200, { records: callHandling.flips });
}

function readRow(call: ExtensionCall, value: unknown, former: readonly FlipRow[]): FlipRow {
  if (typeof value !== "object" || value === null) throw invalidParameter("records");
  const record: JsonObject = { ...value };
  const id = stringField(record, "id");
  const type = stringField(record, "type") ?? "External";
  const row = former.find((each) => each.id === id);
  if (id !== undefined && row === undefined) throw invalidParameter("id", id);
  const label = labelField(record);
  const digit = stringField(record, "flipNumber");
  const flipNumber = digit === undefined ? {} : { flipNumber: checkFlipDigit(digit, true) };
  if (row !== undefined && row.type !== "External") {
    if (type !== row.type) throw invalidParameter("type", type);
    if (record.phoneNumber !== row.phoneNumber) throw invalidParameter("phoneNumber", record.phoneNumber);
    const { flipNumber: _former, ...fixed } = row;
    return { ...fixed, ...flipNumber };
  }
  if (type !== "External") throw invalidParameter("type", type);
  const phoneNumber =
    typeof record.phoneNumber === "string" && record.phoneNumber === row?.phoneNumber
      ? record.phoneNumber
      : checkNewNumber(call, record.phoneNumber);
  const ownId = id ?? String(call.world.nextId());
  return { id: ownId, phoneNumber, type, ...(label !== undefined && { label }), ...flipNumber };
}
