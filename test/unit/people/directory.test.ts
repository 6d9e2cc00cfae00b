import { beforeEach, describe, expect, it } from "vitest";
import { readHead, readStates, writeCopy } from "../../../lib/people/directory/copy.ts";
import { Directories, HEAD_CACHE_MS, MAX_AGE_MS } from "../../../lib/people/directory/directories.ts";
import type { DirectoryEntry } from "../../../lib/people/directory/entry.ts";
import { syncDirectory } from "../../../lib/people/directory/sync.ts";
import { PeopleSeal } from "../../../lib/people/keys.ts";
import { noteUnmatched, readUnmatched } from "../../../lib/people/unmatched-sign-ins.ts";
import { compress } from "../../../lib/platform/compression.ts";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { RingCentralError } from "../../../lib/ringcentral/api/errors.ts";
import type { Operation, OperationInput, RingCentral } from "../../../lib/ringcentral/api/operation.ts";
import { captureLog } from "../../support/capture-log.ts";
import { leapingClock } from "../../support/manual-clock.ts";
import { createMemoryRecordStore, type MemoryRecordStore } from "../../support/memory-record-store.ts";
import { seededRandom } from "../../support/schedule.ts";

const ACCOUNT = "3700111";
const MINUTE = 60_000;
/** What an item of the table holds. */
const ITEM_BYTES = 400 * 1024;

let clock: ReturnType<typeof leapingClock>;
let records: MemoryRecordStore;
/** RingCentral's response to each call, by its query. */
let respond: (input: OperationInput) => unknown;
let asked: OperationInput[];
let names: number;
const key = new Uint8Array(32).fill(7);
const keys = { currentKey: async () => key, acceptedKeys: async () => [key] };
const log = captureLog().log;

beforeEach(() => {
  clock = leapingClock();
  records = createMemoryRecordStore();
  asked = [];
  names = 0;
});

const ringcentral: RingCentral = {
  async call<Output>(operation: Operation<Output>, input: OperationInput) {
    asked.push(input);
    const parsed = operation.output?.safeParse(await respond(input));
    if (!parsed?.success) throw new Error("unreadable");
    return parsed.data;
  },
};
const nonce = () => {
  names += 1;
  return String(names);
};
const access = () => ({ records, deadline: deadlineIn(10_000, clock, 0) });
const sync = (requestedAt = clock.now()) =>
  syncDirectory(
    { records, ringcentral, keys, clock, nonce },
    { accountId: ACCOUNT, deadline: deadlineIn(60_000, clock, 0), requestId: "r", log, requestedAt },
  );
const listing = async () => (await new Directories(keys, clock).latest(ACCOUNT, access())).entries();

const person = (n: number, email = `person.${n}@acme.example`) => ({
  id: String(3_800_000_004 + 1000 * n),
  type: "User",
  status: "Enabled",
  firstName: `Given${n * 7919}`,
  lastName: `Family${n * 104_729}`,
  email,
  extensionNumber: String(1000 + n),
  phoneNumbers: [{ phoneNumber: `+1650555${String(n).padStart(5, "0")}` }],
});
const page = (list: readonly object[], paging: object = {}, etag?: string) => ({
  status: 200,
  etag,
  body: { records: list, paging: { page: 1, totalPages: 1, totalElements: list.length, ...paging } },
});
const everyone = (count: number) => Array.from({ length: count }, (_, n) => person(n));

