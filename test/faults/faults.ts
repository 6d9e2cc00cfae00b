import { StorageUnavailable } from "../../lib/storage/errors.ts";
import type { Mishap } from "./ringcentral-server.ts";
import { named, type World } from "./world.ts";

/** A fault, which lasts from `strike` to `end`; what it has done to RingCentral or to the process then stays. */
export interface Fault {
  title: string;
  strike(world: World): void | Promise<void>;
  end?(world: World): void | Promise<void>;
  /** RingCentral counts a call during the wait that it asked for as another offence. */
  isPenalty?: true;
}

const MINUTE_MS = 60_000;
/** What RingCentral asks to wait in its 503 and its 429. */
export const [UNAVAILABLE_SECONDS, PENALTY_SECONDS] = [17, 60];

const error = (errorCode: string) =>
  JSON.stringify({ errorCode, message: "An error", errors: [{ errorCode, message: "An error" }] });
const json = { "content-type": "application/json" };
const rates = {
  "x-rate-limit-group": "light",
  "x-rate-limit-limit": "50",
  "x-rate-limit-remaining": "0",
  "x-rate-limit-window": "60",
};

/** Every call of RingCentral's API meets the same. */
const everyCall = (title: string, mishap: Mishap): Fault => ({
  title,
  strike: (world) => {
    world.troubles = { call: () => mishap };
  },
});
const everyResponse = (title: string, status: number, headers: Record<string, string>, body = ""): Fault =>
  everyCall(title, { kind: "response", status, headers: { ...json, ...headers }, body });

/** The process's secrets cannot be read; it is new unless `isWarm`. */
const noSecrets = (title: string, read: (world: World) => Promise<void>): Fault => ({
  title,
  strike: (world) => {
    world.newProcess();
    world.troubles = { secrets: () => read(world) };
  },
});

const failingAfter = (ms: number, reason: string) => (world: World) => async () => {
  await world.time.sleep(ms);
  throw new StorageUnavailable(reason);
};
/** DynamoDB's client ends two attempts of one second after that. */
const SILENT_TABLE_MS = 2_250;
const table = (title: string, trouble: (world: World) => () => Promise<void>, isCold = false): Fault => ({
  title,
  strike: (world) => {
    if (isCold) world.newProcess();
    world.troubles = { table: trouble(world) };
  },
});
const noIssuer = (title: string, strike: (world: World) => void | Promise<void>): Fault => ({
  title,
  strike: async (world) => {
    await strike(world);
    const down = async () => {
      await world.time.sleep(3_000);
      throw new Error("the issuer does not respond");
    };
    world.troubles = { issuer: down };
  },
});

/** The process is frozen for ten minutes, in which its connections die. */
const frozen = (title: string, mishap: Mishap): Fault => ({
  title,
  strike: async (world) => {
    const frozenAt = world.time.now();
    await world.time.advance(10 * MINUTE_MS);
    world.troubles = { call: (_, openedAt) => (openedAt <= frozenAt ? mishap : undefined) };
  },
});
const skewed = (title: string, ms: number): Fault => ({
  title,
  strike: (world) => {
    world.newProcess();
    world.time.skewMs = ms;
  },
  end: (world) => {
    world.time.skewMs = 0;
  },
});

