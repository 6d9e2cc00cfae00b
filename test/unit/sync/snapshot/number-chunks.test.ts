import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PhoneNumber } from "../../../../lib/contract/company-numbers.ts";
import { cutIntoChunks } from "../../../../lib/sync/snapshot/number-chunks.ts";

const phoneNumber = (id: number, label?: string): PhoneNumber => ({
  id: String(id),
  phoneNumber: `+1${String(2_000_000_000 + ((id * 7_919) % 1_000_003))}`,
  usageType: "DirectNumber",
  status: "Normal",
  primary: false,
  ...(label !== undefined && { label }),
});
const listOf = (count: number) => Array.from({ length: count }, (_, index) => phoneNumber(index + 1));
const hashes = (numbers: Iterable<PhoneNumber>) => cutIntoChunks(numbers).map(({ hash }) => hash);

describe("the chunks of a snapshot", () => {
  it("hold the whole list in order, about 500 numbers each", () => {
    const list = listOf(20_000);
    const chunks = cutIntoChunks(list);
    const inOrder = list.toSorted((a, b) => (a.phoneNumber < b.phoneNumber ? -1 : 1));
    expect(chunks.flatMap(({ numbers }) => numbers)).toEqual(inOrder);
    for (const { numbers } of chunks.slice(0, -1)) {
      expect(numbers.length).toBeGreaterThanOrEqual(128);
      expect(numbers.length).toBeLessThanOrEqual(2_048);
    }
    expect(chunks.length).toBeGreaterThan(20);
    expect(chunks.length).toBeLessThan(80);
  });

  it("change only around a number that is added, removed or changed", () => {
    const list = listOf(8_000);
    const before = new Set(hashes(list));
    fc.assert(
      fc.property(fc.nat(7_999), fc.constantFrom("add", "remove", "change"), (at, edit) => {
        const edited = [...list];
        if (edit === "remove") edited.splice(at, 1);
        else if (edit === "add") edited.push(phoneNumber(10_000 + at));
        else edited[at] = phoneNumber(at + 1, "changed");
        const fresh = hashes(edited).filter((hash) => !before.has(hash));
        expect(fresh.length).toBeGreaterThan(0);
        expect(fresh.length).toBeLessThanOrEqual(edit === "change" ? 1 : 4);
      }),
      { numRuns: 60 },
    );
  });

  it("have a hash that ignores the order of a number's fields", () => {
    const [one] = listOf(1);
    const turned = Object.fromEntries(Object.entries(one ?? {}).reverse()) as PhoneNumber;
    expect(hashes([turned])).toEqual(hashes(one ? [one] : []));
  });

  it("fit into an item of the table, also with long texts", () => {
    const long = listOf(2_000).map((number) => ({ ...number, label: number.id.padStart(5_000, "x") }));
    for (const { numbers } of cutIntoChunks(long)) {
      expect(JSON.stringify(numbers).length).toBeLessThan(300_000);
    }
  });
});
