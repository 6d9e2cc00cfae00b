import type {
  CallHandling,
  CallHandlingState,
  Dispatching,
  FlipRow,
  InteractionRule,
  RuleObject,
  StateRule,
} from "./call-handling.ts";
import type { Extension, ForwardingEntry, World } from "./world.ts";

/**
 * Makes the data of the new backend from an extension's forwarding numbers. RingCentral does not describe it [unsure].
 * A number that neither rings nor flips is lost: the new backend has no place for it.
 */
export function migrate(world: World, extension: Extension): CallHandling {
  const ringing = extension.forwarding.filter(({ features }) => features.includes("CallForwarding"));
  return {
    flips: extension.forwarding.flatMap((entry) => flipRows(world, entry)),
    states: statesOf(extension),
    rules: rulesOf(extension, ringing),
    interactionRules: interactionRulesOf(world, extension, ringing),
    hasUnknownTypes: false,
  };
}

function statesOf({ isInQueue, workSchedule: schedule }: Extension): CallHandlingState[] {
  const state = (id: string, displayName: string, enabled: boolean, conditions: RuleObject[] = []) => ({
    id,
    displayName,
    enabled,
    conditions,
  });
  return [
    state("forward-all-calls", "Forward all calls", false),
    state("dnd", "Do not disturb", false),
    ...(isInQueue === true ? [state("agent", "Agent", true)] : []),
    state("work-hours", "Work Hours", true, schedule === undefined ? [] : [{ type: "Schedule", schedule }]),
    state("after-hours", "After Hours", true),
    state("busy", "Busy", true),
  ];
}

/**
 * The second outside number, usually a mobile, rings after hours too, together with the first line, and is where all
 * calls go when they are forwarded.
 */
function rulesOf(extension: Extension, ringing: ForwardingEntry[]): StateRule[] {
  const second = ringing.filter(isOutside).slice(1, 2);
  const lines = ringing.filter(({ device }) => device !== undefined).slice(0, 1);
  const afterHours = [...second, ...lines].flatMap(targetsFor);
  const appsRing = ringing.some((entry) => isOwnApps(extension, entry));
  return [
    {
      id: "forward-all-calls",
      dispatching: { type: "Terminate", actions: [ending(second.map(terminatingTarget))] },
    },
    { id: "dnd", dispatching: { type: "Terminate", actions: [ending()] } },
    ...(extension.isInQueue === true
      ? [{ id: "agent", dispatching: ringAtOnce(appGroups(appsRing)), inherits: "work-hours" }]
      : []),
    { id: "work-hours", dispatching: workHours(extension, ringing, appsRing) },
    {
      id: "after-hours",
      dispatching: ringAtOnce([
        ...appGroups(appsRing),
        ...(afterHours.length > 0 ? [ringGroup(afterHours)] : []),
      ]),
    },
  ];
}

function workHours(extension: Extension, ringing: ForwardingEntry[], appsRing: boolean): Dispatching {
  const lines = ringing.filter(({ device }) => device !== undefined);
  const others = ringing.filter((entry) => entry.device === undefined && !isOwnApps(extension, entry));
  const groups = [...lines, ...others].map((entry) => ringGroup(targetsFor(entry)));
  return {
    type: "RingInOrder",
    actions: [...announcements(), ...appGroups(appsRing), ...groups, ending()],
  };
}

/** Rules for single callers ring the first outside number, and the mobile apps all the time. */
function interactionRulesOf(
  world: World,
  extension: Extension,
  ringing: ForwardingEntry[],
): InteractionRule[] {
  const first = ringing.filter(isOutside).slice(0, 1);
  return (extension.customRules ?? []).map((displayName) => ({
    id: String(world.nextId()),
    displayName,
    enabled: true,
    conditions: [{ type: "Interaction", from: [{ phoneNumber: "+12025550133", name: "Mum" }], to: [] }],
    dispatching: ringAtOnce([
      { type: "RingAlwaysGroupAction", enabled: true, targets: [{ type: "AllMobileRingTarget" }] },
      ringGroup([{ type: "AllDesktopRingTarget" }], false),
      ...first.map((entry) => ringGroup(targetsFor(entry))),
    ]),
  }));
}

const isOutside = ({ type, device, phoneNumber }: ForwardingEntry) =>
  device === undefined && phoneNumber !== undefined && type !== "BusinessMobilePhone";
const isOwnApps = ({ id }: Extension, { type, extension }: ForwardingEntry) =>
  type === "ExtensionApps" && (extension?.id ?? id) === id;

const greeting = (id: string) => ({ effectiveGreetingType: "Preset", preset: { id } });
const ringAtOnce = (actions: RuleObject[]): Dispatching => ({
  type: "RingAtOnce",
  actions: [...actions, ending()],
});

function announcements(): RuleObject[] {
  return [
    { type: "PlayWelcomePromptAction", greeting: greeting("131069"), enabled: false },
    { type: "PlayConnectingMessageAction", greeting: greeting("131070"), enabled: true },
    { type: "ScreeningAction", screening: "NoCallerId", enabled: false, screeningResult: "AskToAnswer" },
  ];
}

export function ringGroup(targets: RuleObject[], enabled = true): RuleObject {
  return { type: "RingGroupAction", enabled, targets, duration: 20 };
}

function appGroups(enabled: boolean): RuleObject[] {
  return ["AllDesktopRingTarget", "AllMobileRingTarget"].map((type) => ringGroup([{ type }], enabled));
}

/** Voicemail is among the targets always; the first other target, if any, ends the call. */
function ending(others: RuleObject[] = []): RuleObject {
  const voicemail = { type: "VoiceMailTerminatingTarget", prompt: { greeting: greeting("131072") } };
  const targets = [voicemail, ...others];
  return { type: "TerminatingAction", targets, terminatingTargetType: (others[0] ?? voicemail).type };
}

function terminatingTarget({ phoneNumber, label = "" }: ForwardingEntry): RuleObject {
  const destination = { phoneNumber };
  return { type: "PhoneNumberTerminatingTarget", name: label, destination, dispatchingType: "Terminating" };
}

/** The ring targets of a v1 entry; the apps of a co-worker are two. */
function targetsFor({ type, phoneNumber, label, device, extension }: ForwardingEntry): RuleObject[] {
  if (device !== undefined) return [{ type: "DeviceRingTarget", device: { id: device.id } }];
  if (type === "ExtensionApps") {
    const owner = extension && { extension: { id: extension.id } };
    return [
      { type: "AllDesktopRingTarget", ...owner },
      { type: "AllMobileRingTarget", ...owner },
    ];
  }
  const destination = { phoneNumber };
  if (type === "BusinessMobilePhone") return [{ type: "FmcPhoneNumberRingTarget", destination }];
  return [{ type: "PhoneNumberRingTarget", ...(label !== undefined && { name: label }), destination }];
}

/** Lines and business mobiles always flip; outside numbers flip if they did in v1. */
function flipRows(world: World, entry: ForwardingEntry): FlipRow[] {
  const { phoneNumber, label, flipNumber, features } = entry;
  if (phoneNumber === undefined || (isOutside(entry) && !features.includes("CallFlip"))) return [];
  const own = entry.type === "BusinessMobilePhone" ? "BusinessMobile" : "PhoneLine";
  return [
    {
      id: String(world.nextId()),
      phoneNumber,
      type: isOutside(entry) ? "External" : own,
      ...(label !== undefined && { label }),
      ...(flipNumber !== undefined && { flipNumber }),
    },
  ];
}
