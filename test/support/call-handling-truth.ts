import type { CallHandling, Dispatching, RuleObject } from "../twin/data/call-handling.ts";

/** What an extension's data in the new backend says about one outside number. */
export interface Ringing {
  phoneNumber: string;
  features: string[];
  rings: { rule: string; enabled: boolean; seconds?: number }[];
  label?: string;
  flipNumber?: string;
}

const targetsOf = (action: RuleObject): RuleObject[] => (Array.isArray(action.targets) ? action.targets : []);
const isRinging = ({ type }: RuleObject) => type === "RingGroupAction" || type === "RingAlwaysGroupAction";

/** The rules with their own dispatching that exist: without a schedule of the work hours there is no after-hours. */
export function visibleRules({ states, rules, interactionRules }: CallHandling) {
  const isScheduled = states.some(({ id, conditions }) => id === "work-hours" && conditions.length > 0);
  const own = rules.filter(({ id, inherits }) => !inherits && (isScheduled || id !== "after-hours"));
  return [...own, ...interactionRules];
}

/** The number of a ring target; a line's number is the device's and is not in the target. */
export function numberOf({ destination }: RuleObject): string | undefined {
  if (typeof destination !== "object" || destination === null || !("phoneNumber" in destination))
    return undefined;
  return typeof destination.phoneNumber === "string" ? destination.phoneNumber : undefined;
}

/** Where each outside number rings in a dispatching. */
function ringsOf(dispatching: Dispatching): { phoneNumber: string; enabled: boolean; seconds?: number }[] {
  return dispatching.actions.filter(isRinging).flatMap((action) =>
    targetsOf(action).flatMap((target) => {
      const phoneNumber = numberOf(target);
      if (phoneNumber === undefined) return [];
      const seconds = typeof action.duration === "number" ? { seconds: action.duration } : {};
      return [{ phoneNumber, enabled: action.enabled === true, ...seconds }];
    }),
  );
}

/** Every outside number that rings or flips, read from the data itself. */
export function ringingOf(callHandling: CallHandling): Ringing[] {
  const found = new Map<string, Ringing>();
  const entry = (phoneNumber: string): Ringing => {
    const known = found.get(phoneNumber) ?? { phoneNumber, features: [], rings: [] };
    found.set(phoneNumber, known);
    return known;
  };
  for (const { id: rule, dispatching } of visibleRules(callHandling)) {
    for (const { phoneNumber, ...ring } of ringsOf(dispatching))
      entry(phoneNumber).rings.push({ rule, ...ring });
  }
  for (const row of callHandling.flips.filter(({ type }) => type !== "PhoneLine")) {
    const { label, flipNumber } = row;
    Object.assign(entry(row.phoneNumber), label !== undefined && { label }, flipNumber && { flipNumber });
    entry(row.phoneNumber).features.push("CallFlip");
  }
  for (const number of found.values()) if (number.rings.length > 0) number.features.push("CallForwarding");
  return [...found.values()];
}

/** The rules that lack their voicemail, or own apps where calls ring; one line each. */
export function brokenRules({ rules, interactionRules }: CallHandling): string[] {
  return [...rules, ...interactionRules].flatMap(({ id, dispatching: { type, actions } }) => {
    const endings = actions.filter((action) => action.type === "TerminatingAction").flatMap(targetsOf);
    const groups = actions.filter(isRinging).flatMap(targetsOf);
    const lacks = [
      ...(endings.some((target) => target.type === "VoiceMailTerminatingTarget") ? [] : ["voicemail"]),
      ...["AllDesktopRingTarget", "AllMobileRingTarget"].filter(
        (app) => type !== "Terminate" && !groups.some((target) => target.type === app && !target.extension),
      ),
    ];
    return lacks.map((part) => `${id} lacks ${part}`);
  });
}

/** How often each outside number rings in a rule, where that is more than once. */
export function duplicates(callHandling: CallHandling): string[] {
  const counts = new Map<string, number>();
  for (const { id, dispatching } of visibleRules(callHandling)) {
    for (const { phoneNumber } of ringsOf(dispatching)) {
      const key = `${phoneNumber} in ${id}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  for (const { phoneNumber } of callHandling.flips) {
    const key = `${phoneNumber} in the flip list`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([key]) => key);
}

/** A forwarding number as a list shows it, in the parts that have a truth. */
export interface ShownNumber {
  phoneNumber?: string | undefined;
  features: readonly string[];
  type: string;
  rings?: readonly { rule: string; enabled: boolean; seconds?: number | undefined }[] | undefined;
}

/** How a list differs from what rings and flips, a line each: numbers, features, and the rules with their settings. */
export function untruths(shown: readonly ShownNumber[], callHandling: CallHandling): string[] {
  const inherited = callHandling.rules.filter(({ inherits }) => inherits).map(({ id }) => id);
  const describe = ({ phoneNumber, features, rings = [] }: Omit<ShownNumber, "type">) => {
    const own = rings.filter(({ rule }) => !inherited.includes(rule));
    const rules = own.map(
      ({ rule, enabled, seconds }) => `${rule}:${enabled ? "on" : "off"}:${seconds ?? ""}`,
    );
    return `${phoneNumber} ${[...features].sort().join("+")} ${rules.sort().join(" ")}`;
  };
  const isOutside = ({ phoneNumber, type }: ShownNumber) => phoneNumber !== undefined && type !== "PhoneLine";
  const said = shown.filter(isOutside).map(describe);
  const truth = ringingOf(callHandling).map(describe);
  return [
    ...said.filter((line, index) => said.indexOf(line) !== index).map((line) => `shown twice: ${line}`),
    ...said.filter((line) => !truth.includes(line)).map((line) => `shown, not so: ${line}`),
    ...truth.filter((line) => !said.includes(line)).map((line) => `so, not shown: ${line}`),
  ];
}
