import { numberOf, visibleRules } from "../support/call-handling-truth.ts";
import type { Schedule } from "../support/schedule.ts";
import type { CallHandling, Dispatching, RuleObject } from "../twin/data/call-handling.ts";

/**
 * Another app, an administrator or the platform, which edits an extension's flip rows and rules between any two of our
 * calls, and a ledger of what each edit said. RingCentral has no precondition: an edit between our last reading of a
 * store and our write of it, with no call in between, is lost without a trace. Every other edit must survive.
 */

/** One statement that an edit made true. The last edit of a thing replaces the earlier ones. */
interface Fact {
  /** `flips`, or a rule's id. */
  store: string;
  at: number;
  holds(callHandling: CallHandling): boolean;
  /** Whether what it is about is gone, rightly: our own number. */
  isMoot?(callHandling: CallHandling): boolean;
}

/** What one process has just read: in its latest call, or in its latest calls if they were made at once. */
export interface Readings {
  inFlight: number;
  latest: Map<string, number>;
}

const targetsOf = (action: RuleObject): RuleObject[] => (Array.isArray(action.targets) ? action.targets : []);
const groupsOf = ({ actions }: Dispatching) => actions.filter(({ type }) => type === "RingGroupAction");
const groupOf = (dispatching: Dispatching | undefined, number: string) =>
  dispatching && groupsOf(dispatching).find((group) => targetsOf(group).some((t) => numberOf(t) === number));
const actionOf = (dispatching: Dispatching | undefined, type: string) =>
  dispatching?.actions.find((action) => action.type === type);

