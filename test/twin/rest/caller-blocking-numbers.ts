import type { CallerBlockingEntry } from "../data/world.ts";
import { type HttpResponse, json, noContent } from "../edge/response.ts";
import { forEachId } from "./bulk-ids.ts";
import { type ExtensionCall, extensionUri } from "./call.ts";
import { addEntry, duplicateRejection } from "./caller-blocking-list.ts";
import { idMismatch, invalidParameter, notFound } from "./errors.ts";
import {
  enumField,
  labelField,
  readJsonObject,
  readOptionalJsonObject,
  removesLabel,
  stringField,
} from "./json-body.ts";
import { listBody, readPageRequest } from "./paging.ts";
import { phoneNumberField, requiredPhoneNumber } from "./phone-number-format.ts";

const statuses = ["Blocked", "Allowed"] as const;
const maxPage = 1000;

const listUri = (call: ExtensionCall) =>
  `${extensionUri(call, call.extension.id)}/caller-blocking/phone-numbers`;

/** An id: opaque ones are the number itself, so that they change with it [observed]. */
function idOf({ settings }: ExtensionCall, { id, phoneNumber }: CallerBlockingEntry): string {
  return settings.entryIds === "opaque" ? Buffer.from(phoneNumber.slice(1)).toString("base64url") : id;
}

function toRecord(call: ExtensionCall, entry: CallerBlockingEntry) {
  const { phoneNumber, label, status } = entry;
  const id = idOf(call, entry);
  return {
    uri: `${listUri(call)}/${id}`,
    id,
    phoneNumber,
    ...(label !== undefined && { label }),
    status,
  };
}

function find(call: ExtensionCall, id: string): CallerBlockingEntry {
  const entry = call.extension.callerBlocking.find((each) => idOf(call, each) === id);
  if (entry === undefined) throw notFound("blockedNumberId");
  return entry;
}

function everyId(call: ExtensionCall) {
  return () => call.extension.callerBlocking.map((entry) => idOf(call, entry));
}

/** The meaning of an omitted `status` is an option of the twin [unsure]. */
export function listCallerBlockingNumbers(call: ExtensionCall): HttpResponse {
  const asked = call.request.query.get("status") ?? undefined;
  if (asked !== undefined && !statuses.some((each) => each === asked))
    throw invalidParameter("status", asked);
  const status = asked ?? (call.settings.omittedStatusMeans === "Blocked" ? "Blocked" : undefined);
  const rows = call.extension.callerBlocking.filter((each) => status === undefined || each.status === status);
  const filters = status === undefined ? [] : [["status", status] as const];
  const record = (entry: CallerBlockingEntry) => toRecord(call, entry);
  return json(200, listBody(listUri(call), rows, readPageRequest(call, maxPage), filters, record));
}

export function addCallerBlockingNumber(call: ExtensionCall): HttpResponse {
  const body = readJsonObject(call.request);
  const phoneNumber = requiredPhoneNumber(body);
  const label = labelField(body);
  const status = enumField(body, "status", statuses) ?? "Blocked";
  return json(
    200,
    toRecord(call, addEntry(call, { phoneNumber, status, ...(label !== undefined && { label }) })),
  );
}

export function getCallerBlockingNumber(call: ExtensionCall): HttpResponse {
  return forEachId(call, everyId(call), (id) => json(200, toRecord(call, find(call, id))));
}

/** The body is optional [spec]; whether omitted fields are reset is an option of the twin [unsure]. */
export function updateCallerBlockingNumber(call: ExtensionCall): HttpResponse {
  const body = readOptionalJsonObject(call.request);
  return forEachId(call, everyId(call), (id) => {
    const entry = find(call, id);
    if (body !== undefined) change(call, entry, body);
    return json(200, toRecord(call, entry));
  });
}

function change(call: ExtensionCall, entry: CallerBlockingEntry, body: Record<string, unknown>): void {
  const bodyId = stringField(body, "id");
  if (bodyId !== undefined && bodyId !== idOf(call, entry)) throw idMismatch("id");
  const replaces = call.settings.putCallerBlocking === "replace";
  const phoneNumber = phoneNumberField(body, true) ?? entry.phoneNumber;
  const label = labelField(body) ?? (replaces || removesLabel(body) ? undefined : entry.label);
  const status = enumField(body, "status", statuses) ?? (replaces ? "Blocked" : entry.status);
  const twin = call.extension.callerBlocking.find((each) => each.phoneNumber === phoneNumber);
  if (twin !== undefined && twin !== entry) throw duplicateRejection(call, phoneNumber);
  Object.assign(entry, { phoneNumber, status });
  if (label === undefined) delete entry.label;
  else entry.label = label;
}

export function deleteCallerBlockingNumber(call: ExtensionCall): HttpResponse {
  return forEachId(call, everyId(call), (id) => {
    const entry = find(call, id);
    call.extension.callerBlocking = call.extension.callerBlocking.filter((each) => each !== entry);
    return noContent();
  });
}
