import type { CallHandling } from "../../../lib/contract/paging.ts";
import { found, recordKey } from "../../../lib/numbers/forwarding/backend-record.ts";
import { percentile } from "../../bench/measurements.ts";
import { createMemoryRecordStore } from "../../support/memory-record-store.ts";
import { createSchedule, seededRandom } from "../../support/schedule.ts";
import { ready, Users, type Visit } from "../morning-run.ts";
import { MorningUpstream, type TokenArrival } from "../morning-upstream.ts";
import { busiestShare, drawUser, habits, type UserHour } from "./habits.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A screen that takes longer is not there at once. */
export const AT_ONCE_MS = 2_000;
export const WANTED = 0.99;
/** Screens that one simulation measures, so that one in a hundred is more than chance. */
const SCREENS = 1_000;
const LEAST_WINDOW_MS = 5 * MINUTE;
const DAY_MS = 24 * HOUR;

/** Who pays, and what RingCentral allows. */
export interface SetUp {
  name: string;
  payer: "service" | "users";
  callHandling: CallHandling;
  tokenCallsAMinute: number;
  /** Light, Medium and Heavy: a multiple of the usual limits. */
  limits?: number;
}

export interface BusyHour {
  screens: number;
  /** The share of the screens that is there within 2 s. */
  atOnce: number;
  /** How many of the others each limit refused first, or let wait. */
  by: Record<string, number>;
  p99: number;
}

/**
 * Plays the busiest hour of as many days as give enough screens, each with new users; of a large company only a part of the
 * hour. Ends early when too many screens are late already.
 */
export async function playBusyHour(
  setUp: SetUp,
  users: number,
  factor: number,
  seed: number,
): Promise<BusyHour> {
  await ready();
  const schedule = createSchedule({ seed, maxSkewMs: 100, maxSteps: Number.POSITIVE_INFINITY });
  const { payer, callHandling, tokenCallsAMinute: authLimit, limits = 1 } = setUp;
  const upstream = new MorningUpstream(schedule, { authLimit, authScope: "app", callHandling, limits });
  const records = createMemoryRecordStore();
  const storage = { reads: 0, writes: 0, lostRaces: 0, isAway: false };
  const tokens = payer === "service" ? { of: "service" as const } : { of: "users" as const, ended: 0 };
  const fleet = new Users(
    { tokens, patienceMs: habits.patienceMs },
    { schedule, upstream, records, storage },
  );
  const opensAnHour = users * factor * habits.opensADay * busiestShare;
  const days = Math.ceil(SCREENS / opensAnHour);
  const windowMs = Math.max(LEAST_WINDOW_MS, Math.min(HOUR, (HOUR * SCREENS) / opensAnHour));
  const expected = (days * opensAnHour * windowMs) / HOUR;
  let isLost = false;
  const random = seededRandom(seed);

  function playUser(extensionId: string, startAt: number, hour: UserHour): void {
    // Of a part of the hour: its beginning is drawn too, by who has opened before.
    const inWindow = (at: number) => at < windowMs;
    const opens = hour.opens.filter(inWindow);
    const writes = hour.writes.filter(inWindow);
    if (opens.length + writes.length === 0) return;
    plant(extensionId, startAt, hour);
    if (payer === "users" && hour.tokenAt !== undefined) fleet.beginAt(extensionId, startAt + hour.tokenAt);
    for (const at of opens) {
      schedule.after(startAt + at - schedule.clock.now(), () => {
        if (!isLost) void fleet.visit(extensionId).then(judge);
      });
    }
    for (const at of writes) {
      schedule.after(startAt + at - schedule.clock.now(), () => {
        if (!isLost) void fleet.block(extensionId);
      });
    }
  }
  /** What the service knows of the extension's call handling. */
  function plant(extensionId: string, startAt: number, { askedAt }: UserHour): void {
    // A moved extension is asked for once a day: in one of its opens.
    const isKnown = callHandling === "legacy" || random() > 1 / (factor * habits.opensADay);
    if (!isKnown) return;
    const at = callHandling === "legacy" ? startAt + askedAt : startAt - random() * (DAY_MS / 2);
    const key = recordKey({ extensionId, call: { accountId: "37" } });
    records.plant(key, 1, JSON.stringify({ ...found(callHandling, at, undefined), aliases: [] }));
  }
  let late = 0;
  const judge = () => {
    const visit = fleet.visits.at(-1);
    if (visit !== undefined && !isAtOnce(visit) && !visit.signedIn) late += 1;
    if (late > 2 * (1 - WANTED) * expected) isLost = true;
  };

  for (let day = 0; day < days; day += 1) {
    // Apart by more than a limit's window: one day's calls do not count in the next.
    const startAt = schedule.clock.now() + 2 * HOUR + day * (windowMs + 5 * MINUTE);
    for (let n = 0; n < users; n += 1)
      playUser(String(100_000 + day * users + n), startAt, drawUser(random, factor));
  }
  await schedule.run();
  return measure(fleet.visits, upstream.tokenCalls);
}

const waitOf = ({ openedAt, servedAt = Number.POSITIVE_INFINITY }: Visit) => servedAt - openedAt;
const isAtOnce = (visit: Visit) => waitOf(visit) <= AT_ONCE_MS;

/** Without the screens before which the user had to sign in. */
function measure(visits: readonly Visit[], tokenCalls: readonly TokenArrival[]): BusyHour {
  const measured = visits.filter(({ signedIn }) => !signedIn);
  const late = measured.filter((visit) => !isAtOnce(visit));
  const hasRenewed = ({ extensionId, openedAt, servedAt = openedAt }: Visit) =>
    tokenCalls.some(({ user, at }) => user === extensionId && at >= openedAt && at <= servedAt);
  const limitOf = (visit: Visit) =>
    visit.refusedBy ?? (hasRenewed(visit) ? "token calls" : "a permit's wait");
  const by = Object.groupBy(late, limitOf);
  return {
    screens: measured.length,
    atOnce: 1 - late.length / measured.length,
    by: Object.fromEntries(Object.entries(by).map(([limit, list = []]) => [limit, list.length])),
    p99: percentile(measured.map(waitOf), 0.99),
  };
}
