import type { ForwardingEntry } from "../data/world.ts";
import type { ExtensionCall } from "./call.ts";
import { invalidParameter, missingParameter, notFound } from "./errors.ts";
import {
  checkDraft,
  checkFlipDigit,
  checkLimits,
  choosableTypes,
  effectiveLabel,
  type ForwardingDraft,
} from "./forwarding-rules.ts";
import { enumField, type JsonObject, labelField } from "./json-body.ts";
import { phoneNumberField } from "./phone-number-format.ts";

/**
 * The entry that a POST body asks for, checked but not stored.
 * @throws Rejection for a body that breaks a rule
 */
export function createdEntry(call: ExtensionCall, body: JsonObject): ForwardingEntry {
  const type = enumField(body, "type", choosableTypes) ?? "Other";
  const label = labelField(body);
  const flipNumber = readFlipNumber(body);
  const target = type === "PhoneLine" ? readDevice(call, body) : readExternalNumber(body);
  const shown = target.label ?? effectiveLabel(type, label);
  const draft: ForwardingDraft = {
    type,
    ...target,
    ...(shown !== undefined && { label: shown }),
    ...(flipNumber !== undefined && { flipNumber }),
  };
  checkLimits(draft, call.extension.forwarding);
  checkDraft(call, draft, call.extension.forwarding);
  const { deviceId, ...fields } = draft;
  return {
    id: String(call.world.nextId()),
    features: deviceId === undefined ? ["CallForwarding", "CallFlip"] : ["CallForwarding"],
    ...fields,
    ...(deviceId !== undefined && { device: { id: deviceId } }),
  };
}

/** An integer here, a string everywhere else [spec]. */
function readFlipNumber(body: JsonObject): string | undefined {
  const value = body.flipNumber ?? undefined;
  return value === undefined ? undefined : checkFlipDigit(value, typeof value === "number");
}

/** A device line is specified by its device only and shows the device's name [docs: FWD]. */
function readDevice(call: ExtensionCall, body: JsonObject): { deviceId: string; label: string } {
  const { device } = body;
  if (device === undefined || device === null) throw missingParameter("device");
  if ((body.phoneNumber ?? undefined) !== undefined) throw invalidParameter("phoneNumber");
  const id = typeof device === "object" && "id" in device ? String(device.id) : "";
  const { devices } = call.extension;
  const name = Object.hasOwn(devices, id) ? devices[id] : undefined;
  if (name === undefined) throw notFound("deviceId");
  return { deviceId: id, label: name };
}

function readExternalNumber(body: JsonObject): { phoneNumber: string; label?: never } {
  if ((body.device ?? undefined) !== undefined) throw invalidParameter("device");
  const phoneNumber = phoneNumberField(body);
  if (phoneNumber === undefined) throw missingParameter("phoneNumber");
  return { phoneNumber };
}
