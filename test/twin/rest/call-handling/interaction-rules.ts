import type { InteractionRule, RuleObject } from "../../data/call-handling.ts";
import { type HttpResponse, json, noContent } from "../../edge/response.ts";
import type { ExtensionCall } from "../call.ts";
import { invalidParameter, missingParameter, notFound } from "../errors.ts";
import { type JsonObject, readJsonObject, stringField } from "../json-body.ts";
import { requireCallHandling } from "./access.ts";
import { announceRuleEdit } from "./announcements.ts";
import { pageOf } from "./list.ts";
import { readDispatching } from "./read-dispatching.ts";
import { showDispatching } from "./show-dispatching.ts";

const dispatchingTypes = ["RingAtOnce", "RingInOrder", "Custom", "Terminate"];

const toRecord = (call: ExtensionCall, { dispatching, ...rule }: InteractionRule) => ({
  ...rule,
  dispatching: showDispatching(call, dispatching),
});

function find(call: ExtensionCall): InteractionRule {
  const rule = requireCallHandling(call).interactionRules.find(({ id }) => id === call.params.id);
  if (rule === undefined) throw notFound("ruleId");
  return rule;
}

/**
 * Both filters keep the rules for which they are true; `false` filters nothing, because the descriptions say "only"
 * [unsure].
 */
export function listInteractionRules(call: ExtensionCall): HttpResponse {
  const asks = (name: string) => call.request.query.get(name) === "true";
  const refers = ({ conditions }: InteractionRule) => conditions.some(({ type }) => type === "State");
  const rows = requireCallHandling(call).interactionRules.filter(
    (rule) => (!asks("enabled") || rule.enabled) && (!asks("hasReference") || refers(rule)),
  );
  return json(
    200,
    pageOf(call, rows, (rule) => toRecord(call, rule)),
  );
}

export function getInteractionRule(call: ExtensionCall): HttpResponse {
  return json(200, toRecord(call, find(call)));
}

/** 201, unlike the creations of v1 [spec]. */
export function addInteractionRule(call: ExtensionCall): HttpResponse {
  const callHandling = requireCallHandling(call);
  const body = readJsonObject(call.request);
  for (const name of ["enabled", "displayName", "conditions", "dispatching"]) {
    if ((body[name] ?? undefined) === undefined) throw missingParameter(name);
  }
  const rule: InteractionRule = {
    id: String(call.world.nextId()),
    ...readPlain(body),
    dispatching: readDispatching(call, body.dispatching, dispatchingTypes),
  };
  callHandling.interactionRules.push(rule);
  announceRuleEdit(call);
  return json(201, toRecord(call, rule));
}

/** Members omitted from the body stay; an object in the body replaces the former one. */
export function updateInteractionRule(call: ExtensionCall): HttpResponse {
  const rule = find(call);
  const body = readJsonObject(call.request);
  const plain = readPlain({ ...rule, ...body });
  const dispatching =
    body.dispatching === undefined
      ? rule.dispatching
      : readDispatching(call, body.dispatching, dispatchingTypes, rule.dispatching);
  Object.assign(rule, plain, { dispatching });
  announceRuleEdit(call);
  return json(200, toRecord(call, rule));
}

export function deleteInteractionRule(call: ExtensionCall): HttpResponse {
  const gone = find(call);
  const callHandling = requireCallHandling(call);
  callHandling.interactionRules = callHandling.interactionRules.filter((each) => each !== gone);
  announceRuleEdit(call);
  return noContent();
}

function readPlain(body: JsonObject) {
  const { enabled, conditions } = body;
  if (typeof enabled !== "boolean") throw invalidParameter("enabled", enabled);
  if (!Array.isArray(conditions) || conditions.length === 0) throw invalidParameter("conditions");
  const types = ["Interaction", "Schedule", "State"];
  if (!conditions.every((each: RuleObject | null) => types.includes(String(each?.type)))) {
    throw invalidParameter("conditions");
  }
  return { displayName: stringField(body, "displayName") ?? "", enabled, conditions };
}
