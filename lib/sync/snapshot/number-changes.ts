import { isDeepStrictEqual } from "node:util";
import type { PhoneNumber } from "../../contract/company-numbers.ts";

/** One change from one list of numbers to another. */
export type Difference =
  | { type: "added"; id: string; phoneNumber: PhoneNumber }
  | { type: "updated"; id: string; phoneNumber: PhoneNumber; changedFields: string[] }
  | { type: "removed"; id: string };

/** One difference for each number that is not the same in both lists, in the order of the ids. */
export function differences(
  before: readonly PhoneNumber[],
  after: ReadonlyMap<string, PhoneNumber>,
): Difference[] {
  const known = new Map(before.map((number) => [number.id, number]));
  const found: Difference[] = [];
  for (const [id, phoneNumber] of after) {
    const old = known.get(id);
    const changedFields = old === undefined ? [] : fieldsThatDiffer(old, phoneNumber);
    if (old === undefined) found.push({ type: "added", id, phoneNumber });
    else if (changedFields.length > 0) found.push({ type: "updated", id, phoneNumber, changedFields });
  }
  for (const id of known.keys()) if (!after.has(id)) found.push({ type: "removed", id });
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Names of the fields whose values differ or that only one number has. */
export function fieldsThatDiffer(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  // The scan puts the number of the base in the place of an equal one.
  if (before === after) return [];
  return Object.keys({ ...before, ...after })
    .filter((name) => before[name] !== after[name] && !isDeepStrictEqual(before[name], after[name]))
    .sort();
}
