import { randomUUID } from "node:crypto";
import type { Clock } from "../platform/clock.ts";
import type { CredentialSource, Credentials } from "../platform/credentials.ts";
import type { Deadline } from "../platform/deadline.ts";
import type { SessionUser } from "../ringcentral/auth/ports.ts";
import { SharedToken } from "../ringcentral/auth/shared-token.ts";
import type { SharedTokenCalls } from "../ringcentral/auth/token-calls.ts";
import { serviceTokens, type TokenKind, userTokens } from "../ringcentral/auth/token-kind.ts";
import { CachedRingCentral } from "../ringcentral/cache/cached-client.ts";
import { LimitedMode } from "../ringcentral/cache/limited-mode.ts";
import { countRateLimitEvent, countTokenEvent } from "../ringcentral/call-metrics.ts";
import { createRingCentral } from "../ringcentral/client.ts";
import type { RateLimitEvent, RateLimiter } from "../ringcentral/rate-limit/ports.ts";
import { SharedRateLimiter } from "../ringcentral/rate-limit/shared-rate-limiter.ts";
import { connectApp } from "./account-app.ts";
import { Activity } from "./activity.ts";
import { logEvent, rateLimitMessages, tokenMessages } from "./log-event.ts";
import type { SharedByPayers } from "./shared.ts";
import { UserBudgets } from "./user-budgets.ts";

/** The ports for the use cases of one RingCentral account, paid by the service. */
export type AccountRuntime = ReturnType<typeof connectAccount>;

export function connectAccount(shared: SharedByPayers, accountKey: string, accountId: string) {
  const { settings, clock, random, metrics, endpoints, oauth, records, credentialsOf } = shared;
  const deps = { settings, records, clock, random, credentialsOf };
  const { credentials, tokenCalls } = connectApp(deps, accountId);
  const fleet = { records, clock, random, accountKey, instanceId: randomUUID() };
  const limitedMode = new LimitedMode(fleet);
  const activity = new Activity(fleet);
  const userBudgets = new UserBudgets(fleet);
  const paid = connectPayer(shared, {
    ...{ accountKey, instanceId: fleet.instanceId, tokenCalls, limitedMode },
    kind: serviceTokens({ accountKey, credentials, clock, oauth }),
    limiting: (rateLimiter) => activity.counting(rateLimiter),
    onLimit: (event) => countRateLimitEvent(metrics, event, clock.now()),
  });
  return {
    ...paid,
    endpoints,
    tokenCalls,
    limitedMode,
    activity,
    userBudgets,
    records,
    clock,
    random,
    now: clock.now,
    credentials,
    acceptedSecrets: rereadSecrets(credentials, clock),
  };
}

/** The same account, paid by one of its users: own session, own budgets, own cached responses. */
export function connectUser(
  shared: SharedByPayers,
  account: AccountRuntime,
  accountKey: string,
  user: SessionUser,
): AccountRuntime {
  const { clock, oauth, sealingKeys } = shared;
  const { credentials, tokenCalls, limitedMode, userBudgets } = account;
  const paid = connectPayer(shared, {
    ...{ instanceId: randomUUID(), tokenCalls, limitedMode },
    accountKey: `${accountKey}#${user.extensionId}`,
    payer: user.extensionId,
    kind: userTokens({ credentials, clock, oauth, sealingKeys, user }),
    limiting: (rateLimiter) => {
      const counted = userBudgets.counting(rateLimiter, user.extensionId);
      // A budget of their own has no shares.
      return { admit: ({ spender: _, isDue: __, ...request }) => counted.admit(request) };
    },
    onLimit: () => {},
  });
  return { ...account, ...paid };
}

interface Payer {
  /** Names the budgets. */
  accountKey: string;
  instanceId: string;
  /** Absent: the service. */
  payer?: string;
  kind: TokenKind;
  tokenCalls: SharedTokenCalls;
  limitedMode: LimitedMode;
  limiting(rateLimiter: RateLimiter): RateLimiter;
  onLimit(event: RateLimitEvent): void;
}

/** Token, budgets and client of those who pay for the calls. */
function connectPayer(shared: SharedByPayers, { kind, tokenCalls, payer, ...of }: Payer) {
  const { settings, records, clock, random, metrics, transport } = shared;
  const log = payer === undefined ? shared.log : shared.log.with({ payer });
  const { accountKey, instanceId, limitedMode } = of;
  const fleet = { records, clock, random, accountKey, instanceId };
  const tokens = new SharedToken({
    ...fleet,
    kind,
    tokenCalls,
    onEvent: (event) => {
      logEvent(log, tokenMessages, event);
      countTokenEvent(metrics, event);
    },
  });
  const limiter = new SharedRateLimiter({
    ...fleet,
    time: shared.tableTime,
    fleetSize: settings.FLEET_SIZE,
    onEvent: (event) => {
      logEvent(log, rateLimitMessages, event);
      of.onLimit(event);
    },
  });
  const rateLimiter = of.limiting(limiter);
  const deps = { tokens, rateLimiter, transport, clock, random, metrics, limitedMode };
  const uncached = createRingCentral(deps);
  const sealingKey = shared.sealingKeyFor("cache");
  const cache = { records, clock, metrics, random, sealingKey, nonce: randomUUID, ...(payer && { payer }) };
  return {
    ringcentral: new CachedRingCentral({ ringcentral: uncached, ...cache }),
    /** The same without the read cache, for the sync. */
    uncached,
    tokens,
    rateLimiter: limiter,
  };
}

/** The least time between two readings of the secret for a cursor that does not verify. */
const SECRET_REREAD_MS = 15_000;

/** The secret's versions, read past the cache, but not for every forged cursor. */
function rereadSecrets(credentials: CredentialSource, clock: Clock) {
  let reading: { at: number; versions: Promise<Credentials[]> } | undefined;
  return (deadline: Deadline): Promise<Credentials[]> => {
    if (reading === undefined || clock.now() - reading.at >= SECRET_REREAD_MS) {
      const versions = credentials.refreshed(deadline);
      reading = { at: clock.now(), versions };
      versions.catch(() => {
        reading = undefined;
      });
    }
    return reading.versions;
  };
}
