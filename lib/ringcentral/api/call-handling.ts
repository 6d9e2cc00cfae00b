import type { Operation } from "./operation.ts";
import { OWN_LISTS_FRESH_MS } from "./operations.ts";
import type { WireList } from "./wire.ts";
import * as wire from "./wire-call-handling.ts";

// The calls of the new call handling, and the one that tells who is on it, with their usage plan groups [spec: OAS]
// [docs: MIG]. There are no entity tags, no keys against repetition, and no addresses in lists.

const EXTENSION = "/v2/accounts/{accountId}/extensions/{extensionId}";
const FLIPS = `${EXTENSION}/call-flip-numbers` as const;
const VOICE = `${EXTENSION}/comm-handling/voice` as const;

/** Query: `featureId`. */
export const readFeatures: Operation<wire.WireFeatures> = {
  name: "readFeatures",
  method: "GET",
  path: "/account/{accountId}/extension/{extensionId}/features",
  group: "medium",
  output: wire.wireFeatures,
};

export const readFlips: Operation<readonly wire.RawObject[]> = {
  name: "readCallFlipNumbers",
  method: "GET",
  path: FLIPS,
  group: "light",
  scope: "forwarding",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wire.wireFlips,
};

/** Body: `records`, the whole list: what it lacks is deleted. */
export const replaceFlips: Operation<readonly wire.RawObject[]> = {
  name: "replaceCallFlipNumbers",
  method: "PUT",
  path: FLIPS,
  group: "medium",
  scope: "forwarding",
  output: wire.wireFlips,
};

/** Query: `page`, `perPage`. Without custom rules. */
export const listStateRules: Operation<WireList<wire.WireRule>> = {
  name: "listStateRules",
  method: "GET",
  path: `${VOICE}/state-rules`,
  group: "medium",
  scope: "forwarding",
  freshMs: OWN_LISTS_FRESH_MS,
  output: wire.wireRules,
};

/** Custom rules. Query: `page`, `perPage`. */
export const listInteractionRules: Operation<WireList<wire.WireRule>> = {
  ...listStateRules,
  name: "listInteractionRules",
  path: `${VOICE}/interaction-rules`,
};

export const getStateRule: Operation<wire.WireRule> = {
  name: "getStateRule",
  method: "GET",
  path: `${VOICE}/state-rules/{ruleId}`,
  group: "medium",
  scope: "forwarding",
  output: wire.wireRule,
};

export const getInteractionRule: Operation<wire.WireRule> = {
  ...getStateRule,
  name: "getInteractionRule",
  path: `${VOICE}/interaction-rules/{ruleId}`,
};

/** Body: `dispatching`, complete: what it lacks is deleted, although the verb is PATCH [docs: RULES]. */
export const updateStateRule: Operation<wire.WireRule> = {
  name: "updateStateRule",
  method: "PATCH",
  path: `${VOICE}/state-rules/{ruleId}`,
  group: "medium",
  scope: "forwarding",
  output: wire.wireRule,
};

/** Body: the whole rule. */
export const updateInteractionRule: Operation<wire.WireRule> = {
  ...updateStateRule,
  name: "updateInteractionRule",
  path: `${VOICE}/interaction-rules/{ruleId}`,
};

/** Body: `records`, targets that all rules lose. Own apps and lines cannot be deleted [docs: TGT]. */
export const deleteForwardingTargets: Operation<wire.WireTargetDeletion> = {
  name: "deleteForwardingTargets",
  method: "DELETE",
  path: `${VOICE}/forwarding-targets`,
  group: "medium",
  scope: "forwarding",
  output: wire.wireTargetDeletion,
};