export const faults = {
  "429 with headers": {
    ...everyResponse(
      "429 with its headers",
      429,
      { ...rates, "retry-after": String(PENALTY_SECONDS) },
      error("CMN-301"),
    ),
    isPenalty: true,
  },
  "429 bare": { ...everyResponse("429 without headers", 429, {}), isPenalty: true },
  "status 500": everyResponse("500", 500, {}, error("CMN-203")),
  "status 502": everyResponse(
    "502 with a page of HTML",
    502,
    { "content-type": "text/html" },
    "<html><h1>Bad Gateway</h1></html>",
  ),
  "503 seconds": everyResponse("503, Retry-After in seconds", 503, {
    "retry-after": String(UNAVAILABLE_SECONDS),
  }),
  "503 date": {
    title: "503, Retry-After as a date",
    strike: (world) => {
      const until = () => new Date(Date.now() + UNAVAILABLE_SECONDS * 1_000).toUTCString();
      world.troubles = {
        call: () => ({ kind: "response", status: 503, headers: { "retry-after": until() } }),
      };
    },
  },
  "limited mode": {
    title: "limited mode (503 CMN-211)",
    strike: ({ twin }) => twin.configure({ limitedMode: true }),
    end: ({ twin }) => twin.configure({ limitedMode: false }),
  },
  "reset before": everyCall("reset before the call is processed", { kind: "reset", when: "before" }),
  "reset within": everyCall("reset in the middle of the response", {
    kind: "reset",
    when: "within the body",
  }),
  "lost once": {
    title: "one write's response is lost",
    strike: (world) => {
      let isLost = false;
      world.troubles = {
        call: ({ method }) => {
          if (isLost || method === "GET") return undefined;
          isLost = true;
          return { kind: "reset", when: "within the body" };
        },
      };
    },
  },
  "silent once": {
    title: "one call stays without a response",
    strike: (world) => {
      let isStruck = false;
      world.troubles = {
        call: () => {
          if (isStruck) return undefined;
          isStruck = true;
          return { kind: "silence" };
        },
      };
    },
  },
  "slow body": everyCall("half a response, then silence", { kind: "half, then silence" }),
  "cut JSON": everyCall("JSON that is cut off", {
    kind: "altered",
    body: (body) => body.slice(0, Math.floor(body.length / 2)),
  }),
  "wrong type": everyCall("content type text/plain", {
    kind: "altered",
    headers: { "Content-Type": "text/plain" },
  }),
  "invalid UTF-8": everyCall("bytes that are no UTF-8", {
    kind: "altered",
    // In the value of a member that no rule reads: the JSON itself is intact.
    body: (body) => Buffer.from(body.replace(/^([{[])/, '$1"note":"\u00e9",'), "latin1"),
  }),
  "no gzip": everyCall("gzip by its header, and none", {
    kind: "altered",
    headers: { "content-encoding": "gzip" },
  }),
  "401 for good": everyResponse("401 for every token", 401, {}, error("OAU-213")),
  "token expired": { title: "access tokens have ended early", strike: ({ twin }) => twin.expireTokens() },
  "session ended": {
    title: "RingCentral has ended all sessions",
    strike: ({ twin }) => twin.endSessions(),
  },
  "secret rotated": {
    title: "the app's secret was replaced, and tokens have ended",
    strike: (world) => {
      world.twin.expireTokens();
      world.rotateClientSecret();
    },
  },
  "secrets throttled": noSecrets("Secrets Manager throttles a new process", async ({ time }) => {
    await time.sleep(20);
    throw named("ThrottlingException");
  }),
  "secrets denied": noSecrets("Secrets Manager denies a new process", async () => {
    throw named("AccessDeniedException");
  }),
  "secrets slow": noSecrets("Secrets Manager takes 0.5 s for a new process", ({ time }) => time.sleep(500)),
  "secrets silent": noSecrets("Secrets Manager is silent to a new process", ({ time }) => time.sleep(30_000)),
  "secrets away, warm": {
    title: "Secrets Manager is away, the process is warm",
    strike: async (world) => {
      await world.time.advance(6 * MINUTE_MS);
      world.troubles = {
        secrets: async () => {
          throw named("ThrottlingException");
        },
      };
    },
  },
  "table throttled": table("the table throttles, process warm", failingAfter(300, "ThrottlingException")),
  "table away": table("the table is away, process warm", failingAfter(2, "ECONNREFUSED")),
  "table away, cold": table("the table is away, process new", failingAfter(2, "ECONNREFUSED"), true),
  "table silent": table("the table is silent, process warm", failingAfter(SILENT_TABLE_MS, "no response")),
  "table slow": table(
    "the table takes 0.1 s for each response",
    ({ time }) =>
      () =>
        time.sleep(100),
    true,
  ),
  "lost races": {
    title: "every conditional write of a shared record loses its race",
    strike: (world) => {
      world.troubles = { losesRace: (sort) => sort === "limits" || sort.startsWith("scope#") };
    },
  },
  "issuer away, cold": noIssuer("the issuer is away, process new", (world) => world.newProcess()),
  "issuer away, first": noIssuer("the issuer is away, the process is the first of its fleet", (world) => {
    world.forgetIssuerKeys();
    world.newProcess();
  }),
  "issuer away, warm": noIssuer("the issuer is away, its keys are known", () => {}),
  "issuer away, new key": noIssuer("the issuer is away, and the token's key is new", async (world) => {
    await world.time.advance(MINUTE_MS);
    world.rotateIssuerKey();
  }),
  "new key": {
    title: "the issuer signs with a new key",
    strike: async (world) => {
      await world.time.advance(MINUTE_MS);
      world.rotateIssuerKey();
    },
  },
  "queue away": {
    title: "the sync's queue is away",
    strike: (world) => {
      world.isQueueAway = true;
    },
    end: (world) => {
      world.isQueueAway = false;
    },
  },
  "frozen, reset": frozen("frozen for 10 minutes; its connections reset", { kind: "reset", when: "before" }),
  "frozen, silent": frozen("frozen for 10 minutes; its connections are silent", { kind: "silence" }),
  "clock +2 s": skewed("its clock is 2 s fast", 2_000),
  "clock -2 s": skewed("its clock is 2 s slow", -2_000),
  "clock +5 min": skewed("its clock is 5 min fast", 5 * MINUTE_MS),
  "clock -5 min": skewed("its clock is 5 min slow", -5 * MINUTE_MS),
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
