import type { CallHandlingState } from "../../data/call-handling.ts";
import { type HttpResponse, json } from "../../edge/response.ts";
import type { ExtensionCall } from "../call.ts";
import { invalidParameter, notFound } from "../errors.ts";
import { readJsonObject } from "../json-body.ts";
import { requireCallHandling } from "./access.ts";
import { pageOf } from "./list.ts";

const changeable = ["work-hours", "forward-all-calls", "agent", "dnd"];
const alwaysOn = ["work-hours", "after-hours"];

/** `after-hours` exists only beside a schedule of the work hours [docs: RULES]. */
export function visibleStates(call: ExtensionCall): CallHandlingState[] {
  const { states } = requireCallHandling(call);
  const isScheduled = states.some(({ id, conditions }) => id === "work-hours" && conditions.length > 0);
  return states.filter(({ id }) => isScheduled || id !== "after-hours");
}

function find(call: ExtensionCall): CallHandlingState {
  const state = visibleStates(call).find(({ id }) => id === call.params.id);
  if (state === undefined) throw notFound("stateId");
  return state;
}

export function listStates(call: ExtensionCall): HttpResponse {
  return json(
    200,
    pageOf(call, visibleStates(call), (state) => state),
  );
}

export function getState(call: ExtensionCall): HttpResponse {
  return json(200, find(call));
}

/** A condition in the request replaces the former one; work hours stay enabled [spec]. */
export function updateState(call: ExtensionCall): HttpResponse {
  const state = find(call);
  if (!changeable.includes(state.id)) throw invalidParameter("stateId", state.id);
  const { enabled = state.enabled, conditions } = readJsonObject(call.request);
  if (typeof enabled !== "boolean") throw invalidParameter("enabled", enabled);
  if (!enabled && alwaysOn.includes(state.id)) throw invalidParameter("enabled", enabled);
  if (conditions !== undefined) state.conditions = readConditions(conditions);
  state.enabled = enabled;
  return json(200, state);
}

/** Exactly one: a schedule with triggers, or a reference to a state [spec]. */
function readConditions(value: unknown): CallHandlingState["conditions"] {
  const [condition, ...others]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof condition !== "object" || condition === null || others.length > 0) {
    throw invalidParameter("conditions");
  }
  const { type, schedule, state } = { ...condition } as Record<string, unknown>;
  const isComplete =
    (type === "Schedule" && typeof schedule === "object" && schedule !== null && "triggers" in schedule) ||
    (type === "State" && typeof state === "object" && state !== null && "id" in state);
  if (!isComplete) throw invalidParameter("conditions");
  return [{ ...condition }];
}
