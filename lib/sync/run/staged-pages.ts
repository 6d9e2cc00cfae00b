import type { PhoneNumber } from "../../contract/company-numbers.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { isSameNumber } from "../snapshot/number-changes.ts";
import { readPacked, writeOnce } from "../snapshot/pack.ts";
import { stageKey } from "../sync-records.ts";

/** A run is gone on with for so long after it began; then it starts over. */
export const RUN_LIFETIME_MS = 12 * 60 * 60 * 1000;
const STAGE_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** As text; see `number-chunks.ts`. */
const MAX_PART_LENGTH = 256 * 1024;

/** The snapshot a run started from. */
export interface Base {
  /** In order. */
  numbers: readonly PhoneNumber[];
  /** Place of each id. */
  places: ReadonlyMap<string, number>;
}

export function baseOf(numbers: readonly PhoneNumber[]): Base {
  return { numbers, places: new Map(numbers.map(({ id }, place) => [id, place])) };
}

/** The number of the base with that id. */
export function numberIn({ numbers, places }: Base, id: string): PhoneNumber | undefined {
  const place = places.get(id);
  return place === undefined ? undefined : numbers[place];
}

/**
 * Numbers that were read, as their difference from the base: one that is as it was there is only its place. A page of
 * RingCentral's without a change takes a kilobyte or two instead of fifty.
 */
interface StagedNumbers {
  /** `distance, length, distance, length`: runs of places, each from the end of the one before. */
  same: number[];
  other: PhoneNumber[];
  /** So many further records hold the rest of `other`. */
  more?: number;
}

export interface Stage {
  records: RecordStore;
  accountId: string;
  runId: string;
  base: Base;
  now: () => number;
}

/**
 * Writes down what was read, under a name that only this holder of the lease uses and only once.
 * @returns the numbers, those of the base in place of equal ones
 */
export async function stageNumbers(
  { records, accountId, runId, base, now }: Stage,
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
  const options = { expiresAt: now() + STAGE_LIFETIME_MS };
  const write = (part: string, value: unknown) =>
    writeOnce(records, stageKey(accountId, runId, part), value, options);
  for (const [index, part] of rest.entries()) await write(`${name}+${index}`, part);
  const staged: StagedNumbers = {
    same: runsOf(places),
    other: first,
    ...(rest.length > 0 && { more: rest.length }),
  };
  await write(name, staged);
  return known;
}

/** @returns undefined when it is not there (any more) */
export async function stagedNumbers(
  { records, accountId, runId, base }: Stage,
  name: string,
): Promise<PhoneNumber[] | undefined> {
  const staged = await readPacked<StagedNumbers>(records, stageKey(accountId, runId, name));
  if (staged === undefined) return undefined;
  const numbers: PhoneNumber[] = [];
  let end = 0;
  for (let index = 0; index < staged.same.length; index += 2) {
    const first = end + (staged.same[index] ?? 0);
    end = first + (staged.same[index + 1] ?? 0);
    numbers.push(...base.numbers.slice(first, end));
  }
  numbers.push(...staged.other);
  for (let part = 0; part < (staged.more ?? 0); part += 1) {
    const more = await readPacked<PhoneNumber[]>(records, stageKey(accountId, runId, `${name}+${part}`));
    if (more === undefined) return undefined;
    numbers.push(...more);
  }
  return numbers;
}

/** The order of a page does not matter: sorted, neighbours make runs. */
function runsOf(places: number[]): number[] {
  const runs: number[] = [];
  let end = 0;
  for (const place of [...new Set(places)].sort((a, b) => a - b)) {
    if (place === end && runs.length > 0) runs[runs.length - 1] = (runs.at(-1) ?? 0) + 1;
    else runs.push(place - end, 1);
    end = place + 1;
  }
  return runs;
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
