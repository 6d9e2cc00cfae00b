import type { CallHandling, Dispatching, FlipRow, RuleObject } from "./call-handling.ts";
import { type Account, type Extension, type ForwardingEntry, findAccount, type World } from "./world.ts";

/** The instant an extension moves; its own instant overrides the account's. */
export function moveInstant(account: Account, extension: Extension): number {
  return extension.movesAt ?? account.movesAt ?? Number.POSITIVE_INFINITY;
}

/** @returns the extension's data in the new backend, made from v1 at its move; undefined before the move */
export function callHandlingOf(world: World, extension: Extension, now: number): CallHandling | undefined {
  if (moveInstant(findAccount(world, extension.accountId), extension) > now) return undefined;
  extension.callHandling ??= migrate(world, extension);
  return extension.callHandling;
}

/** A number that neither rings nor flips is lost: the new backend has no place for it. */
function migrate(world: World, extension: Extension): CallHandling {
  const rings = ({ features }: ForwardingEntry) => features.includes("CallForwarding");
  const ringing = extension.forwarding.filter(rings);
  const outside = ringing.filter(
    ({ device, phoneNumber }) => device === undefined && phoneNumber !== undefined,
  );
  const appsRing = ringing.some(({ type }) => type === "ExtensionApps");
  const schedule = extension.workSchedule;
  const state = (id: string, displayName: string, enabled: boolean, conditions: RuleObject[] = []) => ({
    id,
    displayName,
    enabled,
    conditions,
  });
  const workHours: Dispatching = {
    type: "RingInOrder",
    actions: [
      ...announcements(),
      ...appGroups(appsRing),
      ...ringing.flatMap(({ device }) =>
        device === undefined ? [] : [ringGroup([{ type: "DeviceRingTarget", device: { id: device.id } }])],
      ),
      ...outside.map((entry) => ringGroup([numberTarget(entry)])),
      voicemail(),
    ],
  };
  const ringAtOnce = (entries: ForwardingEntry[]): Dispatching => ({
    type: "RingAtOnce",
    actions: [
      ...appGroups(appsRing),
      ...entries.map((entry) => ringGroup([numberTarget(entry)])),
      voicemail(),
    ],
  });
  const terminate = (): Dispatching => ({ type: "Terminate", actions: [voicemail()] });
  return {
    flips: extension.forwarding.flatMap((entry) => flipRows(world, entry)),
    states: [
      state("forward-all-calls", "Forward all calls", false),
      state("dnd", "Do not disturb", false),
      ...(extension.isInQueue === true ? [state("agent", "Agent", true)] : []),
      state("work-hours", "Work hours", true, schedule === undefined ? [] : [{ type: "Schedule", schedule }]),
      state("after-hours", "After hours", true),
      state("busy", "Busy", true),
    ],
    rules: [
      { id: "forward-all-calls", dispatching: terminate() },
      { id: "dnd", dispatching: terminate() },
      ...(extension.isInQueue === true
        ? [{ id: "agent", dispatching: ringAtOnce([]), inherits: "work-hours" }]
        : []),
      { id: "work-hours", dispatching: workHours },
      // The second outside number, usually a mobile, rings after hours too.
      { id: "after-hours", dispatching: ringAtOnce(outside.slice(1, 2)) },
    ],
    interactionRules: (extension.customRules ?? []).map((displayName) => ({
      id: String(world.nextId()),
      displayName,
      enabled: true,
      conditions: [{ type: "Interaction", from: [{ phoneNumber: "+12025550133", name: "Mum" }], to: [] }],
      dispatching: ringAtOnce(outside.slice(0, 1)),
    })),
    hasUnknownTypes: false,
  };
}

const greeting = (id: string) => ({ effectiveGreetingType: "Preset", preset: { id } });

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

function voicemail(): RuleObject {
  const target = { type: "VoiceMailTerminatingTarget", prompt: { greeting: greeting("131072") } };
  return { type: "TerminatingAction", targets: [target], terminatingTargetType: target.type };
}

function numberTarget({ phoneNumber, label }: ForwardingEntry): RuleObject {
  const destination = { phoneNumber };
  return { type: "PhoneNumberRingTarget", ...(label !== undefined && { name: label }), destination };
}

/** Lines always flip; outside numbers flip if they did in v1. */
function flipRows(world: World, entry: ForwardingEntry): FlipRow[] {
  const { phoneNumber, label, flipNumber, device, features } = entry;
  if (phoneNumber === undefined || (device === undefined && !features.includes("CallFlip"))) return [];
  return [
    {
      id: String(world.nextId()),
      phoneNumber,
      type: device === undefined ? "External" : "PhoneLine",
      ...(label !== undefined && { label }),
      ...(flipNumber !== undefined && { flipNumber }),
    },
  ];
}
