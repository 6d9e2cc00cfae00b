import { linePlot } from "../../bench/plot.ts";
import { table } from "../../bench/report.ts";
import { busiestHour, busiestShare, habits } from "./habits.ts";
import type { Capacity } from "./search.ts";
import { factors } from "./set-ups.ts";

/** Two digits: the third is chance. */
export function rounded(users: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(users)) - 1);
  return Math.floor(users / unit) * unit;
}

const walls: Record<string, string> = {
  light: "the Light limit",
  medium: "the Medium limit",
  heavy: "the Heavy limit",
  "token calls": "the app's token calls",
};
const nameOf = (limit: string) =>
  walls[limit] ?? limit.replace(/ of (\w+)$/, (all, group) => (walls[group] ? ` of ${walls[group]}` : all));

/** The limit that most late screens met, just beyond the capacity. */
export function wallOf({ beyond }: Capacity): string {
  const counted = Object.entries(beyond.met.by).toSorted(([, a], [, b]) => b - a);
  const all = counted.reduce((sum, [, count]) => sum + count, 0);
  return counted
    .slice(0, 2)
    .filter(([, count]) => count >= all / 10)
    .map(([limit, count]) => `${nameOf(limit)} (${Math.round((100 * count) / all)} %)`)
    .join(", ");
}

const namesOf = (all: readonly Capacity[]) => [...new Set(all.map(({ setUp }) => setUp.name))];
const find = (all: readonly Capacity[], name: string, factor = 1) =>
  all.find((one) => one.setUp.name === name && one.factor === factor);
const usersOf = (all: readonly Capacity[], name: string, factor?: number) =>
  rounded(find(all, name, factor)?.users ?? Number.NaN);

export function plotOf(all: readonly Capacity[]): string {
  return linePlot({
    title: "Users that one RingCentral application serves, by the opens of each a day",
    x: {
      name: "overview opens of a user a day",
      min: 2,
      ticks: factors.map((one) => one * habits.opensADay),
    },
    y: { name: "users", log: true, min: 10, nameGap: 68 },
    series: namesOf(all).map((name) => ({
      name,
      points: factors.map((factor) => [factor * habits.opensADay, usersOf(all, name, factor)] as const),
    })),
  });
}

/** How far the two rows of own sessions with that many token calls differ, at most: the call handling makes no difference. */
function chanceOf(all: readonly Capacity[], tokenCalls: string): number {
  const row = (callHandling: string, factor: number) =>
    usersOf(all, `own sessions, ${tokenCalls} token calls, ${callHandling}`, factor);
  const ratios = factors.map((factor) => row("legacy", factor) / row("moved", factor));
  return Math.max(...ratios.map((ratio) => Math.max(ratio, 1 / ratio))) - 1;
}

const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`;

function habitTable(): string {
  return table(
    ["habit of one user", { name: "value", align: "left" }],
    [
      ["overview opens a working day", factors.map((one) => one * habits.opensADay).join(", ")],
      ["of them from 9 to 10 o'clock, the busiest hour", percent(busiestShare)],
      ["numbers blocked a day", String(habits.writesADay)],
      ["users whose session is gone on a day, and who sign in again", percent(habits.signedOut)],
      ["a refused user asks again when told, for", `${habits.patienceMs / 60_000} minutes`],
    ],
  );
}

function capacityTable(all: readonly Capacity[]): string {
  return table(
    [
      "set-up",
      ...factors.map((factor) => `${factor * habits.opensADay} opens`),
      { name: "the next wall", align: "left" },
    ],
    namesOf(all).map((name) => {
      const usual = find(all, name);
      return [name, ...factors.map((factor) => usersOf(all, name, factor)), usual ? wallOf(usual) : ""];
    }),
  );
}

function changeTable(changed: readonly Capacity[]): string {
  return table(
    ["change", "users", { name: "then the next wall", align: "left" }],
    changed.map((one) => [one.setUp.name, rounded(one.users), wallOf(one)]),
  );
}

/** The section of the page. */
export function textOf(
  all: readonly Capacity[],
  changed: readonly Capacity[],
  seed: number,
  plot: string,
): string {
  const [searched] = all;
  const legacy = usersOf(all, "service user, legacy");
  const moved = usersOf(all, "service user, moved");
  const own = usersOf(all, "own sessions, 5 token calls, legacy");
  const raised = usersOf(all, "own sessions, 300 token calls, legacy");
  // Of two opens of a user that follow each other in the busiest hour.
  const soonAgain = (minutes: number) => 1 - Math.exp(-(habits.opensADay * busiestShare * minutes) / 60);
  return `\`SEED=${seed} npm run sim:capacity\` searches for the largest company of which 99 % of the screens are there within 2 s in a
working day's busiest hour, ${busiestHour} to ${busiestHour + 1} o'clock, in virtual time. The rate limiter, the shared token, the users'
sessions, the token calls, the cache and the overview are the deployed ones, in as many processes as Lambda would start.
RingCentral's limits (Light 50, Medium 40 calls a minute, for each user whose token pays), the table and the users are models. The
habits below give each user's opens, at random; the state at the hour's beginning follows from the opens before it. The result has
two digits; each simulation measures ${searched?.screens ?? 0} screens or more.

${habitTable()}

${capacityTable(all)}

${plot}

The wall is what the late screens met just beyond the capacity, and their parts. A screen of which one part is an older list counts as
late, by the limit of which the most is used. **The accuracy:** own sessions meet the same on both call handlings, so their rows are one
measurement twice, of other users. With 5 token calls they differ by up to ${Math.round(100 * chanceOf(all, "5"))} %, because one bunch of six users decides; with 300 by
up to ${Math.round(100 * chanceOf(all, "300"))} %.

- **The service user alone** pays 4 Light calls for a screen, and the limits are for all users together. Its capacity falls with the
opens: at ${habits.opensADay} a day it is ${legacy.toLocaleString("en")} users, and ${moved.toLocaleString("en")} on the new call handling, where the 2 Medium
calls more of a screen come from a limit that is less used.
- **Own sessions** have limits of their own, which no user's habits reach; the call handling makes no difference. Their wall is the
token calls of the app: nearly each user's first open in an hour needs one. With 5 a minute that is ${own.toLocaleString("en")} users${own < legacy ? ", fewer than the service user serves" : ""}: 5 calls
come in bunches, and the sixth waits for more than a minute. With 300 it is ${raised.toLocaleString("en")}.
- A user's further opens in an hour need no token call, because a token lasts an hour. But with twice the opens a day more users
open it in the busiest hour at all, so that the own sessions serve ${Math.round(100 * (1 - usersOf(all, "own sessions, 300 token calls, legacy", 2) / raised))} % fewer users; the service user serves ${Math.round(100 * (1 - usersOf(all, "service user, legacy", 2) / legacy))} % fewer.

What moves the walls, with ${habits.opensADay} opens a day on legacy call handling:

${changeTable(changed)}

- A higher limit of token calls comes from RingCentral; the service takes it over from the response headers, or from
\`TOKEN_CALLS_PER_MINUTE\`. With 60 times the calls it is some ${rounded(raised / own)} times the users: bunches fill
a larger limit better.
- A longer cache moves little: it keeps a list for 15 s, and of a user's opens in the busiest hour ${Math.round(100 * soonAgain(15))} % follow
another one within 15 minutes, ${Math.round(100 * soonAgain(1))} % within one.
- Sign-ins are ${percent(habits.signedOut)} of the users a day here. The day on which all sign in is in
[the morning of 2,000 users](#a-morning-of-2000-users): spread it over days.`;
}
