import { createHash } from "node:crypto";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import { type ProblemBody, problemBody, problemOf } from "../../lib/http/problem.ts";
import { translatorFor } from "../../lib/http/upstream-problem.ts";
import { createBlockedNumberEndpoints } from "../../lib/numbers/blocked-number-endpoint.ts";
import { getOverview } from "../../lib/numbers/overview.ts";
import { addBlockedNumber } from "../../lib/numbers/write-blocked-numbers.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { createMetrics } from "../../lib/platform/metrics.ts";
import { readSettings } from "../../lib/platform/settings.ts";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import { createOAuth } from "../../lib/ringcentral/auth/oauth.ts";
import type { UserGrant } from "../../lib/ringcentral/auth/ports.ts";
import { readTokenCallOutcome } from "../../lib/ringcentral/auth/token-calls.ts";
import { StoredSessions } from "../../lib/ringcentral/auth/user-sessions.ts";
import type { Transport } from "../../lib/ringcentral/http/transport.ts";
import { createTableClock } from "../../lib/ringcentral/rate-limit/clock-bounds.ts";
import { Payers } from "../../lib/runtime/payers.ts";
import type { SharedByPayers } from "../../lib/runtime/shared.ts";
import { createTableWait, limitedRecords } from "../../lib/storage/table-wait.ts";
import type { MemoryRecordStore } from "../support/memory-record-store.ts";
import type { Schedule } from "../support/schedule.ts";
import { fixedCredentials, tableSeenBy } from "./member.ts";
import { groups, type MorningUpstream } from "./morning-upstream.ts";

export interface MorningWorld {
  schedule: Schedule;
  upstream: MorningUpstream;
  records: MemoryRecordStore;
  storage: { reads: number; writes: number; lostRaces: number; isAway: boolean };
}

/** What the app shows. */
export type Screen =
  | { type: "complete" }
  | { type: "sign_in" }
  /** Some or all parts are missing. */
  | { type: "refused"; retryAfterMs: number; by: string };

const ACCOUNT = "37";
/** The function's time (serverless.yml), and the sign-in function's. */
const REQUEST_MS = 15_000;
const SIGN_IN_MS = 12_000;

const log = createLogger({}, { write: () => {} });
const settings = readSettings({
  RINGCENTRAL_SECRET_ID: "ringcentral",
  PSEUDONYM_SECRET_ID: "pseudonyms",
  SESSION_SECRET_ID: "sessions",
  SIGN_IN_ISSUER: "https://api.test",
  SERVED_ACCOUNTS: ACCOUNT,
  TABLE_NAME: "table",
});
const sealingKeys = { sealingKeys: ["k".repeat(43)] };
const cacheKey = createHash("sha256").digest();

