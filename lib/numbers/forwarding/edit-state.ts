import type { WireRule } from "../../ringcentral/api/wire-call-handling.ts";
import { editFlips, type FlipChange } from "./edit-flips.ts";
import { editDispatching, type RingChange } from "./edit-rules.ts";
import type { ForwardingState } from "./items.ts";

/** The two places that hold forwarding numbers. */
export type Part = "flips" | "rules";

/** Whether one part of a change is in place already: making it would change nothing. */
export function isInPlace(
  part: Part,
  { flip, ring }: { flip?: FlipChange; ring?: RingChange },
  state: ForwardingState,
  extensionId: string,
): boolean {
  if (part === "flips") return flip === undefined || editFlips(state.flips, flip) === state.flips;
  return ring === undefined || rulesToEdit(state, ring, extensionId).length === 0;
}

/**
 * The rules that differ from what a change wants. A rule that inherits follows by itself; only one in which the
 * number is to ring alone gets its own dispatching [unsure]. So such rules come last.
 */
export function rulesToEdit(
  { stateRules, interactionRules }: ForwardingState,
  ring: RingChange,
  extensionId: string,
): WireRule[] {
  const differs = ({ id, dispatching }: WireRule) =>
    editDispatching(dispatching, id, ring, extensionId) !== dispatching;
  const own = [...stateRules, ...interactionRules].filter(({ inherits }) => inherits === undefined);
  const inheriting = stateRules.filter(
    ({ id, inherits }) => inherits !== undefined && ring.rules.includes(id),
  );
  return [...own, ...inheriting].filter(differs);
}

/** Custom rules have their own calls. */
export function isCustom({ interactionRules }: ForwardingState, { id }: WireRule): boolean {
  return interactionRules.some((rule) => rule.id === id);
}

/** The state with a rule as it is now, also in the rules that show its dispatching as theirs. */
export function withRule(state: ForwardingState, now: WireRule): ForwardingState {
  return mapRules(state, (rule) => {
    if (rule.id === now.id) return now;
    return rule.inherits === now.id ? { ...rule, dispatching: now.dispatching } : rule;
  });
}

/** The state with a change made in every rule. */
export function withRing(state: ForwardingState, ring: RingChange, extensionId: string): ForwardingState {
  return mapRules(state, (rule) => ({
    ...rule,
    dispatching: editDispatching(rule.dispatching, rule.id, ring, extensionId),
  }));
}

function mapRules(state: ForwardingState, edit: (rule: WireRule) => WireRule): ForwardingState {
  const [stateRules, interactionRules] = [state.stateRules.map(edit), state.interactionRules.map(edit)];
  return { ...state, stateRules, interactionRules };
}
