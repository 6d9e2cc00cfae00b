import { describe, expect, it } from "vitest";
import { deal, dealShare } from "../../processes/deck.ts";
import { createRandom } from "../../twin/random.ts";

const seeds = Array.from({ length: 50 }, (_, seed) => seed);

/** @returns the first cards of a deck */
function take<Card>(deck: Generator<Card, never>, count: number): Card[] {
  return Array.from({ length: count }, () => deck.next().value);
}

describe("a deck", () => {
  it.each([
    [0.03, 100, 3],
    [0.07, 100, 7],
    [0.1, 10, 1],
    [0.5, 10, 5],
    [1, 10, 10],
  ])("deals a share of %d exactly in each %i draws, with any seed", (share, size, expected) => {
    for (const seed of seeds) {
      const deck = dealShare(share, createRandom(seed).next);
      const rounds = [take(deck, size), take(deck, size)];
      for (const round of rounds) expect(round.filter((isDrawn) => isDrawn)).toHaveLength(expected);
    }
  });

  it("deals each card once before any comes again, in an order that the seed determines", () => {
    const dealt = seeds.map((seed) => take(deal(["kill", "freeze", "delay"], createRandom(seed).next), 3));
    for (const cards of dealt) expect(cards.toSorted()).toEqual(["delay", "freeze", "kill"]);
    expect(new Set(dealt.map((cards) => cards.join())).size).toBe(6);
  });
});
