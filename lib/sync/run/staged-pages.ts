import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { readCompressed, writeOnce } from "../snapshot/compressed-records.ts";
import { isSameNumber } from "../snapshot/number-changes.ts";
import { stageKey } from "../snapshot/sync-records.ts";
import type { Run } from "./run.ts";

/** A run may be resumed for 12 h; after that it restarts. */
export const RUN_LIFETIME_MS = 12 * 60 * 60 * 1000;
const STAGE_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** Length of the text; see `number-chunks.ts`. */
const MAX_PART_LENGTH = 256 * 1024;

/**
 * One page as its difference from the base: an unchanged number is stored as its place in the base. An unchanged page
 * of 1,000 numbers takes 1 to 2 KB instead of 50.
 */
interface StagedNumbers {
  /** Places in order, each as its distance from the one before: long runs of 1, which compress to a few bytes. */
  same: number[];
  other: PhoneNumber[];
  /** Count of further records, which hold the rest of `other`. */
  more?: number;
}

/**
 * Saves the numbers of a page under a name that only this lease holder uses, and only once.
 * @returns the numbers, with those of the base in place of equal ones
 */
export async function stageNumbers(
  { records, accountId, checkpoint: { runId }, base, clock }: Run,
  name: string,
  numbers: readonly PhoneNumber[],
): Promise<PhoneNumber[]> {
  const places: number[] = [];
  const other: PhoneNumber[] = [];
  const known = numbers.map((number) => {
    const place = base.places.get(number.id);
    const before = place === undefined ? undefined : base.numbers[place];
    if (place !== undefined && before !== undefined && isSameNumber(before, number)) {
      places.push(place);
      return before;
    }
    other.push(number);
    return number;
  });
  const [first = [], ...rest] = partsOf(other);
  const options = { expiresAt: clock.now() + STAGE_LIFETIME_MS };
  const write = (part: string, value: unknown) =>
    writeOnce(records, stageKey(accountId, runId, part), value, options);
  for (const [index, part] of rest.entries()) await write(`${name}+${index}`, part);
  const staged: StagedNumbers = {
    same: distancesOf(places),
    other: first,
    ...(rest.length > 0 && { more: rest.length }),
  };
  await write(name, staged);
  return known;
}

/** @returns undefined when a record is missing */
export async function readStagedNumbers(
  { records, accountId, checkpoint: { runId }, base }: Run,
  name: string,
): Promise<PhoneNumber[] | undefined> {
  const staged = await readCompressed<StagedNumbers>(records, stageKey(accountId, runId, name));
  if (staged === undefined) return undefined;
  const numbers: PhoneNumber[] = [];
  let place = -1;
  for (const distance of staged.same) {
    place += distance;
    const number = base.numbers[place];
    if (number !== undefined) numbers.push(number);
  }
  numbers.push(...staged.other);
  for (let part = 0; part < (staged.more ?? 0); part += 1) {
    const more = await readCompressed<PhoneNumber[]>(records, stageKey(accountId, runId, `${name}+${part}`));
    if (more === undefined) return undefined;
    numbers.push(...more);
  }
  return numbers;
}

/** The order within a page does not matter, and neither does a number that it holds twice. */
function distancesOf(places: readonly number[]): number[] {
  const sorted = [...new Set(places)].sort((a, b) => a - b);
  return sorted.map((place, index) => place - (sorted[index - 1] ?? -1));
}

function partsOf(numbers: readonly PhoneNumber[]): PhoneNumber[][] {
  const parts: PhoneNumber[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const number of numbers) {
    const length = JSON.stringify(number).length;
    size += length;
    if (size > MAX_PART_LENGTH) {
      parts.push([]);
      size = length;
    }
    parts.at(-1)?.push(number);
  }
  return parts;
}
