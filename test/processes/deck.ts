// Draws whose number is certain and whose order is not: a deck is shuffled, dealt to its end, and shuffled again. With any
// seed a fault of one card in ten affects one request in ten, and each kind of disturbance comes as often as the others.

export function* deal<Card>(cards: readonly Card[], random: () => number): Generator<Card, never> {
  for (;;) {
    const drawn = cards.map((card) => ({ card, at: random() }));
    for (const { card } of drawn.toSorted((a, b) => a.at - b.at)) yield card;
  }
}

/** Whether each draw is one of the share. @param share of full tenths, or of full hundredths below a tenth */
export function dealShare(share: number, random: () => number): Generator<boolean, never> {
  const size = share < 0.1 ? 100 : 10;
  return deal(
    Array.from({ length: size }, (_, n) => n < Math.round(share * size)),
    random,
  );
}
