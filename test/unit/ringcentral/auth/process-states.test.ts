import { expect, it } from "vitest";
import { RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";
import type { AccessToken } from "../../../../lib/ringcentral/auth/ports.ts";
import { parseRecord } from "../../../../lib/ringcentral/auth/token-record.ts";
import { settings } from "../../../../lib/ringcentral/auth/token-settings.ts";
import { StorageUnavailable } from "../../../../lib/storage/errors.ts";
import { createFleet, createMember } from "../../../property/shared-token-model.ts";
import { createSchedule } from "../../../support/schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const states = ["empty", "valid", "due", "unpublished", "table down"] as const;
const happenings = ["get", "reject", "newer", "notStored", "loginFails", "tableFails"] as const;
type State = (typeof states)[number];
type Event = (typeof happenings)[number];

/**
 * What a caller gets, and the state afterwards. Complete by its type: a missing cell does not compile. `SPEC.md` shows
 * the same table. The unpublished token is due.
 */
const transitions: Record<State, Record<Event, string>> = {
  empty: {
    get: "new token; valid",
    reject: "nothing; empty",
    newer: "newer token; valid",
    notStored: "new token; unpublished",
    loginFails: "auth; empty",
    tableFails: "storage; table down",
  },
  valid: {
    get: "its token; valid",
    reject: "nothing; empty",
    newer: "its token; valid",
    notStored: "its token; valid",
    loginFails: "its token; valid",
    tableFails: "its token; valid",
  },
  due: {
    get: "new token; valid",
    reject: "nothing; empty",
    newer: "newer token; valid",
    notStored: "new token; unpublished",
    loginFails: "its token; due",
    tableFails: "its token; due",
  },
  unpublished: {
    get: "new token; valid",
    reject: "nothing; empty",
    newer: "newer token; valid",
    notStored: "new token; unpublished",
    loginFails: "its token; unpublished",
    tableFails: "its token; unpublished",
  },
  "table down": {
    get: "storage; table down",
    reject: "nothing; table down",
    newer: "newer token; valid",
    notStored: "storage; table down",
    loginFails: "storage; table down",
    tableFails: "storage; table down",
  },
};

/** One process of a fleet in this state, and what can happen to it. */
async function setUp(state: State) {
  const schedule = createSchedule({ seed: 1, maxSkewMs: 0 });
  const fleet = createFleet(schedule);
  const [member, other] = [createMember(fleet, { skewMs: 0 }), createMember(fleet, { skewMs: 0 })];
  let own: AccessToken | undefined;
  let looks = 0;
  const published = new Set<number>();
  fleet.records.onWrite = (_key, _version, json) => {
    const { token, generation } = parseRecord(JSON.parse(json));
    if (token !== undefined) published.add(generation);
  };

  const pass = async (ms: number) => {
    schedule.instance().start(() => schedule.clock.sleep(ms));
    await schedule.run();
  };
  async function tokenOf({ instance, ask }: typeof member, withinMs = 20 * SECOND) {
    const outcome = instance.start(() => ask(withinMs));
    await schedule.run();
    const end = await outcome;
    if (end.status === "done") return end.value;
    if (end.status === "failed" && end.error instanceof RingCentralError) return end.error.failure.kind;
    throw new Error(`${end.status}`);
  }
  const down = () => {
    looks += 1;
    throw new StorageUnavailable("down");
  };
  /** The table takes the lease and not the token. */
  const refuseTokens = () => {
    let writes = 0;
    fleet.records.faults = {
      before: ({ operation }) => {
        if (operation === "compareAndSet" && ++writes > 1) down();
      },
    };
  };
  const keepOwn = async () => {
    const token = await tokenOf(member);
    own = typeof token === "string" ? undefined : token;
  };
  async function observe(): Promise<string> {
    const loginsBefore = fleet.ringCentral.arrivals.length;
    const token = await tokenOf(member);
    if (typeof token === "string") return token;
    if (token === own) return "its token";
    own = token;
    return fleet.ringCentral.arrivals.length > loginsBefore ? "new token" : "newer token";
  }

  if (state === "unpublished") refuseTokens();
  if (state === "table down") fleet.records.faults = { before: down };
  if (state !== "empty") await keepOwn();
  if (state === "due" || state === "unpublished") await pass(56 * MINUTE);
  fleet.records.faults = {};

  const events: Record<Event, () => Promise<string>> = {
    get: observe,
    reject: async () => {
      member.tokens.reject(own ?? { value: "of another process", generation: 0, expiresAt: 0, server: "" });
      return "nothing";
    },
    newer: async () => {
      const first = await tokenOf(other);
      if (state === "valid" && typeof first !== "string") other.tokens.reject(first);
      await tokenOf(other);
      if (state === "table down") await pass(5 * SECOND);
      return observe();
    },
    notStored: () => {
      refuseTokens();
      return observe();
    },
    loginFails: () => {
      fleet.ringCentral.accept(9);
      return observe();
    },
    tableFails: () => {
      fleet.records.faults = { before: down };
      return observe();
    },
  };

  /** From what the process does while the table is away: the last look of a test. */
  async function stateNow(): Promise<State> {
    fleet.records.faults = { before: down };
    looks = 0;
    const token = await tokenOf(member, 3 * SECOND);
    if (typeof token === "string") return looks === 0 ? "table down" : "empty";
    if (!published.has(token.generation)) return "unpublished";
    return token.expiresAt - schedule.clock.now() > settings.renewAheadMs ? "valid" : "due";
  }
  return { events, stateNow };
}

const cells = states.flatMap((state) =>
  happenings.map((event) => ({ state, event, next: transitions[state][event] })),
);

it.each(states)("sets up a process that is %s", async (state) => {
  expect(await (await setUp(state)).stateNow()).toBe(state);
});

it.each(cells)(
  "a process that is $state: after $event a caller gets $next",
  async ({ state, event, next }) => {
    const { events, stateNow } = await setUp(state);
    const result = await events[event]();
    expect(`${result}; ${await stateNow()}`).toBe(next);
  },
);
