import type { Dispatching, RuleObject } from "../../data/call-handling.ts";
import { invalidParameter, missingParameter } from "../errors.ts";

const ownApps = ["AllDesktopRingTarget", "AllMobileRingTarget"];

/** @returns the targets of an action; none when it has no list of them */
export function targetsOf(action: RuleObject): RuleObject[] {
  return Array.isArray(action.targets) ? action.targets : [];
}

/** @returns the id of an object that a target refers to */
export function referencedId(target: RuleObject, name: string): string | undefined {
  const part = target[name];
  return typeof part === "object" && part !== null && "id" in part ? String(part.id) : undefined;
}

/**
 * The targets that every rule must have: the extension's own apps, at least disabled, and its voicemail [docs: TGT].
 * @throws Rejection when one is missing, or when apps ring in two actions
 */
export function requireOwnTargets(extensionId: string, { type, actions }: Dispatching): void {
  const isOwnApp = (target: RuleObject, app: string) =>
    target.type === app && (referencedId(target, "extension") ?? extensionId) === extensionId;
  const holders = (app: string, of: string) =>
    actions.filter(
      (action) => action.type === of && targetsOf(action).some((target) => isOwnApp(target, app)),
    );
  for (const app of ownApps) {
    const always = holders(app, "RingAlwaysGroupAction").length;
    const groups = holders(app, "RingGroupAction").length;
    if (always > 1 || groups > 1 || always + groups > 1) throw invalidParameter("actions", `${app} twice`);
    if (type !== "Terminate" && always + groups === 0) throw missingParameter(`actions: ${app}`);
  }
  const alwaysTargets = actions
    .filter((action) => action.type === "RingAlwaysGroupAction")
    .flatMap(targetsOf);
  if (alwaysTargets.some((target) => !ownApps.includes(String(target.type))))
    throw invalidParameter("targets");
  const endings = actions.filter((action) => action.type === "TerminatingAction").flatMap(targetsOf);
  if (!endings.some((target) => target.type === "VoiceMailTerminatingTarget")) {
    throw missingParameter("actions: VoiceMailTerminatingTarget");
  }
}
