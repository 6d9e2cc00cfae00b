import type { Problem, Result } from "./api.ts";
import { clockTime } from "./words.ts";

/** What is known from one read of the API. */
export interface Reading<Data> {
  data?: Data | undefined;
  /** When `data` was read. */
  readAt?: number | undefined;
  /** Why the last read failed. */
  problem?: Problem | undefined;
}

/** Data counts as old after the longest pace and a slow response. */
export const OLD_AFTER_MS = 60_000;

/** A failed read keeps the data of the one before. */
export function afterRead<Data>(before: Reading<Data>, result: Result<Data>, now: number): Reading<Data> {
  return "data" in result ? { data: result.data, readAt: now } : { ...before, problem: result.problem };
}

export function isCurrent({ readAt, problem }: Reading<unknown>, now: number): boolean {
  return problem === undefined && readAt !== undefined && now - readAt < OLD_AFTER_MS;
}

/** The time at which a reading's data is true: old data is shown as of its reading. */
export function timeOf(reading: Reading<unknown>, now: number): number {
  return isCurrent(reading, now) ? now : (reading.readAt ?? now);
}

/** The parts that are not known as they are now, in words for the headline. */
export function unknownParts(readings: Readonly<Record<string, Reading<unknown>>>, now: number): string[] {
  const old = Object.entries(readings).filter(([, reading]) => !isCurrent(reading, now));
  const all = old.map(([, reading]) => reading);
  const problem = all.find((reading) => reading.problem !== undefined)?.problem;
  if (old.length < Object.keys(readings).length) {
    return old.map(([part, reading]) => {
      const since = reading.readAt === undefined ? "" : ` since ${clockTime(reading.readAt, now)}`;
      return `${part} unknown${since}${because(reading.problem)}`;
    });
  }
  const readAt = Math.max(...all.map((reading) => reading.readAt ?? 0));
  if (problem === undefined) return readAt === 0 ? [] : [`Old: read at ${clockTime(readAt, now)}.`];
  const blind = readAt === 0 ? "Blind" : `Blind since ${clockTime(readAt, now)}`;
  return [`${blind}${because(problem)}`];
}

const because = (problem?: Problem) => (problem === undefined ? "." : `: ${problem.title}.`);
