import type { Dispatching, RuleObject } from "../../data/call-handling.ts";
import type { ExtensionCall } from "../call.ts";
import { invalidParameter, missingParameter } from "../errors.ts";
import { checkNewTargets } from "./new-numbers.ts";
import { requireOwnTargets } from "./own-targets.ts";
import { actions, type MemberRules, parts, ringTargets, terminatingTargets } from "./rule-members.ts";

/** The reading of one request: the values it may repeat, and whether members that only responses have are rejected. */
interface Reading {
  /** Every object of the stored rule as JSON: an undocumented object may only be repeated. */
  stored: ReadonlySet<string>;
  rejectsReadOnly: boolean;
}

const isObject = (value: unknown): value is RuleObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The dispatching in a body. It is complete: an omitted member or action is deleted or gets its default, although the
 * verb is PATCH [docs: RULES]. The codes of the rejections are the twin's choice [unsure].
 * @param types the dispatching types that the rule may have
 * @param former the rule's former dispatching
 * @throws Rejection for an incomplete or invalid dispatching
 */
export function readDispatching(
  call: ExtensionCall,
  value: unknown,
  types: readonly string[],
  former?: Dispatching,
): Dispatching {
  if (!isObject(value)) throw missingParameter("dispatching");
  const { type, callTypes, actions: sent } = value;
  if (typeof type !== "string" || !types.includes(type)) throw invalidParameter("dispatching.type", type);
  if (!Array.isArray(sent) || sent.length === 0) throw missingParameter("dispatching.actions");
  const reading = {
    stored: new Set(former === undefined ? [] : objectsIn(former).map((each) => JSON.stringify(each))),
    rejectsReadOnly: call.settings.readOnlyMembers === "CMN-101",
  };
  const dispatching: Dispatching = {
    type,
    ...(isObject(callTypes) && { callTypes }),
    actions: sent.map((action: unknown) => readAction(action, type, reading)),
  };
  requireOwnTargets(call.extension.id, dispatching);
  checkNewTargets(call, dispatching, former);
  return dispatching;
}

function readAction(action: unknown, dispatchingType: string, reading: Reading): RuleObject {
  const known = readTyped(action, actions, "action", reading);
  const { type, targets } = known;
  if (typeof type !== "string" || !Object.hasOwn(actions, type)) return known;
  if ("enabled" in known && typeof known.enabled !== "boolean")
    throw invalidParameter("enabled", known.enabled);
  if (!("targets" in known)) return known;
  if (!Array.isArray(targets) || targets.length === 0) throw missingParameter("targets");
  const kinds = type === "TerminatingAction" ? terminatingTargets : ringTargets;
  const read = targets.map((target: unknown) => readTyped(target, kinds, "target", reading));
  if (type !== "RingGroupAction") return { ...known, targets: read };
  const { duration, customStartOffset = 0 } = known;
  if (!isSeconds(duration) || duration < 1) throw invalidParameter("duration", duration);
  if (!isSeconds(customStartOffset)) throw invalidParameter("customStartOffset", customStartOffset);
  // The offset is of Custom dispatching only; its default is not shown.
  const { customStartOffset: _offset, ...rest } = known;
  const isOffset = dispatchingType === "Custom" && customStartOffset > 0;
  return { ...rest, targets: read, ...(isOffset && { customStartOffset }) };
}

const isSeconds = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;

/** An object with a type: the members of a documented type are checked; any other must be as stored. */
function readTyped(
  value: unknown,
  kinds: Record<string, MemberRules>,
  what: string,
  reading: Reading,
): RuleObject {
  if (!isObject(value) || typeof value.type !== "string") throw missingParameter(`${what}.type`);
  const members = Object.hasOwn(kinds, value.type) ? kinds[value.type] : undefined;
  if (members !== undefined) return readMembers(value, members, ["type"], reading);
  if (!reading.stored.has(JSON.stringify(value))) throw invalidParameter(`${what}.type`, value.type);
  return value;
}

function readMembers(
  value: RuleObject,
  { needs, may, shows }: MemberRules,
  always: readonly string[],
  reading: Reading,
): RuleObject {
  const missing = needs.find((name) => (value[name] ?? undefined) === undefined);
  if (missing !== undefined) throw missingParameter(missing);
  const kept: RuleObject = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === null && may.includes(name)) continue;
    if (shows.includes(name)) {
      if (reading.rejectsReadOnly) throw invalidParameter(name);
    } else if ([...always, ...needs, ...may].includes(name)) {
      kept[name] = readPart(name, member, reading);
    } else if (reading.stored.has(JSON.stringify({ [name]: member }))) kept[name] = member;
    else throw invalidParameter(name);
  }
  return kept;
}

function readPart(name: string, value: unknown, reading: Reading): unknown {
  const members = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (members === undefined || value === null) return value;
  if (!isObject(value)) throw invalidParameter(name);
  // A cloud connector's destination and a phone number's have different members.
  if (name === "destination" && "integrationId" in value) return value;
  return readMembers(value, members, [], reading);
}

/** Every object inside a value, and every single member, so that unknown members can be recognised. */
function objectsIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== "object" || value === null) return [];
  const members = Object.entries(value);
  return [
    value,
    ...members.map(([name, member]) => ({ [name]: member })),
    ...members.flatMap(([, each]) => objectsIn(each)),
  ];
}
