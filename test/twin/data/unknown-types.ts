import { type CallHandling, ownRules, type RuleObject } from "./call-handling.ts";

/** Actions, targets and members that no documentation names, with values that a careless copy changes. */
const action = (): RuleObject => ({
  type: "PlayRingbackAction",
  zone: null,
  enabled: true,
  tone: { id: "990", volume: 0.5, tags: [], labels: { Ünï: '☎ \u2028"\\' } },
});
const ringTarget = (): RuleObject => ({
  type: "SatelliteRingTarget",
  link: { orbit: "LEO", ids: ["7", "3"] },
  name: "Vessel",
});
const ringGroup = (): RuleObject => ({
  type: "RingGroupAction",
  ringPattern: ["long", "short"],
  enabled: false,
  duration: 20,
  targets: [ringTarget()],
});
const ending = (): RuleObject => ({
  type: "HoldMusicTerminatingTarget",
  loop: 0,
  music: { id: "12", title: "" },
});

/** Adds one of each to every rule, and the target to a group of known ones too, once per extension. */
export function addUnknownTypes(callHandling: CallHandling): void {
  if (callHandling.hasUnknownTypes) return;
  callHandling.hasUnknownTypes = true;
  for (const { dispatching } of ownRules(callHandling)) {
    const endings = dispatching.actions.filter(({ type }) => type === "TerminatingAction");
    const others = dispatching.actions.filter(({ type }) => type !== "TerminatingAction");
    for (const each of endings) if (Array.isArray(each.targets)) each.targets.push(ending());
    const group = others.find(({ targets }) =>
      JSON.stringify(targets ?? null).includes("PhoneNumberRingTarget"),
    );
    if (Array.isArray(group?.targets)) group.targets.push(ringTarget());
    const rings = dispatching.type === "Terminate" ? [] : [ringGroup()];
    dispatching.actions = [action(), ...others, ...rings, ...endings];
  }
}
