import { type BusyHour, playBusyHour, type SetUp, WANTED } from "./busy-hour.ts";

/** Two counts of users closer than this are the same: the chance in a simulation is larger. */
const CLOSE = 1.08;
/** From the first guess, until the capacity is between two counts. */
const STEP = 1.25;

export interface Search {
  setUp: SetUp;
  factor: number;
  seed: number;
  screens: number;
}

export interface Capacity extends Search {
  /** The largest count of users that was served. */
  users: number;
  at: BusyHour;
  /** The smallest count that was not, and what it met. */
  beyond: { users: number; met: BusyHour };
}

/** Bisects the count of users of which 99 % of the screens are there at once. */
export async function findCapacity(search: Search): Promise<Capacity> {
  const { setUp, factor, seed, screens } = search;
  const play = async (users: number) => ({
    users,
    met: await playBusyHour(setUp, users, factor, seed, { screens }),
  });
  const isServed = ({ met }: { met: BusyHour }) => met.atOnce >= WANTED;
  let low = await play(guess(search));
  let high = low;
  if (isServed(low)) {
    while (isServed(high)) [low, high] = [high, await play(Math.ceil(high.users * STEP))];
  } else {
    while (!isServed(low) && low.users > 1) [high, low] = [low, await play(Math.floor(low.users / STEP))];
  }
  while (high.users / low.users > CLOSE && high.users - low.users > 1) {
    const middle = await play(Math.round(Math.sqrt(low.users * high.users)));
    if (isServed(middle)) low = middle;
    else high = middle;
  }
  return { ...search, users: low.users, at: low.met, beyond: high };
}

/** Where the search begins, by what earlier ones found: only its length depends on it. */
function guess({ setUp, factor }: Search): number {
  const { payer, tokenCallsAMinute, limits = 1 } = setUp;
  if (payer === "service") return Math.ceil((200 * limits) / factor);
  return Math.ceil((120 * (tokenCallsAMinute / 5) ** 1.24) / factor ** 0.35);
}
