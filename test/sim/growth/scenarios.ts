import { readHead, writeCopy } from "../../../lib/people/directory/copy.ts";
import { PeopleSeal } from "../../../lib/people/keys.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { FEED_RETENTION_MS } from "../../../lib/sync/snapshot/head.ts";
import { company } from "../../bench/cost/company.ts";
import { changeOneInHundred, realistic, syncOnce } from "../../bench/sync-once.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createNumberAccount } from "../../support/number-account.ts";
import { seededRandom } from "../../support/schedule.ts";
import { playBusyHour, type SetUp } from "../capacity/busy-hour.ts";
import { PartitionMeter } from "./partition-meter.ts";

export const ACCOUNT = "37";
const DAY_MS = 86_400_000;
/** Days for which a change and a version are in the table (lib/sync/snapshot). */
export const keptDays = {
  changes: FEED_RETENTION_MS / DAY_MS + 1,
  versions: (3 * FEED_RETENTION_MS) / DAY_MS,
};
const key = new Uint8Array(32).fill(7);
const keys = { currentKey: async () => key, acceptedKeys: async () => [key] };

export interface Played {
  meter: PartitionMeter;
  seconds: number;
}

/** Users of one account who open the overview in their busiest hour. */
export async function playUsers(setUp: SetUp, users: number, seed: number): Promise<Played> {
  const meter = new PartitionMeter();
  let seconds = Number.NaN;
  await playBusyHour(setUp, users, 1, seed, {
    records: meter.records,
    isWhole: true,
    onStart: (measured) => {
      meter.restart();
      seconds = measured;
    },
  });
  return { meter, seconds };
}

export interface SyncUnits {
  first: number;
  changed: number;
  unchanged: number;
  /** Of reading every chunk, as a search in a new process does. */
  search: number;
}

export interface Size {
  items: number;
  bytes: number;
}

/** What an account's syncs keep in the table, when one of those of a day finds 1 % changed. */
export interface Kept {
  /** The numbers, with the former version of what changed in the last day. */
  numbers: Size;
  /** What each sync of the last day has read. */
  stages: Size;
  feed: Size;
}

/** The syncs of an account: a first one, an unchanged one and one with 1 % changed. */
export async function playSyncs(numbers: number) {
  const meter = new PartitionMeter();
  const clock = leapingClock();
  const upstream = createNumberAccount();
  for (let id = 1; id <= numbers; id += 1) upstream.put(realistic(id));
  const sync = async () => {
    meter.restart();
    clock.leap(900_000);
    await syncOnce({ records: meter.records, clock }, upstream, ACCOUNT);
    return meter.partitions().reduce((units, { writeUnits }) => units + writeUnits, 0);
  };
  const sizeOf = (kind: RegExp): Size => {
    const found = meter.items().filter(({ key: { sort } }) => kind.test(sort));
    return { items: found.length, bytes: found.reduce((all, { bytes }) => all + bytes, 0) };
  };
  const staged = () => sizeOf(/^stage#/);
  const first = await sync();
  const atFirst = staged();
  const unchanged = await sync();
  const atUnchanged = staged();
  changeOneInHundred(upstream, numbers);
  const changed = await sync();
  const stages = sum(
    times(company.syncsADay - 1, sum(atUnchanged, times(-1, atFirst))),
    sum(staged(), times(-1, atUnchanged)),
  );
  const versions = sizeOf(/^version#/);
  const kept: Kept = {
    numbers: sizeOf(/^(?!stage#|changes#|version#)/),
    stages,
    feed: sum(
      times(keptDays.changes, sizeOf(/^changes#/)),
      times(keptDays.versions / versions.items, versions),
    ),
  };
  const chunks = meter.items().filter(({ key: { sort } }) => sort.startsWith("chunk#"));
  const live = chunks.slice(-Math.ceil(chunks.length / 2));
  const search = live.reduce((units, { bytes }) => units + Math.ceil(bytes / 4096), 0);
  return { meter, kept, units: { first, unchanged, changed, search } satisfies SyncUnits };
}

const times = (by: number, { items, bytes }: Size): Size => ({ items: by * items, bytes: by * bytes });
const sum = (one: Size, other: Size): Size => ({
  items: one.items + other.items,
  bytes: one.bytes + other.bytes,
});

/** A company's directory: the copy after one in which every e-mail changed, with ids as far apart as RingCentral's. */
export async function playDirectory(extensions: number, seed: number) {
  const meter = new PartitionMeter();
  const { records } = meter;
  const clock = leapingClock();
  const seal = new PeopleSeal(keys, ACCOUNT, deadlineIn(3_600_000, clock, 0));
  const random = seededRandom(seed);
  const ids = Array.from({ length: extensions }, () => String(Math.floor(6.2e10 + 3e9 * random())));
  const nonce = () => crypto.randomUUID();
  const entriesAt = (domain: string) =>
    ids.map((id, n) => ({
      ...{ id, type: "User", status: "Enabled", name: `Given${n * 7} Family${n * 11}` },
      ...{ email: `given${n * 7}.family${n * 11}@${domain}`, extensionNumber: String(1_000 + n) },
    }));
  const [old, present] = [entriesAt("old.example"), entriesAt("new.example")];
  await writeCopy(records, ACCOUNT, seal, undefined, { nonce, entries: old, checkedAt: clock.now() });
  clock.leap(900_000);
  const before = await readHead(records, ACCOUNT);
  const copy = { nonce, entries: present, checkedAt: clock.now(), known: old };
  await writeCopy(records, ACCOUNT, seal, before, copy);
  const head = meter.items().find(({ key: { sort } }) => sort === "head");
  return { meter, headBytes: head?.bytes ?? 0 };
}
