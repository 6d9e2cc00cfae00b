import { ownRules, type RuleObject } from "../../data/call-handling.ts";
import { callHandlingOf } from "../../data/move.ts";
import { type HttpResponse, json } from "../../edge/response.ts";
import type { ExtensionCall } from "../call.ts";
import { invalidParameter, missingParameter } from "../errors.ts";
import { readJsonObject } from "../json-body.ts";
import { requireCallHandling } from "./access.ts";
import { announceRuleEdit } from "./announcements.ts";
import { pageOf } from "./list.ts";
import { referencedId, targetsOf } from "./own-targets.ts";
import { showTarget } from "./show-dispatching.ts";

/** The types that a deletion may name: neither Ims nor Fmc numbers are among them [spec]. */
const removable = [
  "CoworkerAppsRingTarget",
  "CoworkerRingTarget",
  "DeviceRingTarget",
  "IntegrationRingTarget",
  "PhoneNumberRingTarget",
  "CloudConnectorRingTarget",
];
const apps = ["AllDesktopRingTarget", "AllMobileRingTarget"];

/** A co-worker's apps are one target here, whichever of them a rule names. */
function listedType({ type }: RuleObject): string {
  return apps.includes(String(type)) ? "CoworkerAppsRingTarget" : String(type);
}

/** The key of a target for comparisons: targets have no ids. */
function identity(target: RuleObject): string {
  const { destination, integration } = target;
  const reference = referencedId(target, "device") ?? referencedId(target, "extension");
  return JSON.stringify([listedType(target), reference, destination, integration]);
}

/** Own apps and own lines: fixtures of every extension. */
function isOwn(call: ExtensionCall, target: RuleObject): boolean {
  const { id, devices } = call.extension;
  if (apps.includes(String(target.type))) return (referencedId(target, "extension") ?? id) === id;
  return target.type === "DeviceRingTarget" && Object.hasOwn(devices, referencedId(target, "device") ?? "");
}

function allTargets(call: ExtensionCall): RuleObject[] {
  const targets = ownRules(requireCallHandling(call))
    .flatMap(({ dispatching }) => dispatching.actions)
    .filter(({ type }) => type !== "TerminatingAction")
    .flatMap(targetsOf);
  return [...new Map(targets.map((target) => [identity(target), target])).values()];
}

/** The rule and the label of an outside number are not shown, and neither are own apps [spec]. */
export function listForwardingTargets(call: ExtensionCall): HttpResponse {
  const excludesOwn = call.request.query.get("excludeOwnTargets") ?? "false";
  if (excludesOwn !== "true" && excludesOwn !== "false")
    throw invalidParameter("excludeOwnTargets", excludesOwn);
  const rows = allTargets(call).filter(
    (target) => !isOwn(call, target) || (target.type === "DeviceRingTarget" && excludesOwn === "false"),
  );
  return json(
    200,
    pageOf(call, rows, (target) => {
      const { name, ...shown } = showTarget(call, target);
      const type = listedType(target);
      return { ...shown, type, ...(type === "DeviceRingTarget" && { name }) };
    }),
  );
}

/**
 * Removes targets from every rule: a DELETE with a body. Items fail individually inside the 200; their codes are
 * unpublished [unsure].
 */
export function deleteForwardingTargets(call: ExtensionCall): HttpResponse {
  requireCallHandling(call);
  const { records } = readJsonObject(call.request);
  if (!Array.isArray(records)) throw missingParameter("records");
  const items = records.map((record: RuleObject | null) => {
    if (!removable.includes(String(record?.type))) throw invalidParameter("type", record?.type);
    return { ...record };
  });
  const results = items.map((item) => {
    const failure = remove(call, item);
    if (failure === undefined) return { bulkItemSuccessful: true, bulkItem: item };
    return { bulkItemSuccessful: false, bulkItem: item, bulkItemErrors: [failure] };
  });
  announceRuleEdit(call);
  return json(200, { records: results });
}

/** @returns the error of an item that cannot be removed */
function remove(call: ExtensionCall, item: RuleObject): { errorCode: string; message: string } | undefined {
  if (call.settings.targetDeletion === "item-fails") {
    return { errorCode: "CMN-201", message: "Service is temporarily unavailable" };
  }
  const isMeant = (target: RuleObject) => identity(target) === identity(item);
  if (isOwn(call, item)) return { errorCode: "CMN-101", message: "Own targets cannot be removed" };
  if (!allTargets(call).some(isMeant)) {
    return { errorCode: "CMN-102", message: "Resource for parameter [target] is not found" };
  }
  for (const { dispatching } of ownRules(requireCallHandling(call))) {
    dispatching.actions = dispatching.actions.flatMap((action) => {
      if (action.type !== "RingGroupAction") return [action];
      const targets = targetsOf(action);
      const left = targets.filter((target) => isOwn(call, target) || !isMeant(target));
      if (left.length === targets.length) return [action];
      return left.length === 0 ? [] : [{ ...action, targets: left }];
    });
  }
  return undefined;
}

export function listTargetDeviceUsers(call: ExtensionCall): HttpResponse {
  requireCallHandling(call);
  const users = [...call.account.extensions.values()].filter((extension) => {
    const callHandling = callHandlingOf(call.world, extension, call.now);
    const targets = callHandling === undefined ? [] : ownRules(callHandling);
    return targets.some(({ dispatching }) =>
      dispatching.actions
        .flatMap(targetsOf)
        .some((target) => referencedId(target, "device") === call.params.id),
    );
  });
  const { records, paging } = pageOf(call, users, ({ id }) => ({ id }));
  return json(200, { referencedExtensions: records, paging });
}
