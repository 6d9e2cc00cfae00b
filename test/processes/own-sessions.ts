import { setTimeout as pause } from "node:timers/promises";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { createSealingKeys } from "../../lib/platform/sealing-keys.ts";
import { createCredentialSource } from "../../lib/platform/secrets.ts";
import { readSettings } from "../../lib/platform/settings.ts";
import { createOAuth } from "../../lib/ringcentral/auth/oauth.ts";
import { StoredSessions } from "../../lib/ringcentral/auth/user-sessions.ts";
import { createTransport } from "../../lib/ringcentral/http/transport.ts";
import { connectApp } from "../../lib/runtime/account-app.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import { requestToken } from "../twin/http-lab.ts";
import { SEED } from "../twin/twin.ts";
import { call, type Traffic } from "./traffic.ts";
import { isToken, type TokenCall, type World } from "./world.ts";

const LIST = "extensions/list-forwarding-numbers";
const CALLBACK = "https://app.example/callback";
const people = [
  SEED.extensionId,
  SEED.otherExtensionId,
  SEED.adminExtensionId,
  SEED.internationalExtensionId,
] as const;
/** RingCentral gives a token at least this life; each is renewed 5 to 10 minutes before its end. */
export const LIFE_SECONDS = 600;
/** All users and the service share one bucket. [docs: AUTH5] */
export const TOKEN_CALLS = 5;
/** Reads of one person after the last fault. A count: on a loaded machine each takes longer. */
const MAX_TRIES = 45;
/** The sole right to refresh a session. A later call of another process is one after a crash. */
const LEASE_MS = 9_000;
const MIN_REFRESHES = 12;
const MIN_CUT_OFF = 4;
const EXPIRE_EVERY_MS = 30_000;
/** Time after the scenario's own in which these are reached on a loaded machine. */
const MAX_EXTRA_MS = 120_000;

interface Person {
  extensionId: string;
  token: string;
  /** At RingCentral. */
  sessionId: string;
}

/** Everybody signs in, as the sign-in server has it. The tokens are due for renewal at once. */
export async function signInAll(world: World): Promise<Person[]> {
  Object.assign(process.env, world.environment);
  world.twin.registerRedirectUris([CALLBACK]);
  const settings = readSettings(world.environment);
  const [clock, random] = [systemClock, world.random];
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME });
  const credentialsOf = (id: string) => createCredentialSource(id, clock);
  const sessions = new StoredSessions({
    records,
    clock,
    random,
    oauth: createOAuth({ transport: createTransport(), clock, log: createLogger() }),
    sealingKeys: createSealingKeys(settings.SESSION_SECRET_ID ?? "", clock),
    appOf: (accountId) => connectApp({ settings, records, clock, random, credentialsOf }, accountId),
  });
  const signedIn: Person[] = [];
  for (const extensionId of people) {
    const { twin, issuer } = world;
    twin.clearLimits();
    const url = `${twin.url}/restapi/oauth/authorize?response_type=code&client_id=${SEED.clientId}`;
    const code = new URL(await twin.signIn(url, extensionId)).searchParams.get("code") ?? "";
    const form = { grant_type: "authorization_code", code, redirect_uri: CALLBACK };
    const { access_token: accessToken, refresh_token: refreshToken = "" } = (await requestToken(twin, form))
      .body;
    const grant = { accessToken, expiresInSeconds: LIFE_SECONDS / 2, refreshToken, sentAt: clock.now() };
    const user = { accountId: SEED.accountId, extensionId };
    await sessions.begin(user, grant, deadlineIn(60_000, clock));
    const claims = { aud: issuer.url, sub: extensionId, rc_extension_id: extensionId };
    const own = twin.sessions.find((session) => session.refreshToken === refreshToken);
    signedIn.push({ extensionId, token: await issuer.mint(claims), sessionId: own?.id ?? "" });
  }
  return signedIn;
}

/** The refreshes that RingCentral got, and those whose processes ended meanwhile. */
export interface CutOff {
  count: number;
  refreshes: number;
}

/**
 * Ends every busy process when RingCentral gets half of the refreshes: the tokens rotate, and are stored nowhere. All
 * access tokens end at once twice, and again until enough refreshes were cut off.
 */
