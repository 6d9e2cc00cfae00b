import type { Random } from "../random.ts";
import {
  type CallHandling,
  type Dispatching,
  type FlipRow,
  ownRules,
  type RuleObject,
} from "./call-handling.ts";
import { ringGroup } from "./migration.ts";

/**
 * The edits of another app, and of the platform itself, which adds the rows of lines. Only own additions are changed,
 * so that each edit can be checked.
 */
export const outsideEdits = [
  "add-flip",
  "add-line",
  "change-flip",
  "remove-flip",
  "add-target",
  "change-target",
  "remove-target",
];

/** Another app, an administrator or RingCentral's own app, which edits rules and flip rows of moved extensions. */
export interface OutsideWriter {
  /**
   * Edits an extension.
   * @param kind one of `outsideEdits`; absent: random
   * @returns the kind of the edit made: without anything to change or remove, it adds
   */
  edit(extensionId: string, callHandling: CallHandling, kind?: string): string;
  /** The writer's edits that an extension lacks, one line each; empty when none is lost. */
  lostEdits(extensionId: string, callHandling: CallHandling): string[];
  clear(): void;
}

interface Written {
  flips: FlipRow[];
  groups: { ruleId: string; group: RuleObject }[];
  /** Numbers that it has removed: they must not come back. */
  removed: string[];
}

const maxRows = 10;

export function createOutsideWriter(random: Random): OutsideWriter {
  const writtenBy = new Map<string, Written>();
  let lastNumber = 0;
  let lastLabel = 0;
  const written = (extensionId: string): Written => {
    const found = writtenBy.get(extensionId) ?? { flips: [], groups: [], removed: [] };
    writtenBy.set(extensionId, found);
    return found;
  };
  const pick = <T>(items: readonly T[]): T | undefined => items[random.below(items.length)];
  /** Numbers of area codes 500 to 599, each used once. */
  const newNumber = () => {
    lastNumber += 1;
    const [areaCode, line] = [Math.floor(lastNumber / 100) % 100, lastNumber % 100];
    return `+15${String(areaCode).padStart(2, "0")}55501${String(line).padStart(2, "0")}`;
  };

  function addRow(own: Written, callHandling: CallHandling, type: FlipRow["type"]): boolean {
    if (callHandling.flips.length >= maxRows) return false;
    const phoneNumber = newNumber();
    const row: FlipRow = { id: `7${phoneNumber.slice(2)}`, phoneNumber, type, label: "Outside" };
    callHandling.flips.push(row);
    own.flips.push({ ...row });
    return true;
  }

  function changeFlip(own: Written, callHandling: CallHandling): boolean {
    const copy = pick(own.flips);
    const row = callHandling.flips.find(({ id }) => id === copy?.id);
    if (copy === undefined || row === undefined) return false;
    lastLabel += 1;
    row.label = copy.label = `Outside ${lastLabel}`;
    return true;
  }

  function removeFlip(own: Written, callHandling: CallHandling): boolean {
    const copy = pick(own.flips);
    if (copy === undefined) return false;
    callHandling.flips = callHandling.flips.filter(({ id }) => id !== copy.id);
    own.flips = own.flips.filter((each) => each !== copy);
    own.removed.push(copy.phoneNumber);
    return true;
  }

  function addTarget(own: Written, callHandling: CallHandling): boolean {
    const rule = pick(ownRules(callHandling).filter(({ dispatching }) => dispatching.type !== "Terminate"));
    if (rule === undefined) return false;
    const target = {
      type: "PhoneNumberRingTarget",
      destination: { phoneNumber: newNumber() },
      name: "Outside",
    };
    const { actions } = rule.dispatching;
    const end = actions.findIndex(({ type }) => type === "TerminatingAction");
    const group = ringGroup([target]);
    actions.splice(end < 0 ? actions.length : end, 0, group);
    own.groups.push({ ruleId: rule.id, group: structuredClone(group) });
    return true;
  }

  function changeTarget(own: Written, callHandling: CallHandling): boolean {
    const copy = pick(own.groups);
    const group = copy && groupOf(dispatchingOf(callHandling, copy.ruleId), numberOf(copy.group));
    if (copy === undefined || group === undefined) return false;
    const change = { enabled: !group.enabled, duration: Number(group.duration) + 5 };
    Object.assign(group, change);
    Object.assign(copy.group, change);
    return true;
  }

  function removeTarget(own: Written, callHandling: CallHandling): boolean {
    const copy = pick(own.groups);
    if (copy === undefined) return false;
    const number = numberOf(copy.group);
    const dispatching = dispatchingOf(callHandling, copy.ruleId);
    if (dispatching) {
      dispatching.actions = dispatching.actions.filter((action) => numberOf(action) !== number);
    }
    own.groups = own.groups.filter((each) => each !== copy);
    own.removed.push(number);
    return true;
  }

  const edits: Record<string, (own: Written, callHandling: CallHandling) => boolean> = {
    "add-flip": (own, callHandling) => addRow(own, callHandling, "External"),
    "add-line": (own, callHandling) => addRow(own, callHandling, "PhoneLine"),
    "change-flip": changeFlip,
    "remove-flip": removeFlip,
    "add-target": addTarget,
    "change-target": changeTarget,
    "remove-target": removeTarget,
  };

  return {
    edit(extensionId, callHandling, kind = pick(outsideEdits) ?? "add-target") {
      const own = written(extensionId);
      if (edits[kind]?.(own, callHandling) === true) return kind;
      addTarget(own, callHandling);
      return "add-target";
    },
    lostEdits: (extensionId, callHandling) => lostEdits(written(extensionId), callHandling),
    clear() {
      writtenBy.clear();
      lastNumber = 0;
      lastLabel = 0;
    },
  };
}

function dispatchingOf(callHandling: CallHandling, ruleId: string): Dispatching | undefined {
  return ownRules(callHandling).find(({ id }) => id === ruleId)?.dispatching;
}

/** The number of a group with one outside number; empty for any other action. */
function numberOf(action: RuleObject): string {
  return (
    /^\[\{[^[\]]*"phoneNumber":"([^"]+)"[^[\]]*\}\]$/.exec(JSON.stringify(action.targets ?? null))?.[1] ?? ""
  );
}

function groupOf(dispatching: Dispatching | undefined, number: string): RuleObject | undefined {
  return dispatching?.actions.find((action) => numberOf(action) === number);
}

function lostEdits(own: Written, callHandling: CallHandling): string[] {
  const lost: string[] = [];
  for (const row of own.flips) {
    const found = callHandling.flips.find(({ phoneNumber }) => phoneNumber === row.phoneNumber);
    if (found === undefined) lost.push(`flip row ${row.phoneNumber} is gone`);
    else if (found.label !== row.label) lost.push(`flip row ${row.phoneNumber} has its former label`);
  }
  for (const { ruleId, group } of own.groups) {
    const found = groupOf(dispatchingOf(callHandling, ruleId), numberOf(group));
    const number = `${numberOf(group)} of ${ruleId}`;
    if (found === undefined) lost.push(`target ${number} is gone`);
    else if (found.enabled !== group.enabled || found.duration !== group.duration) {
      lost.push(`target ${number} is as before its change`);
    }
  }
  const all = JSON.stringify(callHandling);
  for (const number of own.removed) if (all.includes(number)) lost.push(`${number} is back`);
  return lost;
}
