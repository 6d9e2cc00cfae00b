import type { ForwardingEntry } from "../../data/world.ts";
import { type HttpResponse, json } from "../../edge/response.ts";
import { type ExtensionCall, extensionUri } from "../call.ts";
import { notFound, restError } from "../errors.ts";
import { listBody, readPageRequest } from "../paging.ts";
import { hasMoved, movedRejection } from "./access.ts";

const listUri = (call: ExtensionCall) => `${extensionUri(call, call.extension.id)}/answering-rule`;

/** The one rule that every extension has; its forwarding part lists the numbers that ring. */
function businessHours(call: ExtensionCall) {
  const rings = ({ features }: ForwardingEntry) => features.includes("CallForwarding");
  return {
    uri: `${listUri(call)}/business-hours-rule`,
    id: "business-hours-rule",
    type: "BusinessHours",
    enabled: true,
    callHandlingAction: "ForwardCalls",
    forwarding: {
      ringingMode: "Sequentially",
      rules: call.extension.forwarding.filter(rings).map(({ id, label, phoneNumber, type }, index) => ({
        index: index + 1,
        ringCount: 4,
        enabled: true,
        forwardingNumbers: [{ id, label, phoneNumber, type }],
      })),
    },
  };
}

/** @throws Rejection CMN-468 once the extension has moved [observed] */
export function listAnsweringRules(call: ExtensionCall): HttpResponse {
  if (hasMoved(call)) throw movedRejection();
  const rules = [businessHours(call)];
  return json(
    200,
    listBody(listUri(call), rules, readPageRequest(call), [], (rule) => rule),
  );
}

export function getAnsweringRule(call: ExtensionCall): HttpResponse {
  if (hasMoved(call)) throw movedRejection();
  const rule = businessHours(call);
  if (call.params.id !== rule.id) throw notFound("ruleId");
  return json(200, rule);
}

/** The twin does not simulate writes of v1 rules, only the rules that the move makes from them. */
export function writeAnsweringRule(call: ExtensionCall): HttpResponse {
  throw hasMoved(call) ? movedRejection() : restError(501, "CMN-202", "Operation is not supported");
}
