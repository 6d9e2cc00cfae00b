import { expect, it } from "vitest";
import { SecretUnavailableError } from "../../../../lib/platform/credentials.ts";
import { deadlineIn } from "../../../../lib/platform/deadline.ts";
import { createLogger } from "../../../../lib/platform/logger.ts";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { handleMessage, SyncMessage } from "../../../../lib/sync/queue/handle-message.ts";
import { scannedAt } from "../../../../lib/sync/snapshot/head.ts";
import { SyncRecords } from "../../../../lib/sync/snapshot/sync-records.ts";
import { ACCOUNT, createAccountSync, MINUTE } from "../../../support/account-sync.ts";
import { rateLimited, rejection, unavailable } from "../../../support/number-account.ts";

const SECOND = 1_000;
/** As the queue's template has them. */
const VISIBILITY_MS = 120 * SECOND;
const MAX_RECEIVES = 5;
const DAY = 24 * 60 * MINUTE;

type Lab = ReturnType<typeof createAccountSync>;
interface Obstacle {
  /** Messages that are received at once because the last run has saved pages. */
  atOnce?: number;
  /** Time that an invocation has for its run. */
  withinMs?: number;
  hinder?: (lab: Lab) => void;
}

const atEachCall = (failure: (operation: string) => unknown): Obstacle => ({
  hinder: ({ upstream }) => {
    upstream.before = ({ operation }) => {
      throw failure(operation);
    };
  },
});
const withoutPermit = (operation: string, retryAfterMs?: number) =>
  new RingCentralError({
    kind: "storage",
    operation,
    mayHaveTakenEffect: false,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });

/** Plays messages and all that come of them for a day. @returns the seconds at which a worker got one, and the calls in an hour */
async function play({ withinMs = 50 * SECOND, hinder }: Obstacle, requests = 1) {
  const lab = createAccountSync(25);
  lab.upstream.maxPerPage = 10;
  hinder?.(lab);
  const { clock } = lab;
  const begun = clock.now();
  let callsInFirstHour = 0;
  const { before } = lab.upstream;
  lab.upstream.before = (call) => {
    if (clock.now() < begun + 60 * MINUTE) callsInFirstHour += 1;
    before?.(call);
  };
  const queue: { at: number; receives: number; message: SyncMessage }[] = [];
  const send = async (body: object, delaySeconds = 0) => {
    queue.push({ at: clock.now() + delaySeconds * SECOND, receives: 0, message: SyncMessage.parse(body) });
  };
  for (let minute = 0; minute < requests; minute += 1) {
    const requestedAt = begun + minute * MINUTE;
    const message: SyncMessage = { accountId: ACCOUNT, trigger: "request", requestedAt, postponed: 0 };
    await send(message, minute * 60);
  }
  const received: number[] = [];
  for (let next = queue.shift(); next !== undefined && next.at < begun + DAY; next = queue.shift()) {
    clock.leap(Math.max(0, next.at - clock.now()));
    received.push((clock.now() - begun) / SECOND);
    const { message } = next;
    const deps = {
      run: (_: SyncMessage, queueRecheck: (afterMs: number) => Promise<void>) =>
        lab.syncNow({ queueRecheck }, { deadline: deadlineIn(withinMs, clock, 0) }),
      scannedAt: () => scannedAt(new SyncRecords(lab.records, ACCOUNT)),
      publish: async () => true,
      queue: { send },
      log: createLogger({}, { write: () => {} }),
    };
    const isDone = await handleMessage(deps, message).then(
      () => true,
      () => false,
    );
    const receives = next.receives + 1;
    if (!isDone && receives < MAX_RECEIVES)
      queue.push({ at: clock.now() + VISIBILITY_MS, receives, message });
    queue.sort((one, other) => one.at - other.at);
    expect(received.length, "messages without end").toBeLessThan(4_000);
  }
  return { received, callsInFirstHour };
}

it.each<[string, Obstacle]>([
  ["no invocation has time for a call", { withinMs: 7 * SECOND }],
  ["every call is rate-limited for a second", atEachCall((operation) => rateLimited(operation, SECOND))],
  ["every call is rate-limited for no stated time", atEachCall((operation) => rateLimited(operation, 0))],
  ["no call gets a permit", atEachCall((operation) => withoutPermit(operation))],
  ["every call gets its permit in a second", atEachCall((operation) => withoutPermit(operation, SECOND))],
  ["RingCentral is unavailable", atEachCall(unavailable)],
  [
    "every call runs out of time",
    atEachCall(
      (operation) =>
        new RingCentralError({
          kind: "timeout",
          operation,
          deadlineExceeded: true,
          mayHaveTakenEffect: false,
        }),
    ),
  ],
  ["RingCentral rejects the call", atEachCall((operation) => rejection(operation, 403, "CMN-401"))],
  ["an error that nobody expects", atEachCall(() => new TypeError("oops"))],
  [
    "the secret is unavailable",
    {
      hinder: (lab) => {
        lab.deps.fingerprint = () => Promise.reject(new SecretUnavailableError({}));
      },
    },
  ],
  [
    "the permissions change at each look",
    {
      atOnce: 5,
      hinder: (lab) => {
        let looks = 0;
        lab.deps.fingerprint = async () => String(looks++);
      },
    },
  ],
  [
    "the table takes no page",
    {
      hinder: (lab) => {
        lab.records.faults.before = ({ operation, key }) => {
          if (operation === "compareAndSet" && key.sort.startsWith("stage#"))
            throw new StorageUnavailable("away");
        };
      },
    },
  ],
  [
    "no scan comes to the list's end",
    {
      hinder: ({ upstream }) => {
        upstream.before = ({ page }) => {
          upstream.maxPerPage = page === 1 ? 10 : 7;
        };
      },
    },
  ],
  [
    "another process holds the lease and never ends",
    {
      hinder: (lab) => {
        lab.records.faults.before = ({ operation, key }) => {
          if (operation !== "read" || key.sort !== "run") return;
          const value = { generation: 1, leaseUntil: lab.clock.now() + 1, startedAt: 0 };
          lab.records.plant({ partition: `sync#${ACCOUNT}`, sort: "run" }, 1, JSON.stringify(value));
        };
      },
    },
  ],
])("nothing is queued again at once or without end when no step is saved: %s", async (_, obstacle) => {
  const { received } = await play(obstacle);
  const gaps = received.slice(1).map((at, index) => at - (received[index] ?? 0));
  // Each of 30 postponements may be of a message that is received twice.
  expect(received.length).toBeLessThanOrEqual(62);
  expect(gaps.filter((seconds) => seconds < 4)).toHaveLength(obstacle.atOnce ?? 0);
});

it("a run's wait is every message's: with a request in each minute, calls are no more frequent", async () => {
  const { callsInFirstHour } = await play(atEachCall(unavailable), 45);
  expect(callsInFirstHour).toBeLessThan(60);
});
