import { kindOf } from "../../../infra/erasure/record-kinds.ts";
import type { RecordKey } from "../../../lib/storage/record-store.ts";
import { company } from "../../bench/cost/company.ts";
import { table } from "../../bench/report.ts";
import { rounded } from "../capacity/report.ts";
import { type Kept, keptDays, type Played, type Size, type SyncUnits } from "./scenarios.ts";

/** DynamoDB's limits of one partition key, in units a second, and of an item. [AWS] */
const LIMITS = { writeUnits: 1_000, readUnits: 3_000, itemBytes: 400 * 1024 };

export interface Growth {
  own: Played;
  service: Played;
  small: Synced;
  large: Synced;
  directories: { extensions: number; headBytes: number; bytes: number; items: number }[];
  seed: number;
  /** The most processes that serve people. */
  processes: number;
}
export interface Synced {
  numbers: number;
  units: SyncUnits;
  kept: Kept;
  items: { key: RecordKey; bytes: number }[];
}

const USERS = 10_000;

interface Kind {
  name: string;
  items: number;
  bytes: number;
  largest: number;
}

export function kindsOf(items: readonly { key: RecordKey; bytes: number }[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { key, bytes } of items) {
    const name = kindOf({ pk: key.partition, sk: key.sort })?.[0].key ?? "unknown";
    const known = kinds.get(name) ?? { name, items: 0, bytes: 0, largest: 0 };
    kinds.set(name, {
      name,
      items: known.items + 1,
      bytes: known.bytes + bytes,
      largest: Math.max(known.largest, bytes),
    });
  }
  return [...kinds.values()];
}

/** A key that is read or written, at its worst: units a second, and the load at which it would reach its limit. */
export interface Hot {
  key: string;
  when: string;
  writes: number;
  reads: number;
}

