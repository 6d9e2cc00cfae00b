import type { CallerBlockingEntry } from "../data/world.ts";
import { type HttpResponse, json, noContent } from "../edge/response.ts";
import { type ExtensionCall, extensionUri } from "./call.ts";
import { addEntry } from "./caller-blocking-list.ts";
import { idMismatch, notFound, tooLong } from "./errors.ts";
import { readJsonObject, stringField } from "./json-body.ts";
import { listBody, readPageRequest } from "./paging.ts";
import { requiredPhoneNumber } from "./phone-number-format.ts";

const listUri = (call: ExtensionCall) => `${extensionUri(call, call.extension.id)}/blocked-number`;

/** The legacy endpoint has `name` for the current one's `label`, and no status [sdk source]. */
function toRecord(call: ExtensionCall, entry: CallerBlockingEntry) {
  return {
    id: entry.legacyId,
    uri: `${listUri(call)}/${entry.legacyId}`,
    ...(entry.label !== undefined && { name: entry.label }),
    phoneNumber: entry.phoneNumber,
  };
}

function find(call: ExtensionCall): CallerBlockingEntry {
  const { extension, params } = call;
  const entry = extension.callerBlocking.find(
    ({ legacyId, status }) => legacyId === params.id && status === "Blocked",
  );
  if (entry === undefined) throw notFound("blockedNumberId");
  return entry;
}

function readName(body: Record<string, unknown>): string | undefined {
  const name = stringField(body, "name");
  if (name !== undefined && name.length > 60) throw tooLong("name", 60);
  return name === "" ? undefined : name;
}

/** Paging is not declared, yet `perPage` is in its error table, so both are accepted [old reference]. */
export function listBlockedNumbers(call: ExtensionCall): HttpResponse {
  const blocked = call.extension.callerBlocking.filter(({ status }) => status === "Blocked");
  const record = (entry: CallerBlockingEntry) => toRecord(call, entry);
  return json(200, listBody(listUri(call), blocked, readPageRequest(call), [], record));
}

export function addBlockedNumber(call: ExtensionCall): HttpResponse {
  const body = readJsonObject(call.request);
  const phoneNumber = requiredPhoneNumber(body);
  const label = readName(body);
  const entry = addEntry(call, { phoneNumber, status: "Blocked", ...(label !== undefined && { label }) });
  return json(200, toRecord(call, entry));
}

export function getBlockedNumber(call: ExtensionCall): HttpResponse {
  return json(200, toRecord(call, find(call)));
}

/** Only the name may change, and the body must repeat the id of the path [observed: TS]. */
export function renameBlockedNumber(call: ExtensionCall): HttpResponse {
  const entry = find(call);
  const body = readJsonObject(call.request);
  if (stringField(body, "id") !== entry.legacyId) throw idMismatch("id");
  const name = readName(body);
  if (name === undefined) delete entry.label;
  else entry.label = name;
  return json(200, toRecord(call, entry));
}

export function deleteBlockedNumber(call: ExtensionCall): HttpResponse {
  const entry = find(call);
  call.extension.callerBlocking = call.extension.callerBlocking.filter((each) => each !== entry);
  return noContent();
}