describe("a reading of the directory", () => {
  it("of 10,000 people is one call, and its chunks fit into items; a change of one person writes one of them", async () => {
    const people = everyone(10_000);
    respond = () => page(people, {}, '"1"');
    expect(await sync()).toEqual({ state: "committed", entries: 10_000 });
    expect(asked).toEqual([{ query: { page: 1, perPage: "all", showFederated: "false" } }]);
    for (const { json } of records.dump()) expect(json.length).toBeLessThan(ITEM_BYTES / 2);
    expect(await listing()).toHaveLength(10_000);
    const before = new Set(records.dump().map(({ key: { sort } }) => sort));
    clock.leap(MINUTE);
    people[5] = person(5, "new@acme.example");
    respond = () => page(people, {}, '"2"');
    await sync();
    expect(records.dump().filter(({ key: { sort } }) => !before.has(sort))).toHaveLength(1);
    expect(asked[1]?.ifNoneMatch).toBe('"1"');
  });

  it("that finds nothing changed writes the head alone, and is as young as its call", async () => {
    respond = ({ ifNoneMatch }) => (ifNoneMatch === '"1"' ? { status: 304 } : page(everyone(3), {}, '"1"'));
    await sync();
    clock.leap(10 * MINUTE);
    const writes: string[] = [];
    records.onWrite = ({ sort }) => void writes.push(sort);
    expect(await sync()).toEqual({ state: "unchanged" });
    expect(writes).toEqual(["head"]);
    expect((await new Directories(keys, clock).current(ACCOUNT, access())).checkedAt).toBe(clock.now());
  });

  it("is spared when a later one has begun since it was asked for", async () => {
    respond = () => page(everyone(3));
    await sync();
    expect(await sync(clock.now() - 1)).toEqual({ state: "already_read" });
    expect(asked).toHaveLength(1);
  });

  it("reads page by page where RingCentral does not give everything at once, without an ETag then", async () => {
    const people = everyone(5);
    respond = ({ query }) => {
      const from = 2 * (Number(query?.page) - 1);
      return page(people.slice(from, from + 2), { perPage: 2, totalPages: 3, totalElements: 5 }, '"1"');
    };
    expect(await sync()).toEqual({ state: "committed", entries: 5 });
    expect(asked.map(({ query }) => [query?.page, query?.perPage])).toEqual([
      [1, "all"],
      [2, 2],
      [3, 2],
    ]);
    clock.leap(MINUTE);
    await sync();
    expect(asked).toHaveLength(6);
    expect(asked.every(({ ifNoneMatch }) => ifNoneMatch === undefined)).toBe(true);
  });

  it("asks for pages where RingCentral rejects `all`", async () => {
    respond = ({ query }) => {
      if (query?.perPage !== "all") return page(everyone(3));
      const failure = { kind: "rejected", operation: "op", status: 400, mayHaveTakenEffect: false } as const;
      throw new RingCentralError(failure);
    };
    expect(await sync()).toEqual({ state: "committed", entries: 3 });
  });

  it.each<[reason: string, response: (input: OperationInput) => unknown]>([
    ["empty", () => page([])],
    ["incomplete", () => page(everyone(2), { totalElements: 3 })],
    [
      "another_list",
      ({ query }) => page(everyone(2), { totalPages: 2, totalElements: query?.page === 1 ? 4 : 3 }),
    ],
  ])("that is %s changes nothing", async (reason, response) => {
    respond = () => page(everyone(4));
    await sync();
    respond = response;
    clock.leap(MINUTE);
    expect(await sync()).toEqual({ state: "unreadable", reason });
    expect(await listing()).toHaveLength(4);
  });

  it("that began earlier never replaces a later one, and leaves no chunk behind", async () => {
    let letGo = () => {};
    respond = async () => {
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      return page(everyone(2));
    };
    const slow = sync();
    while (asked.length === 0) await Promise.resolve();
    clock.leap(MINUTE);
    respond = () => page(everyone(3));
    expect(await sync()).toEqual({ state: "committed", entries: 3 });
    letGo();
    expect(await slow).toEqual({ state: "already_read" });
    expect(await listing()).toHaveLength(3);
    expect(records.dump().map(({ key: { sort } }) => sort)).toHaveLength(2);
  });
});