/** The partition with the most units of each kind, of those that are not one user's. */
export function hotOf({ meter, seconds }: Played, when: string): Hot[] {
  const hottest = new Map<string, Hot>();
  for (const { key, readUnits, writeUnits } of meter.partitions()) {
    // Users differ in a name behind the account's.
    const kind = key
      .replace(/^((?:session|cache|forwarding|rate-limit)#[^#]+)#.*/, "$1#<user>")
      .replace(/^(token-calls)#.*/, "$1#<app>");
    const found = { key: kind, when, writes: writeUnits / seconds, reads: readUnits / seconds };
    const known = hottest.get(kind);
    if (known === undefined || nearness(found) > nearness(known)) hottest.set(kind, found);
  }
  return [...hottest.values()];
}

const nearness = ({ writes, reads }: Hot) => Math.max(writes / LIMITS.writeUnits, reads / LIMITS.readUnits);
const digits = (value: number) => (value < 10 ? Number(value.toPrecision(2)) : Math.round(value));
const times = (hot: Hot) => {
  const load = 1 / nearness(hot);
  return load >= 10_000 ? "over 10,000" : digits(load);
};
const shown = (value: number) => digits(value).toLocaleString("en");
const megabytes = (bytes: number) => digits(bytes / 1024 / 1024);
const sumOf = (items: readonly { bytes: number }[]) => items.reduce((sum, { bytes }) => sum + bytes, 0);

/** All keys, the one that is nearest to a limit first. */
function hottest(
  { own, service, large, directories, processes }: Growth,
  headReads: (bytes: number) => number,
): Hot[] {
  const all: Hot[] = [
    ...hotOf(own, "10,000 users, own sessions").filter(({ key }) => !key.startsWith("directory")),
    ...hotOf(service, "10,000 users, the service's user").filter(({ key }) =>
      /^(rate-limit|token)#[^#]+$/.test(key),
    ),
    ...directories.map(({ extensions, headBytes }) => ({
      key: "directory#<account> / head",
      when: `${extensions.toLocaleString("en")} extensions, ${processes} processes`,
      writes: 0,
      reads: headReads(headBytes),
    })),
    {
      key: "sync#<account>",
      when: `100,000 numbers, a search in a new process each second`,
      writes: 0,
      reads: large.units.search,
    },
  ];
  return all.toSorted((a, b) => nearness(b) - nearness(a));
}

function hotTable(hot: readonly Hot[]): string {
  return table(
    [
      "partition key",
      { name: "when", align: "left" },
      "write units a second",
      "read units a second",
      "times the load to its limit",
    ],
    hot
      .slice(0, 10)
      .map((one) => [`\`${one.key}\``, one.when, digits(one.writes), digits(one.reads), times(one)]),
  );
}

/** What is in the table at any time. */
function sizesOf({ own, small, large, directories }: Growth): [what: string, size: Size][] {
  const personal = kindsOf(own.meter.items()).filter(({ name }) => name.includes("<extension>"));
  const met = personal.find(({ name }) => name.startsWith("session#"))?.items ?? Number.NaN;
  const itemsPerUser = personal.reduce((sum, { items }) => sum + items, 0) / met;
  const bytesPerUser = personal.reduce((sum, { bytes }) => sum + bytes, 0) / met;
  const synced = (whose: string, { kept }: Synced, by: number): [string, Size][] => {
    const parts: [string, Size][] = [
      [`${whose}: numbers`, kept.numbers],
      [`${whose}: pages of the last day's syncs`, kept.stages],
      [`${whose}: feed`, kept.feed],
    ];
    return parts.map(([what, { items, bytes }]) => [what, { items: by * items, bytes: by * bytes }]);
  };
  return [
    ...synced("1,000 accounts of 100 numbers", small, 1_000),
    ...synced("one account of 100,000 numbers", large, 1),
    [
      `${USERS.toLocaleString("en")} signed-in users: sessions, budgets, cache, call handling`,
      { items: USERS * itemsPerUser, bytes: USERS * bytesPerUser },
    ],
    ...directories.map(({ extensions, items, bytes }): [string, Size] => [
      `directory of ${extensions.toLocaleString("en")} extensions`,
      { items, bytes },
    ]),
  ];
}

const sizeTable = (sizes: readonly [string, Size][]) =>
  table(
    ["what", "items", "MB"],
    sizes.map(([what, { items, bytes }]) => [what, Math.round(items), megabytes(bytes)]),
  );

/** The section of the page. */
export function textOf(growth: Growth): string {
  const { own, small, large, directories, seed, processes } = growth;
  const [usual, huge] = directories;
  if (usual === undefined || huge === undefined) throw new Error("two directories are wanted");
  const headReads = (bytes: number) => (processes * Math.ceil(bytes / 4096)) / 30;
  const hot = hottest(growth, headReads);
  const sizes = sizesOf(growth);
  const tokenCalls =
    own.meter.items().find(({ key }) => key.partition.startsWith("token-calls#"))?.bytes ?? Number.NaN;
  const largest = [...kindsOf(own.meter.items()), ...kindsOf(large.items)]
    .toSorted((a, b) => b.largest - a.largest)
    .slice(0, 4)
    .map(({ name, largest: bytes }) => `\`${name}\` ${digits(bytes / 1024)} KB`);
  return `\`SEED=${seed} npm run sim:growth\` counts the records that the real code writes, as DynamoDB would: ${USERS.toLocaleString("en")} users of one account in
their busiest hour (those of [the capacity](#users-one-application-serves)), syncs of a small and a large account, and a directory
whose e-mails all change. A partition key takes ${LIMITS.writeUnits.toLocaleString("en")} write and ${LIMITS.readUnits.toLocaleString("en")} read units a second, an item ${LIMITS.itemBytes / 1024} KB.

${sizeTable(sizes)}

A first sync, an unchanged one and one with 1 % changed, spread evenly, were played; the rows are those three over time, with
${company.syncsADay} syncs a day of which one finds 1 % changed. A change stays for ${keptDays.changes} days, a version's record for ${keptDays.versions}, a sync's pages and a changed
chunk's former version for one. In all it is ${shown(sumOf(sizes.map(([, size]) => size)) / 1024 / 1024)} MB; DynamoDB removes what has expired some days late.

The keys that come nearest to a limit, of those that more than one user shares, and one user's own:

${hotTable(hot)}

- **The nearest wall is the directory's head.** Each process that serves people reads it every 30 s, and with ${processes} processes, all that
production reserves for calling RingCentral, a directory of ${huge.extensions.toLocaleString("en")} extensions is read with ${shown(headReads(huge.headBytes))} units a second. Its size is
${digits(huge.headBytes / 1024)} KB, the item that comes nearest to ${LIMITS.itemBytes / 1024}: ${digits(huge.headBytes / huge.extensions)} bytes for an extension, whatever its id is, so some
${rounded((huge.extensions * LIMITS.itemBytes) / huge.headBytes).toLocaleString("en")} fit. The change
that moves both: keep the states in parts by a hash of the id, as the survey of call handling is, and read the part of the caller.
- The largest of the other items: ${largest.join(", ")}. A chunk is cut at 256 KB of text before it is compressed.
- **A burst:** the first sync of 100,000 numbers writes ${large.units.first.toLocaleString("en")} units, and one with 1 % changed, spread
evenly, ${large.units.changed.toLocaleString("en")}. That is more than a second of the partition's ${LIMITS.writeUnits.toLocaleString("en")}: DynamoDB lends what was not used in the last five
minutes, and beyond that it throttles writes, which the sync repeats. An unchanged sync writes ${large.units.unchanged.toLocaleString("en")}. Not modelled:
how the units spread over the seconds of a sync, so the table has no row for its worst second. The first sync of one of the 1,000 accounts
writes ${small.units.first.toLocaleString("en")} units in all, an unchanged one ${small.units.unchanged.toLocaleString("en")}, one with a change ${small.units.changed.toLocaleString("en")}: below a second's limit even at once.
- The budgets of an account cannot reach a limit by calls: RingCentral's own limit is 100 calls a minute. Reads can, because a
request is rejected by a read: the row with the service's user has far more users than its budget serves.
- The token calls of one app are one record, here of ${shown(tokenCalls / 1024)} KB. A call writes it at its permit and at its end; before that, a caller that has to
wait writes a place in the line, and each write that loses a race costs its units too. RingCentral's limit of calls keeps it slow.
- Not counted: replays of writes (one item of about a kilobyte a write, for a day) and the sign-in server's records, each of which has
a partition key to itself.`;
}