export function createLedger(
  schedule: Schedule,
  ownNumbers: readonly string[],
  /** @returns whether a request of the number's caller is under way, which may add it again */
  tell: (phoneNumber: string, event: "removed" | "back again") => boolean,
) {
  const { between, chance } = schedule;
  const facts = new Map<string, Fact>();
  /** Our numbers that another app has removed, with the time, until one of our processes writes them again. */
  const removed = new Map<string, number>();
  const lost: string[] = [];
  let sequence = 0;
  let numbers = 0;
  let outsideRows = 0;
  let words = 0;

  const pick = <T>(items: readonly T[]): T | undefined => items[between(0, Math.max(0, items.length - 1))];
  const newNumber = () => {
    numbers += 1;
    return `+15${String(Math.floor(numbers / 100) % 100).padStart(2, "0")}55501${String(numbers % 100).padStart(2, "0")}`;
  };
  const rules = (callHandling: CallHandling) =>
    visibleRules(callHandling).filter(({ dispatching }) => dispatching.type !== "Terminate");
  const dispatchingOf = (callHandling: CallHandling, id: string) =>
    visibleRules(callHandling).find((rule) => rule.id === id)?.dispatching;
  const state = (key: string, store: string, holds: Fact["holds"], isMoot?: Fact["holds"]) => {
    sequence += 1;
    facts.set(key, { store, at: sequence, holds, ...(isMoot && { isMoot }) });
  };

  const isThere = (callHandling: CallHandling, number: string) =>
    callHandling.flips.some(({ phoneNumber }) => phoneNumber === number) ||
    visibleRules(callHandling).some(({ dispatching }) => groupOf(dispatching, number) !== undefined);

  const outside = (callHandling: CallHandling) =>
    callHandling.flips.filter(
      ({ phoneNumber, type }) => phoneNumber.startsWith("+15") && type === "External",
    );

  function addRow(callHandling: CallHandling, type: "External" | "PhoneLine"): string {
    if (outsideRows >= 3 || callHandling.flips.length >= 9) return addGroup(callHandling);
    outsideRows += 1;
    const phoneNumber = newNumber();
    callHandling.flips.push({ id: `7${phoneNumber.slice(2)}`, phoneNumber, type, label: "Outside" });
    state(`flip ${phoneNumber}`, "flips", ({ flips }) =>
      flips.some((row) => row.phoneNumber === phoneNumber && row.label === "Outside" && row.type === type),
    );
    return `adds the ${type} row ${phoneNumber}`;
  }

  function changeRow(callHandling: CallHandling): string {
    const row = pick(outside(callHandling));
    if (row === undefined) return addRow(callHandling, "External");
    words += 1;
    const { phoneNumber } = row;
    const label = `Outside ${words}`;
    row.label = label;
    state(`flip ${phoneNumber}`, "flips", ({ flips }) =>
      flips.some((each) => each.phoneNumber === phoneNumber && each.label === label),
    );
    return `labels the row ${phoneNumber} ${label}`;
  }

  function removeRow(callHandling: CallHandling): string {
    const row = pick(outside(callHandling));
    if (row === undefined) return addRow(callHandling, "External");
    outsideRows -= 1;
    const { phoneNumber } = row;
    callHandling.flips = callHandling.flips.filter((each) => each !== row);
    state(`flip ${phoneNumber}`, "flips", ({ flips }) =>
      flips.every((each) => each.phoneNumber !== phoneNumber),
    );
    return `removes the row ${phoneNumber}`;
  }

  function addGroup(callHandling: CallHandling): string {
    const rule = pick(rules(callHandling));
    if (rule === undefined) return "nothing";
    const phoneNumber = newNumber();
    const target = { type: "PhoneNumberRingTarget", destination: { phoneNumber }, name: "Outside" };
    const { actions } = rule.dispatching;
    const shared = chance(0.4) ? pick(groupsOf(rule.dispatching).filter(isOfNumbers)) : undefined;
    if (shared === undefined) {
      const end = actions.findIndex(({ type }) => type === "TerminatingAction");
      actions.splice(end, 0, { type: "RingGroupAction", enabled: true, targets: [target], duration: 20 });
    } else shared.targets = [...targetsOf(shared), target];
    state(`target ${rule.id} ${phoneNumber}`, rule.id, (now) =>
      targetsOf(groupOf(dispatchingOf(now, rule.id), phoneNumber) ?? {}).some(
        (each) => numberOf(each) === phoneNumber && each.name === "Outside",
      ),
    );
    return `adds ${phoneNumber} to ${rule.id}${shared ? ", in a group" : ""}`;
  }

  /** Also of a group with our own number: the setting goes when the number goes, and only then. */
  function changeGroup(callHandling: CallHandling): string {
    const rule = pick(rules(callHandling));
    const group = rule && pick(groupsOf(rule.dispatching).filter(isOfNumbers));
    const number =
      group &&
      targetsOf(group)
        .map(numberOf)
        .find((each) => each !== undefined);
    if (rule === undefined || group === undefined || number === undefined) return addGroup(callHandling);
    const change = { enabled: group.enabled !== true, duration: between(1, 12) * 5 };
    Object.assign(group, change);
    const find = (now: CallHandling) => groupOf(dispatchingOf(now, rule.id), number);
    state(
      `group ${rule.id} ${number}`,
      rule.id,
      (now) => find(now)?.enabled === change.enabled && find(now)?.duration === change.duration,
      (now) => ownNumbers.includes(number) && find(now) === undefined,
    );
    return `sets ${number} in ${rule.id} to ${JSON.stringify(change)}`;
  }

  function removeTarget(callHandling: CallHandling): string {
    const rule = pick(rules(callHandling));
    const target =
      rule &&
      pick(
        groupsOf(rule.dispatching)
          .flatMap(targetsOf)
          .filter((each) => each.name === "Outside"),
      );
    const number = target && numberOf(target);
    const group = rule && number && groupOf(rule.dispatching, number);
    if (!rule || !number || !group) return addGroup(callHandling);
    const left = targetsOf(group).filter((each) => each !== target);
    if (left.length > 0) group.targets = left;
    else rule.dispatching.actions = rule.dispatching.actions.filter((action) => action !== group);
    facts.delete(`group ${rule.id} ${number}`);
    state(
      `target ${rule.id} ${number}`,
      rule.id,
      (now) => groupOf(dispatchingOf(now, rule.id), number) === undefined,
    );
    return `removes ${number} from ${rule.id}`;
  }

  /** Another app removes one of our callers' numbers, in both places at once. */
  function removeOwn(callHandling: CallHandling): string {
    const number = pick(
      callHandling.flips.map(({ phoneNumber }) => phoneNumber).filter((each) => ownNumbers.includes(each)),
    );
    if (number === undefined) return changeType(callHandling);
    callHandling.flips = callHandling.flips.filter(({ phoneNumber }) => phoneNumber !== number);
    for (const { dispatching } of visibleRules(callHandling)) {
      dispatching.actions = dispatching.actions.flatMap((action) => {
        if (action.type !== "RingGroupAction") return [action];
        const left = targetsOf(action).filter((target) => numberOf(target) !== number);
        if (left.length === targetsOf(action).length) return [action];
        return left.length === 0 ? [] : [{ ...action, targets: left }];
      });
    }
    sequence += 1;
    removed.set(number, sequence);
    if (tell(number, "removed")) return `removes ${number} during a request for it`;
    const isGone = (now: CallHandling) => now.flips.every(({ phoneNumber }) => phoneNumber !== number);
    state(`removed ${number} flips`, "flips", isGone);
    for (const { id } of visibleRules(callHandling)) {
      state(`removed ${number} ${id}`, id, (now) => groupOf(dispatchingOf(now, id), number) === undefined);
    }
    return `removes ${number}`;
  }

  function changeGreeting(callHandling: CallHandling): string {
    const welcome = actionOf(dispatchingOf(callHandling, "work-hours"), "PlayWelcomePromptAction");
    if (welcome === undefined) return "nothing";
    const enabled = welcome.enabled !== true;
    welcome.enabled = enabled;
    state(
      "greeting",
      "work-hours",
      (now) => actionOf(dispatchingOf(now, "work-hours"), "PlayWelcomePromptAction")?.enabled === enabled,
    );
    return `turns the greeting ${enabled ? "on" : "off"}`;
  }

  function changeType(callHandling: CallHandling): string {
    const rule = pick(rules(callHandling));
    if (rule === undefined) return "nothing";
    const type = rule.dispatching.type === "RingInOrder" ? "RingAtOnce" : "RingInOrder";
    rule.dispatching.type = type;
    state(`type ${rule.id}`, rule.id, (now) => dispatchingOf(now, rule.id)?.type === type);
    return `makes ${rule.id} ${type}`;
  }

  const edits = [
    (data: CallHandling) => addRow(data, "External"),
    (data: CallHandling) => addRow(data, "PhoneLine"),
    changeRow,
    removeRow,
    addGroup,
    addGroup,
    changeGroup,
    changeGroup,
    removeTarget,
    changeGreeting,
    changeType,
    removeOwn,
  ];

  return {
    /** What the processes' writes have undone that they could have kept. */
    lost,
    /** A caller wants its number again. */
    isWanted(number: string): void {
      for (const key of [...facts.keys()]) if (key.startsWith(`removed ${number} `)) facts.delete(key);
    },
    edit(callHandling: CallHandling): void {
      schedule.note(`outside: ${pick(edits)?.(callHandling)}`);
    },
    /** Everything that an extension has now must stay. */
    stateAll(callHandling: CallHandling): void {
      for (const { phoneNumber, label, type } of callHandling.flips) {
        if (ownNumbers.includes(phoneNumber)) continue;
        state(`flip ${phoneNumber}`, "flips", ({ flips }) =>
          flips.some((row) => row.phoneNumber === phoneNumber && row.label === label && row.type === type),
        );
      }
      for (const { id, dispatching } of visibleRules(callHandling)) {
        const others = dispatching.actions.flatMap(targetsOf).filter((target) => {
          const number = numberOf(target);
          return number === undefined || !ownNumbers.includes(number);
        });
        for (const target of others) {
          const json = JSON.stringify(target);
          const has = (now: CallHandling) =>
            dispatchingOf(now, id)?.actions.some((action) =>
              targetsOf(action).some((each) => JSON.stringify(each) === json),
            ) === true;
          state(`initial ${id} ${json}`, id, has);
        }
      }
    },
    /**
     * After a process's call.
     * @param shows the stores that the response shows as they are now
     * @param wrote the store that it has replaced
     */
    called(
      readings: Readings,
      shows: readonly string[],
      wrote: string | undefined,
      callHandling: CallHandling,
    ) {
      for (const [key, fact] of facts) if (fact.isMoot?.(callHandling) === true) facts.delete(key);
      if (wrote !== undefined) {
        const readAt = readings.latest.get(wrote) ?? 0;
        for (const number of removed.keys()) if (isThere(callHandling, number)) removed.delete(number);
        // What else it has read is of before this write.
        readings.latest = new Map();
        for (const [key, fact] of facts) {
          if (fact.store !== wrote || fact.holds(callHandling)) continue;
          facts.delete(key);
          const [, number] = /^removed (\S+)/.exec(key) ?? [];
          if (fact.at > readAt) {
            schedule.note(`unavoidable loss: ${key}`);
            if (number !== undefined) tell(number, "back again");
          } else lost.push(`${key}, edited before the last reading of ${wrote}`);
        }
      }
      sequence += 1;
      for (const store of shows) readings.latest.set(store, sequence);
    },
    /** The time of what is read now. */
    now: () => sequence,
    /**
     * What a write has just undone that a process sent long ago, and cannot call back.
     * @param readAt when the process had read the store before that
     */
    undone(callHandling: CallHandling, readAt: number): string[] {
      const keys = [...facts].filter(([, fact]) => !fact.holds(callHandling)).map(([key]) => key);
      for (const key of keys) {
        facts.delete(key);
        const [, number] = /^removed (\S+)/.exec(key) ?? [];
        if (number !== undefined) tell(number, "back again");
      }
      // Also where its caller wants it again: then not in the way in which it comes back.
      for (const [number, at] of removed) {
        if (at < readAt || !isThere(callHandling, number)) continue;
        removed.delete(number);
        tell(number, "back again");
      }
      return keys;
    },
    /** What does not hold any more, though no write of a process is known to have undone it. */
    missing(callHandling: CallHandling): string[] {
      return [...facts].filter(([, fact]) => !fact.holds(callHandling)).map(([key]) => key);
    },
  };
}

/** Of outside numbers, not of apps or lines. */
function isOfNumbers(group: RuleObject): boolean {
  return targetsOf(group).some((target) => numberOf(target) !== undefined);
}
