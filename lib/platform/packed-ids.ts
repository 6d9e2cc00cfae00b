/** Ids in one text of the differences between them, which compresses to less than half; a list where one is no plain decimal. */
export type PackedIds = string | readonly string[];

export function packIds(ids: readonly string[]): PackedIds {
  if (!ids.every((id) => /^(0|[1-9]\d*)$/.test(id))) return ids;
  const numbers = ids.map(BigInt).sort((a, b) => (a < b ? -1 : 1));
  return numbers.map((id, n) => id - (numbers[n - 1] ?? 0n)).join(" ");
}

export function unpackIds(packed: PackedIds): string[] {
  if (typeof packed !== "string") return [...packed];
  if (packed === "") return [];
  let id = 0n;
  return packed.split(" ").map((difference) => {
    id += BigInt(difference);
    return String(id);
  });
}
