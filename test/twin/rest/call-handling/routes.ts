import { onExtension, onExtensionV2, type Route } from "../route.ts";
import * as answering from "./answering-rules.ts";
import * as flips from "./call-flip-numbers.ts";
import { readFeatures } from "./features.ts";
import * as targets from "./forwarding-targets.ts";
import * as interaction from "./interaction-rules.ts";
import * as stateRules from "./state-rules.ts";
import * as states from "./states.ts";

// The specification names no user permission for v2; these are the v1 calls' [unsure].
const reads = "ReadAccounts ReadUserAnsweringRules";
const edits = "EditExtensions EditUserAnsweringRules";
const voice = "comm-handling/voice";
const stateRule = `${voice}/state-rules`;
const interactionRule = `${voice}/interaction-rules`;
const target = `${voice}/forwarding-targets`;

/** The calls of both call-handling backends, except v1's forwarding numbers. */
export const callHandlingRoutes: readonly Route[] = [
  onExtension("readFeatures", "GET features Medium ReadAccounts ReadExtensions", readFeatures),
  onExtension("listAnsweringRules", `GET answering-rule Medium ${reads}`, answering.listAnsweringRules),
  onExtension("getAnsweringRule", `GET answering-rule/{id} Light ${reads}`, answering.getAnsweringRule),
  onExtension("addAnsweringRule", `POST answering-rule Medium ${edits}`, answering.writeAnsweringRule),
  onExtension("updateAnsweringRule", `PUT answering-rule/{id} Medium ${edits}`, answering.writeAnsweringRule),
  onExtension(
    "deleteAnsweringRule",
    `DELETE answering-rule/{id} Medium ${edits}`,
    answering.writeAnsweringRule,
  ),

  onExtensionV2(
    "readCallFlipNumbers",
    "GET call-flip-numbers Light ReadAccounts ReadUserForwardingFlipNumbers",
    flips.readCallFlipNumbers,
  ),
  onExtensionV2(
    "replaceCallFlipNumbers",
    "PUT call-flip-numbers Medium EditExtensions EditUserForwardingFlipNumbers",
    flips.replaceCallFlipNumbers,
  ),

  onExtensionV2("listStates", `GET comm-handling/states Medium ${reads}`, states.listStates),
  onExtensionV2("getState", `GET comm-handling/states/{id} Medium ${reads}`, states.getState),
  onExtensionV2("updateState", `PATCH comm-handling/states/{id} Medium ${edits}`, states.updateState),

  onExtensionV2("listStateRules", `GET ${stateRule} Medium ${reads}`, stateRules.listStateRules),
  onExtensionV2("getStateRule", `GET ${stateRule}/{id} Medium ${reads}`, stateRules.getStateRule),
  onExtensionV2("updateStateRule", `PATCH ${stateRule}/{id} Medium ${edits}`, stateRules.updateStateRule),

  onExtensionV2(
    "listInteractionRules",
    `GET ${interactionRule} Medium ${reads}`,
    interaction.listInteractionRules,
  ),
  onExtensionV2(
    "addInteractionRule",
    `POST ${interactionRule} Medium ${edits}`,
    interaction.addInteractionRule,
  ),
  onExtensionV2(
    "getInteractionRule",
    `GET ${interactionRule}/{id} Medium ${reads}`,
    interaction.getInteractionRule,
  ),
  onExtensionV2(
    "updateInteractionRule",
    `PATCH ${interactionRule}/{id} Medium ${edits}`,
    interaction.updateInteractionRule,
  ),
  onExtensionV2(
    "deleteInteractionRule",
    `DELETE ${interactionRule}/{id} Medium ${edits}`,
    interaction.deleteInteractionRule,
  ),

  onExtensionV2("listForwardingTargets", `GET ${target} Medium ${reads}`, targets.listForwardingTargets),
  onExtensionV2(
    "deleteForwardingTargets",
    `DELETE ${target} Medium ${edits}`,
    targets.deleteForwardingTargets,
  ),
  onExtensionV2(
    "listTargetDeviceUsers",
    `GET ${target}/devices/{id}/extensions Medium ${reads}`,
    targets.listTargetDeviceUsers,
  ),
];