describe("the copy", () => {
  it("decides for a quarter of an hour, and can be listed longer", async () => {
    respond = () => page(everyone(2));
    await sync();
    const directories = new Directories(keys, clock);
    clock.leap(MAX_AGE_MS);
    expect((await directories.current(ACCOUNT, access())).statusOf(person(1).id)).toBe("Enabled");
    clock.leap(1);
    await expect(directories.current(ACCOUNT, access())).rejects.toMatchObject({
      code: "directory_unavailable",
    });
    expect((await directories.latest(ACCOUNT, access())).total).toBe(2);
  });

  it("has a head that fits into an item of the table, whatever 30,000 ids are and though every e-mail changes", async () => {
    const seal = new PeopleSeal(keys, ACCOUNT, deadlineIn(60_000, clock, 0));
    const random = seededRandom(1);
    const ids = Array.from({ length: 30_000 }, () => String(Math.floor(random() * 3e9 + 6.2e10)));
    const copyAt = async (domain: string, known?: DirectoryEntry[]) => {
      const entries = ids.map((id) => ({ id, type: "User", status: "Enabled", email: `${id}@${domain}` }));
      clock.leap(MINUTE);
      const before = await readHead(records, ACCOUNT);
      await writeCopy(records, ACCOUNT, seal, before, { nonce, entries, checkedAt: clock.now(), known });
      return entries;
    };
    await copyAt("new.example", await copyAt("old.example"));
    const head = records.dump().find(({ key: { sort } }) => sort === "head");
    expect(head?.json.length).toBeLessThan(ITEM_BYTES / 3);
    const directory = await new Directories(keys, clock).current(ACCOUNT, access());
    expect(ids.filter((id) => directory.statusOf(id) !== "Enabled")).toEqual([]);
    expect(directory.statusOf("1")).toBeUndefined();
    // So many e-mails are not told apart: all count as changed.
    expect(directory.emailSince(ids[0] ?? "")).toBe(clock.now());
  });

  it("keeps ids that are no plain decimals, and reads the lists of ids of an older copy", async () => {
    const ids = { Enabled: ["007", "8"], Disabled: ["12", "5"] };
    const states = await compress(JSON.stringify({ ids, emailSince: {} }));
    expect((await readStates({ states })).ids).toEqual(ids);
    const seal = new PeopleSeal(keys, ACCOUNT, deadlineIn(60_000, clock, 0));
    const entries = ["007", "8"].map((id) => ({ id, type: "User", status: "Enabled" }));
    await writeCopy(records, ACCOUNT, seal, undefined, { nonce, entries, checkedAt: clock.now() });
    const directory = await new Directories(keys, clock).current(ACCOUNT, access());
    expect(["007", "7", "8"].map(directory.statusOf)).toEqual(["Enabled", undefined, "Enabled"]);
  });

  it("stays readable for processes that have the head before, and is read again within half a minute", async () => {
    respond = () => page(everyone(2));
    await sync();
    const directories = new Directories(keys, clock);
    const old = await directories.latest(ACCOUNT, access());
    clock.leap(1);
    respond = () => page([{ ...person(0), status: "Disabled" }, person(1, "other@acme.example")]);
    await sync();
    expect((await old.entries())[1]?.email).toBe("person.1@acme.example");
    clock.leap(HEAD_CACHE_MS);
    const next = await directories.latest(ACCOUNT, access());
    expect([next.statusOf(person(0).id), next.emailSince(person(1).id)]).toEqual([
      "Disabled",
      next.checkedAt,
    ]);
    expect(next.emailSince(person(0).id)).toBe(0);
  });
});

describe("the sign-ins without an extension", () => {
  it("are the last hundred people of a week, the newest first, each once", async () => {
    const seal = new PeopleSeal(keys, ACCOUNT, deadlineIn(10_000, clock, 0));
    const note = (n: number, reason: "no_entry" | "look_alike") =>
      noteUnmatched({ records, clock, random: () => 0 }, ACCOUNT, seal, {
        personId: `p${n}`,
        reason,
        subject: `s${n}`,
      });
    for (let n = 0; n < 105; n += 1) await note(n, "no_entry");
    const writes = records.dump()[0]?.version;
    await note(104, "no_entry");
    expect(records.dump()[0]?.version).toBe(writes);
    await note(50, "look_alike");
    const kept = await readUnmatched(records, ACCOUNT, seal, clock.now());
    expect(kept).toHaveLength(100);
    expect(kept[0]).toMatchObject({ personId: "p50", reason: "look_alike", subject: "s50" });
    expect(kept.filter(({ personId }) => personId === "p50")).toHaveLength(1);
    expect(JSON.stringify(records.dump())).not.toContain("s50");
    expect(await readUnmatched(records, ACCOUNT, seal, clock.now() + 8 * 24 * 60 * MINUTE)).toEqual([]);
  });
});
