import { createHash } from "node:crypto";
import type { CredentialSource } from "../../lib/platform/credentials.ts";
import { type Deadline, deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { omitUndefined } from "../../lib/platform/omit-undefined.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { Operation, ShareHolder } from "../../lib/ringcentral/api/operation.ts";
import {
  addBlockedNumber,
  listBlockedNumbers,
  listCompanyNumbers,
} from "../../lib/ringcentral/api/operations.ts";
import { SharedToken } from "../../lib/ringcentral/auth/shared-token.ts";
import { serviceTokens } from "../../lib/ringcentral/auth/token-kind.ts";
import { createRingCentral } from "../../lib/ringcentral/client.ts";
import type { HttpResponse, Transport } from "../../lib/ringcentral/http/transport.ts";
import { createTableClock } from "../../lib/ringcentral/rate-limit/clock-bounds.ts";
import type { RateLimitEvent } from "../../lib/ringcentral/rate-limit/ports.ts";
import { SharedRateLimiter } from "../../lib/ringcentral/rate-limit/shared-rate-limiter.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import type { MemoryRecordStore } from "../support/memory-record-store.ts";
import type { Instance, Schedule } from "../support/schedule.ts";
import type { Group, Upstream, UpstreamResponse } from "./upstream.ts";

export type Priority = "interactive" | "sync";
export type CallGroup = Exclude<Group, "auth">;

/** What became of one call. */
export interface Outcome {
  group: CallGroup;
  priority: Priority;
  result: "served" | "rejected" | "limited" | "failed";
  /** From asking to the departure of the request. */
  waitMs: number;
  retryAfterMs?: number;
  caller?: string;
  /** The share that the rejection names. */
  heldTo?: ShareHolder;
}

/** One process that can be asked to call RingCentral. */
export interface Member {
  /** @param caller whose share the call is counted in; no client but ours has shares */
  call(group: CallGroup, priority: Priority, withinMs: number, caller?: string): Promise<Outcome>;
}

/** What the whole simulated fleet shares, and what is counted about it. */
export interface Surroundings {
  schedule: Schedule;
  upstream: Upstream;
  records: MemoryRecordStore;
  storage: { reads: number; writes: number; lostRaces: number; isAway: boolean };
  /** How many processes may exist, as the deployment says. */
  fleetSize: number;
  events: RateLimitEvent[];
}

const operations: Record<CallGroup, Operation<unknown>> = {
  light: listBlockedNumbers,
  medium: addBlockedNumber,
  heavy: listCompanyNumbers,
};
const bodies: Record<CallGroup, string> = {
  light: '{"records":[]}',
  medium: '{"id":"1","phoneNumber":"+12025550143"}',
  heavy: '{"records":[]}',
};

const log = createLogger({}, { write: () => {} });

/** One Lambda instance with the real client, rate limiter and shared token; its clock is wrong by up to 5 s. */
export function createFleetMember(around: Surroundings): Member {
  const { schedule, upstream } = around;
  const instance = schedule.instance();
  const { clock, random } = instance;
  const time = createTableClock(clock);
  const records = tableSeenBy(instance, around, (sample) => time.learn(sample));
  const accountKey = "37";
  const tokens = new SharedToken({
    records,
    kind: serviceTokens({
      accountKey,
      credentials: fixedCredentials,
      clock,
      oauth: { login: () => logIn(instance, upstream) },
    }),
    clock,
    random,
    instanceId: instance.name,
  });
  const onEvent = (event: RateLimitEvent) => around.events.push(event);
  const instanceId = instance.name;
  const rateLimiter = new SharedRateLimiter({
    records,
    clock,
    random,
    accountKey,
    instanceId,
    time,
    fleetSize: around.fleetSize,
    onEvent,
  });
  const departures = new Map<Deadline, number>();
  const priorities = new Map<Deadline, Priority>();
  const transport: Transport = {
    async send({ operation, deadline }) {
      const group = groupNamed(operation);
      const leftAt = schedule.clock.now();
      departures.set(deadline, leftAt);
      const priority = priorities.get(deadline) ?? "interactive";
      return toHttp(group, await exchange(instance, upstream, group, { from: "fleet", priority, leftAt }));
    },
  };
  const ringCentral = createRingCentral({ tokens, rateLimiter, transport, clock, random });
  let calls = 0;

  return {
    async call(group, priority, withinMs, caller) {
      const startedAt = schedule.clock.now();
      const deadline = deadlineIn(withinMs, clock, 0);
      priorities.set(deadline, priority);
      const outcome = (result: Outcome["result"], error?: RingCentralError): Outcome => {
        const waitMs = (departures.get(deadline) ?? schedule.clock.now()) - startedAt;
        departures.delete(deadline);
        priorities.delete(deadline);
        const { retryAfterMs, share } = error?.failure ?? {};
        return omitUndefined({ group, priority, result, waitMs, retryAfterMs, caller, heldTo: share?.of });
      };
      try {
        await ringCentral.call(
          operations[group],
          // No two reads are alike, or the client would share one exchange between them.
          { path: group === "heavy" ? {} : { extensionId: "1" }, query: { page: ++calls } },
          {
            accountId: "37",
            deadline,
            requestId: "r",
            log,
            priority,
            route: `${priority} ${group}`,
            ...(caller !== undefined && { spender: { caller: hashOf(caller), extension: caller } }),
          },
        );
        return outcome("served");
      } catch (error) {
        if (!(error instanceof RingCentralError)) throw error;
        const { kind, status } = error.failure;
        if (kind !== "rate_limited" && kind !== "storage") return outcome("failed", error);
        return outcome(status === 429 ? "limited" : "rejected", error);
      }
    },
  };
}

/**
 * A process of its own, as with `@ringcentral/sdk` and `handleRateLimit`: on a 429 each call waits for the stated
 * Retry-After and is sent once more; a second failure is the caller's. [sdk source: JS `Platform.sendRequest`]
 */
export function createSdkMember(around: Surroundings, { ownLogin }: { ownLogin: boolean }): Member {
  const { schedule, upstream } = around;
  const instance = schedule.instance();
  let login: Promise<boolean> | undefined;

  async function send(group: Group, priority: Priority): Promise<boolean> {
    for (let attempt = 1; attempt <= 2; attempt++) {
      const leftAt = schedule.clock.now();
      const response = await exchange(instance, upstream, group, { from: "fleet", priority, leftAt });
      if (response.accepted) return true;
      if (attempt === 1) await instance.clock.sleep(response.retryAfterSeconds * 1_000);
    }
    return false;
  }

  async function loggedIn(): Promise<boolean> {
    if (!ownLogin) return true;
    login ??= send("auth", "interactive");
    const done = await login;
    if (!done) login = undefined;
    return done;
  }

  return {
    async call(group, priority) {
      const startedAt = schedule.clock.now();
      const served = (await loggedIn()) && (await send(group, priority));
      const waitMs = schedule.clock.now() - startedAt;
      return { group, priority, result: served ? "served" : "limited", waitMs };
    },
  };
}

async function exchange(
  instance: Instance,
  upstream: Upstream,
  group: Group,
  about: { from: "fleet"; priority: Priority; leftAt: number },
): Promise<UpstreamResponse> {
  const receive = () => upstream.receive(group, about);
  const response = await instance.effect("api", receive, { reliable: true, latencyMs: [20, 150] });
  // In true time: the instance's own clock is wrong by its skew.
  response.arrival.respondedAt = instance.clock.now() - instance.skewMs;
  return response;
}

async function logIn(instance: Instance, upstream: Upstream) {
  const leftAt = instance.clock.now() - instance.skewMs;
  const response = await exchange(instance, upstream, "auth", {
    from: "fleet",
    priority: "interactive",
    leftAt,
  });
  if (response.accepted) return { accessToken: `token of ${instance.name}`, expiresInSeconds: 3_600 };
  const retryAfterMs = response.retryAfterSeconds * 1_000;
  throw new RingCentralError({
    kind: "rate_limited",
    operation: "login",
    status: 429,
    retryAfterMs,
    mayHaveTakenEffect: false,
  });
}

function toHttp(group: CallGroup, response: UpstreamResponse): HttpResponse {
  const headers = {
    "content-type": "application/json",
    "x-rate-limit-group": group,
    "x-rate-limit-limit": String(response.limit),
    "x-rate-limit-remaining": String(response.remaining),
    "x-rate-limit-window": String(response.windowSeconds),
  };
  if (response.accepted) return { status: 200, headers, body: bodies[group] };
  const body = '{"errorCode":"CMN-301","message":"Request rate exceeded"}';
  return { status: 429, headers: { ...headers, "retry-after": String(response.retryAfterSeconds) }, body };
}

const hashOf = (caller: string) => createHash("sha256").update(caller).digest("base64url");

function groupNamed(operation: string): CallGroup {
  if (operation === listBlockedNumbers.name) return "light";
  return operation === addBlockedNumber.name ? "medium" : "heavy";
}

export const fixedCredentials: CredentialSource = {
  current: async () => credentials,
  refreshed: async () => [credentials],
};
const credentials = { server: "https://rc.test", clientId: "app", clientSecret: "secret", jwt: "jwt" };

/** The table at 2 to 12 ms each way, its `Date` header in whole seconds. Counts what the budgets cost. */
export function tableSeenBy(
  instance: Instance,
  { schedule, records, storage }: Pick<Surroundings, "schedule" | "records" | "storage">,
  learn: (sample: { sentAt: number; receivedAt: number; dateMs: number }) => void,
): RecordStore {
  async function ask<T>(label: string, act: () => Promise<T>): Promise<T> {
    const sentAt = instance.clock.now();
    let dateMs = 0;
    const dated = () => {
      if (storage.isAway) throw new StorageUnavailable("away");
      dateMs = Math.floor(schedule.clock.now() / 1_000) * 1_000;
      return act();
    };
    const result = await instance.effect(label, dated, { reliable: true, latencyMs: [2, 12] });
    learn({ sentAt, receivedAt: instance.clock.now(), dateMs });
    return result;
  }
  const isBudget = ({ partition }: { partition: string }) => partition.startsWith("rate-limit#");
  return {
    async read(key) {
      if (isBudget(key)) storage.reads += 1;
      return ask("read", () => records.read(key));
    },
    async compareAndSet(key, expected, value, options) {
      const version = await ask("set", () => records.compareAndSet(key, expected, value, options));
      if (isBudget(key)) {
        storage.writes += 1;
        if (version === undefined) storage.lostRaces += 1;
      }
      return version;
    },
    remove: (key, expected) => ask("remove", () => records.remove(key, expected)),
  };
}
