import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CursorBinding, signCursor, verifyCursor } from "../../lib/http/cursor.ts";

const key = (seed: number) => new Uint8Array(32).fill(seed);
const positions = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 10 }).filter((name) => name !== "__proto__"),
  fc.oneof(fc.integer(), fc.string({ maxLength: 20 }), fc.boolean()),
  { maxKeys: 5, noNullPrototype: true },
);
const bindings: fc.Arbitrary<CursorBinding> = fc.record({
  operationId: fc.constantFrom("listA", "listB"),
  accountId: fc.constantFrom("1", "2"),
  extensionId: fc.constantFrom("", "1", "2", "12"),
  filters: fc.dictionary(fc.constantFrom("status", "q"), fc.constantFrom("a", "b", ""), {
    noNullPrototype: true,
  }),
});

describe("a cursor", () => {
  it("verifies to the position it was signed for, under any valid key", () => {
    fc.assert(
      fc.property(positions, bindings, (position, binding) => {
        const cursor = signCursor(position, binding, key(1));
        expect(verifyCursor(cursor, binding, [key(2), key(1)])).toEqual(position);
        expect(verifyCursor(cursor, binding, [key(2)])).toBeUndefined();
        expect(cursor).toMatch(/^[A-Za-z0-9_.-]+$/);
      }),
    );
  });

  it("does not verify once any of its characters changes", () => {
    fc.assert(
      fc.property(
        positions,
        bindings,
        fc.nat(),
        fc.constantFrom(..."AZaz09-_."),
        (position, binding, at, other) => {
          const cursor = signCursor(position, binding, key(1));
          const index = at % cursor.length;
          fc.pre(cursor[index] !== other);
          const changed = cursor.slice(0, index) + other + cursor.slice(index + 1);
          expect(verifyCursor(changed, binding, [key(1)])).toBeUndefined();
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("does not verify for another route, extension or filter", () => {
    fc.assert(
      fc.property(positions, bindings, bindings, (position, binding, other) => {
        fc.pre(JSON.stringify(binding) !== JSON.stringify(other));
        const sameFilters = new Map(Object.entries(binding.filters));
        const equal =
          binding.operationId === other.operationId &&
          binding.accountId === other.accountId &&
          binding.extensionId === other.extensionId &&
          sameFilters.size === Object.keys(other.filters).length &&
          Object.entries(other.filters).every(([name, value]) => sameFilters.get(name) === value);
        fc.pre(!equal);
        expect(verifyCursor(signCursor(position, binding, key(1)), other, [key(1)])).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
