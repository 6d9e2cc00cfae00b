const HOUR = 3_600_000;
/** The token is renewed in its last minutes, if it is used then; no other use lengthens its life. */
const TOKEN_LIFE_MS = HOUR;

/** What one user does on a working day. The docs show this table; every figure of the capacity follows from it. */
export const habits = {
  /** Of the overview, in the app. */
  opensADay: 6,
  /** Numbers blocked or unblocked. */
  writesADay: 0.5,
  /** The part of the users whose session is gone on a day: a new phone, a week without the app. */
  signedOut: 0.01,
  /** How long a user who is refused asks again. */
  patienceMs: 180_000,
  /** The parts of the opens in the hours of the day. */
  day: [
    [7, 0.03],
    [8, 0.12],
    [9, 0.2],
    [10, 0.14],
    [11, 0.12],
    [12, 0.07],
    [13, 0.1],
    [14, 0.09],
    [15, 0.07],
    [16, 0.04],
    [17, 0.02],
  ] satisfies [hour: number, share: number][],
};

const [busiestHour, busiestShare] = habits.day.reduce((one, other) => (other[1] > one[1] ? other : one));

export { busiestHour, busiestShare };

/** One user's busiest hour. Instants are milliseconds from its start; those before it are negative. */
export interface UserHour {
  opens: number[];
  writes: number[];
  /** When the access token was issued; undefined: the session is gone. */
  tokenAt: number | undefined;
  /** When the service last asked which call handling the extension has. */
  askedAt: number;
}

export function drawUser(random: () => number, opensADay: number): UserHour {
  const opensIn = (hour: number, share: number) =>
    arrivals(random, opensADay * share).map((at) => (hour - busiestHour + at) * HOUR);
  const before = habits.day.filter(([hour]) => hour < busiestHour).flatMap((hour) => opensIn(...hour));
  const sorted = before.sort((a, b) => a - b);
  // Yesterday's last open, or an earlier one.
  const yesterday = -(8 + 12 * random()) * HOUR;
  const isSignedOut = sorted.length === 0 && random() < habits.signedOut;
  return {
    opens: opensIn(busiestHour, busiestShare),
    writes: arrivals(random, habits.writesADay * busiestShare).map((at) => at * HOUR),
    tokenAt: isSignedOut ? undefined : lastRenewal(yesterday, sorted),
    askedAt: lastRenewal(yesterday, sorted),
  };
}

/** When what lives for an hour was last renewed by opens at these instants. */
const lastRenewal = (first: number, opens: readonly number[]) =>
  opens.reduce((last, at) => (at - last > TOKEN_LIFE_MS ? at : last), first);

/** Of a Poisson process with that mean in one unit of time. */
function arrivals(random: () => number, mean: number): number[] {
  const found: number[] = [];
  for (let at = -Math.log(1 - random()) / mean; at < 1; at += -Math.log(1 - random()) / mean) found.push(at);
  return found;
}
