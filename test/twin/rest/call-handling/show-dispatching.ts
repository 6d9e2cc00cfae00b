import type { Dispatching, RuleObject } from "../../data/call-handling.ts";
import type { CompanyNumber, Extension } from "../../data/world.ts";
import type { ExtensionCall } from "../call.ts";
import { referencedId, targetsOf } from "./own-targets.ts";
import { ringTargets, terminatingTargets } from "./rule-members.ts";

/** A dispatching as responses show it: with the read-only names and numbers of its targets. */
export function showDispatching(call: ExtensionCall, { type, callTypes, actions }: Dispatching) {
  const shown = actions.map((action) =>
    Array.isArray(action.targets)
      ? { ...action, targets: targetsOf(action).map((target) => showTarget(call, target)) }
      : action,
  );
  return { type, ...(callTypes && { callTypes }), actions: shown };
}

/** Adds the platform's data about a target. A type that the documentation does not name is shown as stored. */
export function showTarget(call: ExtensionCall, target: RuleObject): RuleObject {
  const type = String(target.type);
  const members = ringTargets[type] ?? terminatingTargets[type];
  if (members === undefined) return target;
  const deviceId = referencedId(target, "device");
  const device = deviceId === undefined ? undefined : describeDevice(call, deviceId);
  const shown = { ...target, ...(device && { device }) };
  return members.shows.includes("name") ? { ...shown, name: nameOf(call, target, device?.name) } : shown;
}

function nameOf(call: ExtensionCall, target: RuleObject, deviceName: string | undefined): string {
  if (deviceName !== undefined) return deviceName;
  const owner = call.account.extensions.get(referencedId(target, "extension") ?? call.extension.id);
  const name = owner?.name ?? "";
  if (target.type === "AllDesktopRingTarget") return `${name} Desktop & Web Apps`;
  if (target.type === "AllMobileRingTarget") return `${name} Mobile Apps`;
  return name;
}

function describeDevice({ account, extension }: ExtensionCall, id: string) {
  const extensions: Extension[] = [extension, ...account.extensions.values()];
  const owner = extensions.find(({ devices }) => Object.hasOwn(devices, id));
  const line = owner?.forwarding.find(({ device }) => device?.id === id);
  const direct = account.numbers.find((number: CompanyNumber) => number.extensionId === owner?.id);
  const phoneNumber = line?.phoneNumber ?? direct?.phoneNumber;
  return { id, name: owner?.devices[id] ?? "", ...(phoneNumber !== undefined && { phoneNumber }) };
}
