import type { ForwardingEntry } from "../data/world.ts";
import { type HttpResponse, json, noContent } from "../edge/response.ts";
import { type ExtensionCall, extensionUri } from "./call.ts";
import { missingParameter, notFound, restError } from "./errors.ts";
import {
  requireReadableForwarding,
  requireWritableForwarding,
  shownForwarding,
  storesForwarding,
} from "./forwarding-after-move.ts";
import { createdEntry } from "./forwarding-number-creation.ts";
import { updatedEntry } from "./forwarding-number-update.ts";
import { readJsonObject } from "./json-body.ts";
import { listBody, readPageRequest } from "./paging.ts";

const maxPage = 1000;

const listUri = (call: ExtensionCall) => `${extensionUri(call, call.extension.id)}/forwarding-number`;

const toRecord = (call: ExtensionCall, entry: ForwardingEntry) => ({
  uri: `${listUri(call)}/${entry.id}`,
  ...entry,
});

/** @throws Rejection CMN-403 for the wrong extension */
function requireFeature({ extension }: ExtensionCall): void {
  if (extension.type === "Department") {
    throw restError(403, "CMN-403", "The feature is not available for this extension type");
  }
}

function requireReadable(call: ExtensionCall): void {
  requireFeature(call);
  requireReadableForwarding(call);
}

function requireWritable(call: ExtensionCall): void {
  requireFeature(call);
  requireWritableForwarding(call);
  if (call.extension.type === "FaxUser") {
    throw restError(400, "AWR-180", "Call handling settings not available for Fax tiers");
  }
}

function find(call: ExtensionCall, id: string | undefined): ForwardingEntry {
  const entry = shownForwarding(call).find((each) => each.id === id);
  if (entry === undefined) throw notFound("forwardingNumberId");
  return entry;
}

export function listForwardingNumbers(call: ExtensionCall): HttpResponse {
  requireReadable(call);
  const record = (entry: ForwardingEntry) => toRecord(call, entry);
  const page = readPageRequest(call, maxPage);
  return json(200, listBody(listUri(call), shownForwarding(call), page, [], record));
}

/** Responds 200, not 201 [old reference]. */
export function addForwardingNumber(call: ExtensionCall): HttpResponse {
  requireWritable(call);
  const entry = createdEntry(call, readJsonObject(call.request));
  if (storesForwarding(call)) call.extension.forwarding.push(entry);
  return json(200, toRecord(call, entry));
}

export function updateForwardingNumber(call: ExtensionCall): HttpResponse {
  requireWritable(call);
  const entry = find(call, call.params.id);
  const updated = updatedEntry(call, entry, readJsonObject(call.request));
  if (storesForwarding(call)) {
    call.extension.forwarding = call.extension.forwarding.map((each) =>
      each.id === entry.id ? updated : each,
    );
  }
  return json(200, toRecord(call, updated));
}

export function getForwardingNumber(call: ExtensionCall): HttpResponse {
  requireReadable(call);
  return json(200, toRecord(call, find(call, call.params.id)));
}

export function deleteForwardingNumber(call: ExtensionCall): HttpResponse {
  requireWritable(call);
  remove(call, [find(call, call.params.id)]);
  return noContent();
}

/** A DELETE with a body: all of its ids or none. */
export function deleteForwardingNumbers(call: ExtensionCall): HttpResponse {
  requireWritable(call);
  const { records } = readJsonObject(call.request);
  if (!Array.isArray(records)) throw missingParameter("records");
  remove(
    call,
    records.map((record: { forwardingNumberId?: unknown } | null) =>
      find(call, String(record?.forwardingNumberId)),
    ),
  );
  return noContent();
}

function remove(call: ExtensionCall, entries: ForwardingEntry[]): void {
  if (!storesForwarding(call)) return;
  const { extension } = call;
  extension.forwarding = extension.forwarding.filter((each) => !entries.includes(each));
}