export async function cutOffRefreshes(world: World, until: number, cutOff: CutOff): Promise<void> {
  world.proxies.ringcentral.set((request) => {
    if (!isToken(request) || !request.body.includes("refresh_token")) return undefined;
    cutOff.refreshes += 1;
    if (cutOff.refreshes % 2 === 0) return undefined;
    const end = () => {
      cutOff.count += 1;
      for (const instance of world.instances.filter(({ isBusy, isRunning }) => isBusy && isRunning)) {
        world.disturbances.kills += 1;
        world.disturbances.atWork += 1;
        instance.kill();
      }
      return 0;
    };
    return { kind: "delay", ms: end };
  });
  const third = (until - Date.now()) / 3;
  const isShort = () => cutOff.count < MIN_CUT_OFF || cutOff.refreshes < MIN_REFRESHES;
  for (let times = 0; times < 2; times += 1) {
    await pause(third);
    world.twin.expireTokens();
  }
  await pause(Math.max(0, until - Date.now()));
  for (; isShort() && Date.now() < until + MAX_EXTRA_MS; await pause(EXPIRE_EVERY_MS))
    world.twin.expireTokens();
}

/**
 * Everybody reads their own numbers, and an administrator another's, for which the service pays.
 * @returns broken promises
 */
export async function keepUsingSessions(
  world: World,
  traffic: Traffic,
  calm: AbortSignal,
  signedIn: readonly Person[],
  cutOff: CutOff,
): Promise<string[]> {
  const read = async (token: string, extensionId: string) => {
    const request = { token, path: { extensionId }, headers: { "cache-control": "no-cache" } };
    const reply = await call(world, LIST, listForwardingNumbersRoute, request);
    traffic.replies.push(reply);
    return reply;
  };
  const keep = async (token: string, extensionId: string) => {
    while (!calm.aborted) {
      // A page that opens asks for several things at once, of several processes.
      await Promise.all([read(token, extensionId), read(token, extensionId)]);
      await pause(6_000 * (0.5 + world.random()));
    }
  };
  const claims = { aud: world.issuer.url, scope: "numbers:read account:manage account:read" };
  const service = await world.issuer.mint({ ...claims, rc_extension_id: SEED.adminExtensionId, sub: "job" });
  await Promise.all([
    ...signedIn.flatMap(({ token, extensionId }) => [keep(token, extensionId), keep(token, extensionId)]),
    keep(service, SEED.limitedExtensionId),
  ]);
  const served = signedIn.map(async ({ token, extensionId }) => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if ((await read(token, extensionId)).status === 200) return true;
      await pause(2_000);
    }
    return false;
  });
  const unserved = (await Promise.all(served)).filter((isServed) => !isServed).length;
  return [
    ...(unserved > 0 ? [`${unserved} people are not served in the end`] : []),
    ...judge(world, signedIn, cutOff),
  ];
}

function judge({ twin, tokenCalls }: World, signedIn: readonly Person[], cutOff: CutOff): string[] {
  const refreshes = tokenCalls.filter(({ refreshToken }) => refreshToken !== undefined);
  const ended = signedIn.filter(({ sessionId }) => !twin.sessions.some(({ id }) => id === sessionId)).length;
  const limited = tokenCalls.filter(({ status }) => status === 429).length;
  const together = overlaps(refreshes);
  return [
    ...(ended > 0 ? [`${ended} sessions have ended`] : []),
    ...(together > 0 ? [`${together} refresh tokens were used by two processes at a time`] : []),
    ...(limited > 0 ? [`${limited} token calls got a 429`] : []),
    ...(refreshes.length < MIN_REFRESHES ? [`only ${refreshes.length} refreshes`] : []),
    ...(cutOff.count < MIN_CUT_OFF ? [`only ${cutOff.count} refreshes were cut off`] : []),
  ];
}

/** Refresh tokens that were sent again within the lease of the first. */
function overlaps(refreshes: readonly TokenCall[]): number {
  const byToken = [...Map.groupBy(refreshes, ({ refreshToken }) => refreshToken).values()];
  return byToken.filter((calls) =>
    calls.some((one, n) => {
      const next = calls[n + 1];
      return next !== undefined && next.at - one.at < LEASE_MS;
    }),
  ).length;
}
