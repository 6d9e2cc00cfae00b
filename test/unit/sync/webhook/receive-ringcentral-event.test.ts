import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import type { ProblemError } from "../../../../lib/contract/problems.ts";
import { createLogger } from "../../../../lib/platform/logger.ts";
import { QueueUnavailable } from "../../../../lib/platform/message-queue.ts";
import {
  debounceSync,
  type ReceiveDeps,
  type ReceivedEvent,
  receiveRingCentralEvent,
} from "../../../../lib/sync/webhook/receive-ringcentral-event.ts";
import { createMemoryRecordStore, type MemoryRecordStore } from "../../../support/memory-record-store.ts";

const ACCOUNT = "3700111";
const SECRET = "present-secret";
const START = 1_800_000_000_000;

let now: number;
let records: MemoryRecordStore;
let sent: { body: Record<string, unknown>; delaySeconds: number }[];
let isQueueAway: boolean;
let moved: string[];
let deps: ReceiveDeps;

beforeEach(() => {
  now = START;
  records = createMemoryRecordStore();
  sent = [];
  isQueueAway = false;
  moved = [];
  deps = {
    records,
    now: () => now,
    log: createLogger({}, { write: () => true }),
    isSynced: async (accountId) => accountId === ACCOUNT,
    async *verificationTokens() {
      yield SECRET;
      yield "former-secret";
    },
    mayHaveMoved: async (accountId, extensionId) => void moved.push(`${accountId} ${extensionId}`),
    queue: {
      async send(body, delaySeconds = 0) {
        if (isQueueAway) throw new QueueUnavailable("away");
        sent.push({ body: { ...body }, delaySeconds });
      },
    },
  };
});

let lastUuid = 0;
function notification(fields: object = {}): string {
  lastUuid += 1;
  return JSON.stringify({
    uuid: `00000000-0000-4000-8000-${String(lastUuid).padStart(12, "0")}`,
    event: `/restapi/v1.0/account/${ACCOUNT}/extension/3800222`,
    timestamp: "2026-01-01T00:00:00Z",
    subscriptionId: "s-1",
    ownerId: "3800111",
    body: { extensionId: "3800222", eventType: "Update", hints: ["CompanyNumbers"] },
    ...fields,
  });
}
const receive = (received: Partial<ReceivedEvent> = {}) =>
  receiveRingCentralEvent(deps, { verificationToken: SECRET, text: notification(), ...received });
const codeOf = (receipt: Promise<unknown>) =>
  receipt.then(
    () => "taken",
    (error: ProblemError) => error.code,
  );

describe("a notification that an extension has changed", () => {
  it.each([
    [{ extensionId: "3800222", hints: ["Features"] }, [`${ACCOUNT} 3800222`]],
    [{ extensionId: "3800222" }, [`${ACCOUNT} 3800222`]],
    [{ extensionId: "3800222", hints: ["CompanyNumbers"] }, []],
    [{ extensionId: "../3800222", hints: ["Features"] }, []],
    [{ hints: ["Features"] }, []],
  ])("says whether it may have been moved: %j", async (body, expected) => {
    await receive({ text: notification({ body }) });
    expect(moved).toEqual(expected);
  });

  it("says nothing without a valid token", async () => {
    const text = notification({ body: { extensionId: "3800222", hints: ["Features"] } });
    expect(await codeOf(receive({ text, verificationToken: "guessed" }))).toBe("webhook_token_invalid");
    expect(moved).toEqual([]);
  });
});

describe("the handshake", () => {
  it("echoes the token and does nothing else", async () => {
    const receipt = await receiveRingCentralEvent(deps, { validationToken: "a-b-c", text: "" });
    expect(receipt).toEqual({ outcome: "validated", echo: "a-b-c" });
    expect(records.dump()).toEqual([]);
  });

  it("echoes nothing that could break out of a header", async () => {
    expect(await codeOf(receiveRingCentralEvent(deps, { validationToken: "a\r\nb", text: "" }))).toBe(
      "request_invalid",
    );
    expect(await codeOf(receiveRingCentralEvent(deps, { validationToken: "x".repeat(300), text: "" }))).toBe(
      "request_invalid",
    );
  });
});

