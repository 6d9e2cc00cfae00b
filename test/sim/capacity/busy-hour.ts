import type { CallHandling } from "../../../lib/contract/paging.ts";
import { found, recordKey } from "../../../lib/numbers/forwarding/backend-record.ts";
import { percentile } from "../../bench/measurements.ts";
import { createMemoryRecordStore, type MemoryRecordStore } from "../../support/memory-record-store.ts";
import { createSchedule, type Schedule, seededRandom } from "../../support/schedule.ts";
import { ready, Users, type Visit } from "../morning-run.ts";
import { MorningUpstream, type TokenArrival } from "../morning-upstream.ts";
import { busiestShare, drawUser, habits, type UserHour } from "./habits.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A screen that takes longer is not there at once. */
export const AT_ONCE_MS = 2_000;
export const WANTED = 0.99;
/** Screens that one simulation measures, so that one in a hundred is more than chance. */
export const SCREENS = 700;
const LEAST_WINDOW_MS = 3 * MINUTE;
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

/** What a caller watches or sets. */
export interface Around {
  records?: MemoryRecordStore;
  /** Fewer are quicker, and leave more to chance. */
  screens?: number;
  /** The first screens are about to be opened. @param seconds how long they are */
  onStart?: (seconds: number) => void;
  /** Plays to the end, however many screens are late. */
  isWhole?: true;
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
  around: Around = {},
): Promise<BusyHour> {
  await ready();
  const hour = new BusyHours(setUp, users, factor, seed, around);
  return hour.play();
}

class BusyHours {
  readonly #setUp: SetUp;
  readonly #users: number;
  readonly #opensADay: number;
  readonly #around: Around;
  readonly #records: MemoryRecordStore;
  readonly #schedule: Schedule;
  readonly #upstream: MorningUpstream;
  readonly #fleet: Users;
  readonly #random: () => number;
  readonly #days: number;
  readonly #windowMs: number;
  #late = 0;
  #isLost = false;

  constructor(setUp: SetUp, users: number, factor: number, seed: number, around: Around) {
    const { payer, callHandling, tokenCallsAMinute: authLimit, limits = 1 } = setUp;
    [this.#setUp, this.#users, this.#around] = [setUp, users, around];
    this.#opensADay = factor * habits.opensADay;
    this.#random = seededRandom(seed);
    this.#records = around.records ?? createMemoryRecordStore();
    const schedule = createSchedule({ seed, maxSkewMs: 100, maxSteps: Number.POSITIVE_INFINITY });
    const upstream = new MorningUpstream(schedule, { authLimit, authScope: "app", callHandling, limits });
    [this.#schedule, this.#upstream] = [schedule, upstream];
    const tokens = payer === "service" ? { of: "service" as const } : { of: "users" as const, ended: 0 };
    const storage = { reads: 0, writes: 0, lostRaces: 0, isAway: false };
    const world = { schedule, upstream, records: this.#records, storage };
    this.#fleet = new Users({ tokens, patienceMs: habits.patienceMs }, world);
    const opensAnHour = users * this.#opensADay * busiestShare;
    const { screens = SCREENS } = around;
    this.#days = Math.ceil(screens / opensAnHour);
    this.#windowMs = Math.max(LEAST_WINDOW_MS, Math.min(HOUR, (HOUR * screens) / opensAnHour));
  }

  async play(): Promise<BusyHour> {
    const { clock } = this.#schedule;
    const firstAt = clock.now() + 2 * HOUR;
    for (let day = 0; day < this.#days; day += 1) {
      // Apart by more than a limit's window: one day's calls do not count in the next.
      const startAt = firstAt + day * (this.#windowMs + 5 * MINUTE);
      for (let n = 0; n < this.#users; n += 1)
        this.#playUser(String(100_000 + day * this.#users + n), startAt);
    }
    const seconds = (this.#days * this.#windowMs) / 1_000;
    this.#schedule.after(firstAt - clock.now(), () => this.#around.onStart?.(seconds));
    await this.#schedule.run();
    // Own sessions use a hundredth of their limits: what they lack is a token.
    const scarce = this.#setUp.payer === "service" ? this.#upstream.fullest() : "token calls";
    return measure(this.#fleet.visits, this.#upstream.tokenCalls, scarce);
  }

  #playUser(extensionId: string, startAt: number): void {
    const hour = drawUser(this.#random, this.#opensADay);
    // Of a part of the hour.
    const inWindow = (at: number) => at < this.#windowMs;
    const [opens, writes] = [hour.opens.filter(inWindow), hour.writes.filter(inWindow)];
    if (opens.length + writes.length === 0) return;
    this.#plant(extensionId, startAt, hour);
    if (this.#setUp.payer === "users" && hour.tokenAt !== undefined)
      this.#fleet.beginAt(extensionId, startAt + hour.tokenAt);
    for (const at of opens)
      this.#at(startAt + at, () => void this.#fleet.visit(extensionId).then(this.#judge));
    for (const at of writes) this.#at(startAt + at, () => void this.#fleet.block(extensionId));
  }

  #at(instant: number, act: () => void): void {
    this.#schedule.after(instant - this.#schedule.clock.now(), () => {
      if (!this.#isLost) act();
    });
  }

  /** What the service knows of the extension's call handling. */
  #plant(extensionId: string, startAt: number, { askedAt }: UserHour): void {
    const { callHandling } = this.#setUp;
    const isLegacy = callHandling === "legacy";
    // A moved extension is asked for once a day: in one of its opens.
    if (!isLegacy && this.#random() < 1 / this.#opensADay) return;
    const at = startAt + (isLegacy ? askedAt : -this.#random() * (DAY_MS / 2));
    const key = recordKey({ extensionId, call: { accountId: "37" } });
    this.#records.plant(key, 1, JSON.stringify({ ...found(callHandling, at, undefined), aliases: [] }));
  }

  readonly #judge = (visit: Visit): void => {
    if (this.#around.isWhole || visit.signedIn || isAtOnce(visit)) return;
    this.#late += 1;
    const opens = (this.#users * this.#opensADay * busiestShare * this.#days * this.#windowMs) / HOUR;
    if (this.#late > 2 * (1 - WANTED) * opens) this.#isLost = true;
  };
}

const waitOf = ({ openedAt, servedAt = Number.POSITIVE_INFINITY }: Visit) => servedAt - openedAt;
const isAtOnce = (visit: Visit) => waitOf(visit) <= AT_ONCE_MS;

/**
 * Without the screens before which the user had to sign in.
 * @param scarce the limit for which an older list is shown
 */
function measure(visits: readonly Visit[], tokenCalls: readonly TokenArrival[], scarce: string): BusyHour {
  const measured = visits.filter(({ signedIn }) => !signedIn);
  const late = measured.filter((visit) => !isAtOnce(visit));
  const hasRenewed = ({ extensionId, openedAt, servedAt = openedAt }: Visit) =>
    tokenCalls.some(({ user, at }) => user === extensionId && at >= openedAt && at <= servedAt);
  const limitOf = (visit: Visit) => {
    if (visit.refusedBy === "older list shown") return scarce;
    // Nothing fails here: the request has waited for its token call until it had no time for one.
    if (visit.refusedBy === "unavailable") return "token calls";
    return visit.refusedBy ?? (hasRenewed(visit) ? "token calls" : "a permit's wait");
  };
  const by = Object.groupBy(late, limitOf);
  return {
    screens: measured.length,
    atOnce: 1 - late.length / measured.length,
    by: Object.fromEntries(Object.entries(by).map(([limit, list = []]) => [limit, list.length])),
    p99: percentile(measured.map(waitOf), 0.99),
  };
}