/** A Lambda process with the deployed parts; only the table, RingCentral and the secrets are models. */
export function createMorningProcess(world: MorningWorld) {
  const { schedule, upstream } = world;
  const instance = schedule.instance();
  const { clock, random } = instance;
  const tableTime = createTableClock(clock);
  const records = tableSeenBy(instance, world, (sample) => tableTime.learn(sample));
  const transport: Transport = {
    send: (request) =>
      instance.effect("ringcentral", () => upstream.receive(request), {
        reliable: true,
        latencyMs: [20, 150],
      }),
  };
  const shared: SharedByPayers = {
    ...{ settings, clock, random, tableTime, records, log, transport },
    endpoints: createBlockedNumberEndpoints(records, clock),
    metrics: createMetrics({ clock, write: () => {} }),
    sealingKeyFor: () => async () => cacheKey,
    credentialsOf: () => fixedCredentials,
    oauth: createOAuth({ transport, clock, log }),
    sealingKeys: { current: async () => sealingKeys, refreshed: async () => [sealingKeys] },
  };
  const payers = new Payers(shared);
  const sessions = new StoredSessions({ ...shared, appOf: (accountId) => payers.account(accountId) });
  const userOf = (extensionId: string) => ({ accountId: ACCOUNT, extensionId });
  const problemFor = (error: unknown) =>
    problemBody(problemOf(error, translatorFor(getOverviewRoute)), { requestId: "r", typeBase: "" });

  return {
    /** @param isOwn signed in with RingCentral: the user's own session pays */
    async overview(extensionId: string, isOwn: boolean): Promise<Screen> {
      const caller = { extensionId, ...(isOwn && { signedInWithRingCentral: true as const }) };
      const tableWait = createTableWait(clock);
      const payer = payers.for({ ...userOf(extensionId), caller });
      const deps = { ...payer, records: limitedRecords(records, tableWait) };
      const spender = { caller: callerId(extensionId), extension: extensionId };
      const deadline = deadlineIn(REQUEST_MS, clock);
      const call = {
        accountId: ACCOUNT,
        requestId: "r",
        deadline,
        tableWait,
        log,
        route: "getOverview",
        spender,
      };
      const problems: ProblemBody[] = [];
      const errors: unknown[] = [];
      const problemOfPart = (error: unknown) => {
        const problem = problemFor(error);
        problems.push(problem);
        errors.push(error);
        return problem;
      };
      const request = { extensionId, query: { mode: "partial" as const }, call, problemOf: problemOfPart };
      try {
        const { complete } = await getOverview(deps, request);
        return complete ? { type: "complete" } : screenOf(problems, errors);
      } catch (error) {
        return screenOf([problemFor(error)], [error]);
      }
    },

    /** Blocks a number, as `POST …/blocked-numbers` does without a key. */
    async block(extensionId: string, isOwn: boolean): Promise<void> {
      const caller = { extensionId, ...(isOwn && { signedInWithRingCentral: true as const }) };
      const payer = payers.for({ ...userOf(extensionId), caller });
      const call = {
        accountId: ACCOUNT,
        requestId: "r",
        deadline: deadlineIn(REQUEST_MS, clock),
        tableWait: createTableWait(clock),
        log,
        route: "addBlockedNumber",
        spender: { caller: callerId(extensionId), extension: extensionId },
      };
      const body = { phoneNumber: "+12025550143" };
      await addBlockedNumber(payer, { extensionId, call, body, query: {} }).catch(() => {});
    },

    /** RingCentral has sent the person back with a code. @returns how long to wait before the next try, or undefined */
    async signIn(extensionId: string, visit: string): Promise<number | undefined> {
      const deadline = deadlineIn(SIGN_IN_MS, clock);
      const { tokenCalls } = payers.account(ACCOUNT);
      try {
        const permit = await tokenCalls.take("sign_in", deadline, visit);
        const body = `${new URLSearchParams({ grant_type: "authorization_code", code: extensionId })}`;
        const url = new URL("https://rc.test/restapi/oauth/token");
        const sentAt = clock.now();
        const response = await transport.send({
          operation: "code",
          method: "POST",
          url,
          headers: {},
          body,
          deadline,
        });
        const outcome = readTokenCallOutcome(response, clock.now());
        await permit.ended(outcome);
        if (response.status === 429) return outcome.retryAfterMs ?? 60_000;
        const issued = JSON.parse(response.body);
        const grant = {
          accessToken: issued.access_token,
          expiresInSeconds: issued.expires_in,
          refreshToken: issued.refresh_token,
          refreshExpiresInSeconds: issued.refresh_token_expires_in,
        };
        await sessions.begin(userOf(extensionId), { ...grant, sentAt }, deadline);
        return undefined;
      } catch (error) {
        const { code, retryAfter = 0 } = problemFor(error);
        if (code !== "upstream_rate_limited") throw error;
        return retryAfter * 1_000;
      }
    },

    /** Stores a session that began earlier. */
    begin: (extensionId: string, grant: UserGrant) =>
      sessions.begin(userOf(extensionId), grant, deadlineIn(SIGN_IN_MS, clock)),
  };
}

function screenOf(problems: readonly ProblemBody[], errors: readonly unknown[]): Screen {
  if (problems.some(({ code }) => code === "sign_in_required")) return { type: "sign_in" };
  const retryAfterMs = 1_000 * Math.max(1, ...problems.map(({ retryAfter = 1 }) => retryAfter));
  return { type: "refused", retryAfterMs, by: limitOf(errors[0]) };
}

/** The limit that an error comes from. */
function limitOf(error: unknown): string {
  // An older list stands for a part that RingCentral's limits left no call for.
  if (error === undefined) return "older list shown";
  if (!(error instanceof RingCentralError)) return "other";
  const { kind, operation, share } = error.failure;
  if (kind !== "rate_limited") return kind;
  const group = groups.get(operation);
  if (group === undefined) return "token calls";
  return share === undefined ? group : `a ${share.of}'s share of ${group}`;
}

const callerId = (extensionId: string) => createHash("sha256").update(extensionId).digest("base64url");
