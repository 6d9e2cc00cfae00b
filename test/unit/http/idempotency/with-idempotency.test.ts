import { describe, expect, it } from "vitest";
import { recordKey } from "../../../../lib/http/idempotency/record.ts";
import { withIdempotency } from "../../../../lib/http/idempotency/with-idempotency.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { createTableWait } from "../../../../lib/storage/table-wait.ts";
import { leapingClock, manualClock } from "../../../support/manual-clock.ts";
import { createMemoryRecordStore } from "../../../support/memory-record-store.ts";

const scope = { accountId: "1", callerId: "ana", operationId: "addForwardingNumber", key: "k1" };

it("sends nothing for a key whose record it cannot read, and leaves the record as it is", async () => {
  const records = createMemoryRecordStore();
  const clock = leapingClock();
  const deadline = deadlineIn(15_000, clock, 0);
  const request = { ...scope, fingerprint: "f", deadline, tableWait: createTableWait(clock) };
  const older = { fingerprint: "f", state: "running", leaseUntil: 0, expiresAt: clock.now() + 60_000 };
  await records.compareAndSet(recordKey(request), null, older);
  let runs = 0;
  const run = async () => {
    runs += 1;
    return { statusCode: 201, headers: {}, body: "" };
  };
  const outcome = withIdempotency({ records, clock, key: new Uint8Array(32) }, request, run, () => false);
  await expect(outcome).rejects.toMatchObject({ code: "storage_unavailable" });
  expect(runs).toBe(0);
  expect((await records.read(recordKey(request)))?.value).toEqual(older);
});

it("records a response until the deadline, whatever the request has waited for the table", async () => {
  const records = createMemoryRecordStore();
  const clock = leapingClock();
  const tableWait = createTableWait(clock);
  const request = { ...scope, fingerprint: "f", deadline: deadlineIn(15_000, clock, 0), tableWait };
  let failures = 0;
  const run = async () => {
    tableWait.count(clock.now() - 5_000);
    records.faults.before = () => {
      if (++failures <= 3) throw new StorageUnavailable("away");
    };
    return { statusCode: 201, headers: {}, body: "{}" };
  };
  const deps = { records, clock, key: new Uint8Array(32) };
  expect(await withIdempotency(deps, request, run, () => true)).toMatchObject({ statusCode: 201 });
  expect((await records.read(recordKey(request)))?.value).toMatchObject({ state: "done" });
});

it("does not replay a response that was copied from the record of another request", async () => {
  const records = createMemoryRecordStore();
  const clock = leapingClock();
  const deps = { records, clock, key: new Uint8Array(32) };
  const steps: string[] = [];
  const send = (key: string) =>
    withIdempotency(
      deps,
      {
        ...scope,
        key,
        fingerprint: "f",
        deadline: deadlineIn(15_000, clock, 0),
        tableWait: createTableWait(clock),
      },
      async (step) => {
        steps.push(step);
        return { statusCode: 201, headers: {}, body: key };
      },
      () => true,
    );
  await send("k1");
  await send("k2");
  const [one, two] = records.dump();
  if (one !== undefined && two !== undefined) records.plant(two.key, two.version, one.json);
  expect((await send("k2")).body).toBe("k2");
  expect(steps).toEqual(["run", "run", "look"]);
});

it("frees a key that it took too late, because nothing was sent", async () => {
  const records = createMemoryRecordStore();
  const clock = manualClock();
  const deps = { records, clock, key: new Uint8Array(32) };
  const deadline = deadlineIn(15_000, clock, 0);
  const send = () =>
    withIdempotency(
      deps,
      { ...scope, fingerprint: "f", deadline, tableWait: createTableWait(clock) },
      async () => ({ statusCode: 201, headers: {}, body: "{}" }),
      () => true,
    );
  records.faults.after = ({ operation }) => (operation === "read" ? undefined : clock.sleep(1_500));
  const first = expect(send()).rejects.toThrow(StorageUnavailable);
  await clock.advance(1_200);
  await first;
  delete records.faults.after;
  const second = send();
  let isTaken = true;
  void second.then(() => {
    isTaken = false;
  });
  await clock.advance(200);
  expect(isTaken).toBe(true);
  await clock.advance(1_000);
  expect(await second).toMatchObject({ statusCode: 201 });
});

describe("a repetition while the first request is in progress", () => {
  function setUp(takesMs: number, remainingMs = 15_000) {
    const records = createMemoryRecordStore();
    const clock = manualClock();
    const deps = { records, clock, key: new Uint8Array(32) };
    let runs = 0;
    const send = (fingerprint = "f") => {
      const deadline = deadlineIn(remainingMs, clock, 0);
      const request = { ...scope, fingerprint, deadline, tableWait: createTableWait(clock) };
      const run = async () => {
        runs += 1;
        await clock.sleep(takesMs);
        return { statusCode: 201, headers: {}, body: String(runs) };
      };
      return withIdempotency(deps, request, run, () => true);
    };
    return { clock, send, runs: () => runs };
  }

  it("waits for it, and gets its response", async () => {
    const { clock, send, runs } = setUp(3_000);
    const both = [send(), send()];
    await clock.advance(4_000);
    const [first, second] = await Promise.all(both);
    expect(second).toEqual({ ...first, headers: { "idempotency-replayed": "true" } });
    expect(runs()).toBe(1);
  });

  it.each([
    ["4 s", 15_000, 4_000],
    ["a third of its own time", 3_000, 1_000],
  ])("comes back 2 s later when it has waited for %s", async (_, remainingMs, waitMs) => {
    const { clock, send, runs } = setUp(14_000, remainingMs);
    const first = send();
    const failed = expect(send()).rejects.toMatchObject({
      code: "idempotency_in_progress",
      details: { retryAfterSeconds: 2 },
    });
    await clock.advance(waitMs);
    await failed;
    await clock.advance(14_000);
    await first;
    expect(runs()).toBe(1);
  });

  it("is told at once that its key belongs to another request", async () => {
    const { clock, send } = setUp(3_000);
    const first = send();
    await clock.advance(100);
    await expect(send("g")).rejects.toMatchObject({ code: "idempotency_key_reused" });
    await clock.advance(3_000);
    await first;
  });
});