describe("a change notification", () => {
  it("queues a sync that begins 30 s later", async () => {
    expect(await receive()).toEqual({ outcome: "sync_queued" });
    expect(sent).toEqual([
      {
        body: { accountId: ACCOUNT, trigger: "hint", requestedAt: START + 30_000, postponed: 0 },
        delaySeconds: 30,
      },
    ]);
  });

  it.each([
    ["the secret in the header of the handshake", { verificationToken: undefined, validationToken: SECRET }],
    ["the secret it was subscribed with before a rotation", { verificationToken: "former-secret" }],
  ])("is taken with %s", async (_, shown) => {
    expect(await codeOf(receive(shown))).toBe("taken");
  });

  it.each([
    ["no secret", { verificationToken: undefined }],
    ["another secret", { verificationToken: "present-secreT" }],
    [
      "another secret beside the right one in the wrong header",
      { verificationToken: "x", validationToken: SECRET },
    ],
    ["an account that is not synced", { text: notification({ event: "/restapi/v1.0/account/1/extension" }) }],
    ["another event", { text: notification({ event: `/restapi/v1.0/account/${ACCOUNT}/presence` }) }],
  ])("is rejected with %s, always with the same problem", async (_, received) => {
    expect(await codeOf(receive(received))).toBe("webhook_token_invalid");
    expect(sent).toEqual([]);
  });

  it.each(["", "null", "{}", '{"uuid":"../x","event":"y"}', "<html>"])(
    "is rejected as malformed: %s",
    async (text) => {
      expect(await codeOf(receive({ text }))).toBe("request_invalid");
    },
  );

  it("queues one sync when it is delivered several times", async () => {
    const text = notification();
    await receive({ text });
    now += 600_000;
    expect(await receive({ text })).toEqual({ outcome: "ignored" });
    expect(sent).toHaveLength(1);
    const [seen] = records.dump().filter(({ key }) => key.partition.startsWith("webhook#"));
    expect(seen?.expiresAt).toBe(START + 86_400_000);
  });

  it("is not recorded when it queued nothing: RingCentral delivers it again", async () => {
    const text = notification();
    isQueueAway = true;
    expect(await codeOf(receive({ text }))).toBe("queue_unavailable");
    isQueueAway = false;
    expect(await receive({ text })).toEqual({ outcome: "sync_queued" });
  });

  it.each([
    ["says nothing of numbers", { hints: ["Presence"], eventType: "Update" }, "ignored"],
    ["tells only that an extension has changed", { eventType: "Update" }, "sync_queued"],
    ["tells that an extension is gone", { hints: ["Presence"], eventType: "Delete" }, "sync_queued"],
  ])("that %s is %#", async (_, body, outcome) => {
    expect(await receive({ text: notification({ body }) })).toEqual({ outcome });
  });
});

describe("change notifications", () => {
  it("that arrive before the queued sync begins queue no other", async () => {
    await receive();
    now += 29_000;
    expect(await receive()).toEqual({ outcome: "ignored" });
    expect(sent).toHaveLength(1);
  });

  it("queue a sync when the process that was to queue it has died, also the one that RingCentral delivers again", async () => {
    const text = notification();
    const { send } = deps.queue;
    deps.queue.send = () => new Promise(() => {});
    void receive({ text });
    await setImmediate();
    deps.queue.send = send;
    now += 9_999;
    expect(await receive()).toEqual({ outcome: "ignored" });
    now += 1;
    expect(await receive({ text })).toEqual({ outcome: "sync_queued" });
    expect(sent.map(({ body }) => body.requestedAt)).toEqual([now + 30_000]);
    now += 10_000;
    expect(await receive()).toEqual({ outcome: "ignored" });
    expect(sent).toHaveLength(1);
  });

  it("start at most one sync in five minutes", async () => {
    for (let minute = 0; minute < 20; minute += 1) {
      await receive();
      now += 60_000;
    }
    const due = sent.map(({ body }) => Number(body.requestedAt));
    expect(sent.length).toBeGreaterThan(2);
    for (const [index, at] of due.entries()) {
      if (index > 0) expect(at - (due[index - 1] ?? 0)).toBeGreaterThanOrEqual(300_000);
    }
  });

  it("at the same time queue one sync", async () => {
    const woken = await Promise.all([1, 2, 3].map(() => debounceSync(deps, ACCOUNT)));
    expect(woken.filter(Boolean)).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });
});

describe("a notification that people have changed in the directory", () => {
  const contact = { eventType: "Update", id: "3800222", status: "Disabled", email: "ana.ruiz@acme.example" };
  const changed = () =>
    receive({
      text: notification({
        event: `/restapi/v1.0/account/${ACCOUNT}/directory/entries`,
        body: { contacts: [contact] },
      }),
    });

  it("queues one reading of the directory for all of a burst, and another one half a minute later", async () => {
    expect(await changed()).toEqual({ outcome: "sync_queued" });
    expect(await changed()).toEqual({ outcome: "ignored" });
    const reading = { accountId: ACCOUNT, kind: "directory", trigger: "hint", postponed: 0 };
    expect(sent).toEqual([{ body: { ...reading, requestedAt: START + 5_000 }, delaySeconds: 5 }]);
    now = START + 6_000;
    expect(await changed()).toEqual({ outcome: "sync_queued" });
    expect(sent[1]).toEqual({ body: { ...reading, requestedAt: START + 35_000 }, delaySeconds: 29 });
  });

  it("does not hold up a sync of the numbers, and is believed from RingCentral alone", async () => {
    await changed();
    expect(await receive()).toEqual({ outcome: "sync_queued" });
    expect(sent.map(({ body }) => body.kind)).toEqual(["directory", undefined]);
    const event = `/restapi/v1.0/account/${ACCOUNT}/directory/entries`;
    const forged = receive({ verificationToken: "forged", text: notification({ event }) });
    expect(await codeOf(forged)).toBe("webhook_token_invalid");
  });

  it("leaves nothing of the people in the table", async () => {
    await changed();
    expect(JSON.stringify(records.dump())).not.toContain("ana.ruiz");
  });
});
