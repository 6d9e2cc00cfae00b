import { readHead, writeCopy } from "../../../lib/people/directory/copy.ts";
import { PeopleSeal } from "../../../lib/people/keys.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { changeOneInHundred, realistic, syncOnce } from "../../bench/sync-once.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createNumberAccount } from "../../support/number-account.ts";
import { seededRandom } from "../../support/schedule.ts";
import { playBusyHour, type SetUp } from "../capacity/busy-hour.ts";
import { PartitionMeter } from "./partition-meter.ts";

export const ACCOUNT = "37";
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

/** The syncs of an account, and what is in the table after them. */
export async function playSyncs(numbers: number) {
  const meter = new PartitionMeter();
  const clock = leapingClock();
  const upstream = createNumberAccount();
  for (let id = 1; id <= numbers; id += 1) upstream.put(realistic(id));
  const sync = async () => {
    meter.restart();
    clock.leap(900_000);
    await syncOnce({ records: meter.records, clock }, upstream, ACCOUNT);
    return meter.partitions().reduce((sum, { writeUnits }) => sum + writeUnits, 0);
  };
  const first = await sync();
  const unchanged = await sync();
  changeOneInHundred(upstream, numbers);
  const changed = await sync();
  const chunks = meter.items().filter(({ key: { sort } }) => sort.startsWith("chunk#"));
  const live = chunks.slice(-Math.ceil(chunks.length / 2));
  const search = live.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 4096), 0);
  return { meter, units: { first, unchanged, changed, search } satisfies SyncUnits };
}

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
