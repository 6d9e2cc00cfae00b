import type { Dispatching, StateRule } from "../../data/call-handling.ts";
import { type HttpResponse, json } from "../../edge/response.ts";
import type { ExtensionCall } from "../call.ts";
import { notFound } from "../errors.ts";
import { readJsonObject } from "../json-body.ts";
import { requireCallHandling } from "./access.ts";
import { announceRuleEdit } from "./announcements.ts";
import { pageOf } from "./list.ts";
import { readDispatching } from "./read-dispatching.ts";
import { showDispatching } from "./show-dispatching.ts";
import { visibleStates } from "./states.ts";

/** The dispatching types that each rule may have [docs: RULES]. */
const ringing = ["RingAtOnce", "RingInOrder"];
const typesOf: Record<string, readonly string[]> = {
  "forward-all-calls": ["Terminate"],
  dnd: ["Terminate"],
  agent: ringing,
  "work-hours": ringing,
  "after-hours": [...ringing, "Terminate"],
};

function visibleRules(call: ExtensionCall): StateRule[] {
  const states = visibleStates(call).map(({ id }) => id);
  return requireCallHandling(call).rules.filter(({ id }) => states.includes(id));
}

function find(call: ExtensionCall): StateRule {
  const rule = visibleRules(call).find(({ id }) => id === call.params.id);
  if (rule === undefined) throw notFound("stateId");
  return rule;
}

/** A rule's dispatching: its own, or that of the rule it inherits from. */
function effective(call: ExtensionCall, { inherits, dispatching }: StateRule): Dispatching {
  const source = requireCallHandling(call).rules.find(({ id }) => id === inherits);
  return source?.dispatching ?? dispatching;
}

/** These responses have no call types, although a request may hold them [spec]. */
function toRecord(call: ExtensionCall, rule: StateRule) {
  const { callTypes: _unseen, ...dispatching } = showDispatching(call, effective(call, rule));
  const state = visibleStates(call).find(({ id }) => id === rule.id);
  return {
    id: rule.id,
    displayName: state?.displayName,
    dispatching,
    ...(rule.inherits !== undefined && { dispatchingRef: { ruleId: rule.inherits, dispatching } }),
    state,
  };
}

/** The list without the custom rules. */
export function listStateRules(call: ExtensionCall): HttpResponse {
  return json(
    200,
    pageOf(call, visibleRules(call), (rule) => toRecord(call, rule)),
  );
}

export function getStateRule(call: ExtensionCall): HttpResponse {
  return json(200, toRecord(call, find(call)));
}

/** Whether a PATCH ends the inheritance is an option of the twin [unsure]. */
export function updateStateRule(call: ExtensionCall): HttpResponse {
  const rule = find(call);
  const { dispatching } = readJsonObject(call.request);
  if (dispatching !== undefined) {
    rule.dispatching = readDispatching(call, dispatching, typesOf[rule.id] ?? [], effective(call, rule));
    if (call.settings.inheritedRulePatch === "detaches") delete rule.inherits;
    announceRuleEdit(call);
  }
  return json(200, toRecord(call, rule));
}
