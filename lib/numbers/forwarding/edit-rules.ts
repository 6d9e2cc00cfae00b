import { ProblemError } from "../../contract/problems.ts";
import { canonicalJson } from "../../platform/content-tag.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { isRawObject, type RawObject } from "../../ringcentral/api/wire-call-handling.ts";
import { isSameNumber } from "../shared/phone-number-input.ts";
import { objectIn, objectsIn, textIn, withEdited, without } from "./raw.ts";
import { asSpelled, forRequest, ringTargetsOf, targetKey } from "./targets.ts";

/** A change of one target in the rules. It may be applied repeatedly: what is as wanted stays as it is. */
export interface RingChange {
  /** The natural key of the target now. */
  key: string;
  /** For an outside number: its number and name from now on, wherever it rings. */
  number?: { phoneNumber: string; name?: string };
  /** The rules in which it rings from now on, and no others; `unchanged`: where it rings already. */
  rules: readonly string[] | "unchanged";
  /** The target for rules that it is added to. */
  target?: RawObject;
  /** It stays where it is, disabled: no rule may lack the extension's own apps [docs: TGT]. */
  staysDisabled?: boolean;
}

/** About four rings, as legacy call handling has it for a new number: a ring takes 5 s [docs: RULES] [unsure]. */
const RING_SECONDS = 20;

/** The dispatching of a rule with the change applied; the same object when nothing changes. */
export function editDispatching(
  dispatching: RawObject,
  ruleId: string,
  change: RingChange,
  extensionId: string,
): RawObject {
  const { key, number, rules } = change;
  const isMeant = (target: RawObject) =>
    targetKey(target, extensionId) === key || isOfNumber(target, number?.phoneNumber);
  if (change.staysDisabled) return disabled(dispatching, isMeant);
  const isWanted = rules === "unchanged" || rules.includes(ruleId);
  let found: string | undefined;
  const edited = withEdited(dispatching, "actions", (action) => {
    if (textIn(action, "type") !== "RingGroupAction") return action;
    const next = withEdited(action, "targets", (target) => {
      if (!isMeant(target)) return target;
      const before = targetKey(target, extensionId);
      // One stays. A second one is another client's, and not touched where the rules are not to change.
      const isKept = found === undefined || (rules === "unchanged" && found === before);
      if (!isWanted || !isKept) return undefined;
      found = before;
      return number === undefined ? target : renamed(target, number);
    });
    return next !== action && isEmpty(next) ? undefined : next;
  });
  const target = number === undefined ? change.target : renamed({ type: "PhoneNumberRingTarget" }, number);
  const isMissing = isWanted && found === undefined && rules !== "unchanged" && target !== undefined;
  return isMissing ? withGroup(edited, forRequest(target)) : edited;
}

/** Whether a rule in which the change is made has the target to tell so. Its lack may be another client's doing. */
export function showsRing(
  dispatching: RawObject,
  ruleId: string,
  change: RingChange,
  extensionId: string,
): boolean {
  const isWanted = change.rules === "unchanged" || change.rules.includes(ruleId);
  const without = editDispatching(dispatching, ruleId, { ...change, rules: [] }, extensionId);
  return isWanted && without !== dispatching;
}

/** What is meant does not ring; what rings together with it rings on. */
function disabled(dispatching: RawObject, isMeant: (target: RawObject) => boolean): RawObject {
  const { actions } = dispatching;
  if (!Array.isArray(actions)) return dispatching;
  let isChanged = false;
  const edited = actions.flatMap((action: unknown) => {
    const isRinging = isRawObject(action) && action.enabled === true && ringTargetsOf(action).some(isMeant);
    if (!isRinging) return [action];
    isChanged = true;
    const targets = objectsIn(action, "targets");
    const others = targets.filter((target) => !isMeant(target));
    const off = { ...action, enabled: false, targets: targets.filter(isMeant) };
    return others.length === 0 ? [off] : [{ ...action, targets: others }, off];
  });
  return isChanged ? { ...dispatching, actions: edited } : dispatching;
}

const isEmpty = (action: RawObject) => Array.isArray(action.targets) && action.targets.length === 0;

function isOfNumber(target: RawObject, phoneNumber: string | undefined): boolean {
  if (phoneNumber === undefined || target.type !== "PhoneNumberRingTarget") return false;
  return isSameNumber(textIn(objectIn(target, "destination"), "phoneNumber") ?? "", phoneNumber);
}

/** The same target when it has that number and name already. */
function renamed(
  target: RawObject,
  { phoneNumber, name }: { phoneNumber: string; name?: string },
): RawObject {
  const before = objectIn(target, "destination");
  const destination = { ...before, phoneNumber: asSpelled(textIn(before, "phoneNumber"), phoneNumber) };
  const next = { ...without(target, "name", "destination"), destination, ...omitUndefined({ name }) };
  return canonicalJson(next) === canonicalJson(target) ? target : next;
}

/** A new group rings last: it stands before the action that ends the call. */
function withGroup(dispatching: RawObject, target: RawObject): RawObject {
  const actions: readonly unknown[] = Array.isArray(dispatching.actions) ? dispatching.actions : [];
  const group = { type: "RingGroupAction", enabled: true, targets: [target], duration: RING_SECONDS };
  const end = actions.findIndex((action) => isRawObject(action) && action.type === "TerminatingAction");
  const at = end < 0 ? actions.length : end;
  return { ...dispatching, actions: [...actions.slice(0, at), group, ...actions.slice(at)] };
}

/**
 * A dispatching as the body of a write: complete, and without members that only responses have.
 * @throws ProblemError when it lacks the voicemail, without which RingCentral must not store a rule [docs: TGT]
 * [observed]
 */
export function dispatchingForRequest(dispatching: RawObject): RawObject {
  const hasVoicemail = objectsIn(dispatching, "actions")
    .flatMap((action) => objectsIn(action, "targets"))
    .some((target) => textIn(target, "type") === "VoiceMailTerminatingTarget");
  if (!hasVoicemail) {
    const detail =
      "A rule of the extension has no voicemail, so it can only be changed in RingCentral's own app.";
    throw new ProblemError("call_handling_moved", { detail });
  }
  return withEdited(dispatching, "actions", (action) => withEdited(action, "targets", forRequest));
}

/** Whether calls ring by this dispatching. A rule of type Terminate ends the call at once. */
export function canRing(dispatching: RawObject): boolean {
  return textIn(dispatching, "type") !== "Terminate";
}

/** The ring targets of a dispatching, with their actions and the places of these in the order of ringing. */
export function ringsIn(dispatching: RawObject) {
  const groups = objectsIn(dispatching, "actions").filter((action) => ringTargetsOf(action).length > 0);
  const isInOrder = textIn(dispatching, "type") === "RingInOrder";
  return groups.flatMap((action, index) =>
    ringTargetsOf(action).map((target) => ({
      target,
      enabled: action.enabled === true,
      seconds: typeof action.duration === "number" ? action.duration : undefined,
      position: isInOrder ? index + 1 : undefined,
    })),
  );
}
