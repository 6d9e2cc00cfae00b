import { createHash } from "node:crypto";
import type { PhoneNumber } from "../../contract/company-numbers.ts";

/** Mean count of numbers in a chunk: a page of 100 loads one chunk, and one change rewrites one. */
const MEAN = 512;
const SMALLEST = MEAN / 4;
const LARGEST = MEAN * 4;
/** Fits into an item of the table (400 KB) compressed, even if it were random. */
const LARGEST_TEXT = 256 * 1024;

interface NumberChunk {
  numbers: PhoneNumber[];
  /** Equal for equal content. */
  hash: string;
}

/** Order of a snapshot: by phone number, then by id. */
export function inOrder(numbers: Iterable<PhoneNumber>): PhoneNumber[] {
  return [...numbers].sort((a, b) => compare(a.phoneNumber, b.phoneNumber) || compare(a.id, b.id));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Content-defined chunking: the ids of the numbers decide where a chunk ends. An insertion or removal moves only the
 * nearest boundary, and all other chunks keep their content.
 */
export function cutIntoChunks(sorted: readonly PhoneNumber[]): NumberChunk[] {
  const chunks: NumberChunk[] = [];
  let numbers: PhoneNumber[] = [];
  let texts: string[] = [];
  let size = 0;
  const cut = () => {
    if (numbers.length === 0) return;
    chunks.push({ numbers, hash: hashOf(texts) });
    [numbers, texts, size] = [[], [], 0];
  };
  for (const number of sorted) {
    const text = textOf(number);
    if (size + text.length > LARGEST_TEXT) cut();
    numbers.push(number);
    texts.push(text);
    size += text.length;
    if (numbers.length >= LARGEST || (numbers.length >= SMALLEST && isBoundary(number.id))) cut();
  }
  cut();
  return chunks;
}

/** Equal for equal numbers, whatever the order of their fields. */
function textOf({ extension, ...fields }: PhoneNumber): string {
  const own = Object.entries(fields).sort(byName);
  return JSON.stringify([own, extension && Object.entries(extension).sort(byName)]);
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => compare(a, b);

function hashOf(texts: readonly string[]): string {
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
