import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { fieldsThatDiffer } from "../snapshot/number-changes.ts";
import { cut } from "../snapshot/number-chunks.ts";
import type { Staged } from "./checkpoint.ts";
import { type Run, RunStale } from "./run.ts";

/** A run may be resumed for 12 h; after that it restarts. */
export const RUN_LIFETIME_MS = 12 * 60 * 60 * 1000;
const STAGE_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** The numbers of one page of the list, or of one batch of look-ups. */
type Kind = "pages" | "lookups";

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
 * Saves numbers under a name that only this lease holder uses, once: a late write of a former holder is never mistaken
 * for this holder's. Keeps them for the run, with those of the base in place of equal ones.
 * @returns the checkpoint's new account of what is staged
 */
export async function stage(run: Run, kind: Kind, numbers: readonly PhoneNumber[]): Promise<Staged> {
  const { records, base, clock, lease } = run;
  const staged = run.checkpoint[kind];
  const places = new Set<number>();
  const other: PhoneNumber[] = [];
  for (const number of numbers) {
    const before = base.byId.get(number.id);
    const isSame = before !== undefined && fieldsThatDiffer(before.number, number).length === 0;
    if (isSame) places.add(before.place);
    else other.push(number);
    run.numbers.set(number.id, isSame ? before.number : number);
  }
  const sorted = [...places].sort((a, b) => a - b);
  const same = sorted.map((place, index) => place - (sorted[index - 1] ?? -1));
  const [first = [], ...rest] = cut(other, JSON.stringify).map((part) => part.numbers);
  const key = stageKey(run, kind, countStaged(staged), lease.generation);
  const options = { expiresAt: clock.now() + STAGE_LIFETIME_MS };
  for (const [index, part] of rest.entries()) await records.writeOnce(`${key}+${index}`, part, options);
  const value: StagedNumbers = { same, other: first, ...(rest.length > 0 && { more: rest.length }) };
  await records.writeOnce(key, value, options);
  const last = staged.at(-1);
  if (last?.[0] !== lease.generation) return [...staged, [lease.generation, 1]];
  return [...staged.slice(0, -1), [lease.generation, last[1] + 1]];
}

const countStaged = (staged: Staged) => staged.reduce((sum, [, count]) => sum + count, 0);

/** Reads what the run has staged, and keeps it for the run. @throws RunStale when a record is missing */
export async function readStaged(run: Run, kind: Kind): Promise<void> {
  let index = 0;
  for (const [generation, count] of run.checkpoint[kind]) {
    for (const end = index + count; index < end; index += 1) {
      for (const number of await readNumbers(run, stageKey(run, kind, index, generation))) {
        run.numbers.set(number.id, number);
      }
    }
  }
}

async function readNumbers({ records, base }: Run, key: string): Promise<PhoneNumber[]> {
  const read = async <Value>(name: string) => {
    const value = await records.readCompressed<Value>(name);
    if (value === undefined) throw new RunStale("stage_lost");
    return value;
  };
  const { same, other, more = 0 } = await read<StagedNumbers>(key);
  const numbers: PhoneNumber[] = [];
  let place = -1;
  for (const distance of same) {
    place += distance;
    numbers.push(...base.numbers.slice(place, place + 1));
  }
  numbers.push(...other);
  for (let part = 0; part < more; part += 1) numbers.push(...(await read<PhoneNumber[]>(`${key}+${part}`)));
  return numbers;
}

function stageKey(
  { checkpoint: { runId, scan } }: Run,
  kind: Kind,
  index: number,
  generation: number,
): string {
  return `stage#${runId}#${scan}.${kind}${index}.${generation}`;
}
