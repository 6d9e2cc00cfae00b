import { createHash } from "node:crypto";
import type { PhoneNumber } from "../../contract/company-numbers.ts";

/** Mean count of numbers in a chunk: a page of 100 loads one chunk, and one change rewrites one. */
const MEAN = 512;
const SMALLEST = MEAN / 4;
const LARGEST = MEAN * 4;
/** Fits into an item of the table (400 KB) compressed, even if it were random. */
const LARGEST_TEXT = 256 * 1024;

/**
 * Content-defined chunking of the numbers, in order of phone number, then id. The ids decide where a chunk ends: an
 * insertion or removal moves only the nearest boundary, and all other chunks keep their content.
 * @returns the chunks with hashes, equal for equal content
 */
export function cutIntoChunks(all: Iterable<PhoneNumber>): { numbers: PhoneNumber[]; hash: string }[] {
  const sorted = [...all].sort((a, b) => compare(a.phoneNumber, b.phoneNumber) || compare(a.id, b.id));
  const endsWith = ({ id }: PhoneNumber, count: number) =>
    count >= LARGEST || (count >= SMALLEST && isBoundary(id));
  return cut(sorted, textOf, endsWith).map(({ numbers, texts }) => ({ numbers, hash: hashOf(texts) }));
}

/** Parts that each fit into an item of the table. @param endsWith whether a part ends with this number already */
export function cut(
  all: readonly PhoneNumber[],
  textOf: (number: PhoneNumber) => string,
  endsWith: (number: PhoneNumber, count: number) => boolean = () => false,
): { numbers: PhoneNumber[]; texts: string[] }[] {
  const parts: { numbers: PhoneNumber[]; texts: string[] }[] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const number of all) {
    const text = textOf(number);
    if (size + text.length > LARGEST_TEXT) {
      parts.push({ numbers: [], texts: [] });
      size = 0;
    }
    const { numbers, texts } = parts.at(-1) ?? { numbers: [], texts: [] };
    numbers.push(number);
    texts.push(text);
    size = endsWith(number, numbers.length) ? Number.POSITIVE_INFINITY : size + text.length;
  }
  return parts;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Equal for equal numbers, whatever the order of their fields; twice as fast as `canonicalJson`. */
function textOf({ extension, ...fields }: PhoneNumber): string {
  const byName = ([a]: [string, unknown], [b]: [string, unknown]) => compare(a, b);
  return JSON.stringify([
    Object.entries(fields).sort(byName),
    extension && Object.entries(extension).sort(byName),
  ]);
}

export function hashOf(texts: readonly string[]): string {
  return createHash("sha256").update(texts.join("\n")).digest("base64url").slice(0, 22);
}

/** FNV-1a: chunk boundaries only need an even spread. */
function isBoundary(id: string): boolean {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  // The low bits of neighbouring ids are correlated; the multiplications mix the high bits.
  return ((hash ^ (hash >>> 15)) >>> 0) % (MEAN - SMALLEST) === 0;
}
