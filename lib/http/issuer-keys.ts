import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import * as z from "zod/mini";
import type { Clock } from "../platform/clock.ts";

export interface IssuerKeysDeps {
  /** The issuer's identifier, a URL. */
  issuer: string;
  clock: Clock;
  /** A JSON document. @throws when there is none to be had in time */
  getJson(url: URL): Promise<unknown>;
}

/** How long keys are used without asking for newer ones. */
const MAX_AGE_MS = 10 * 60 * 1000;
/** And for how long while the issuer does not answer: an outage of its must not be ours. */
const MAX_STALE_MS = 60 * 60 * 1000;
/** A token of an unknown key makes the keys be read again, but no more often than this; nor is a failure repeated. */
const COOLDOWN_MS = 30_000;

/** [OpenID Connect Discovery 1.0] */
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

interface Known {
  getKey: JWTVerifyGetKey;
  readAt: number;
}

/**
 * The keys that verify an issuer's tokens, found through its discovery document, once for all who wait for them.
 *
 * jose's own remote key set would do, but for the 50 ms of a cold start that it spends on loading `Headers` and
 * `fetch`, and that it forgets good keys while the issuer is down.
 * @throws JWKSNoMatchingKey for a token of no key of the issuer's; Error when the keys cannot be read
 */
export function createIssuerKeys({ issuer, clock, getJson }: IssuerKeysDeps): JWTVerifyGetKey {
  let location: URL | undefined;
  let known: Known | undefined;
  let reading: Promise<Known> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  async function readKeys(): Promise<Known> {
    location ??= await discover();
    const keys = KeySet.parse(await getJson(location));
    known = { getKey: createLocalJWKSet(keys), readAt: clock.now() };
    return known;
  }

  async function discover(): Promise<URL> {
    const document = await getJson(new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`));
    return new URL(Discovery.parse(document).jwks_uri);
  }

  function readOnce(): Promise<Known> {
    reading ??= readKeys().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function current(): Promise<Known> {
    const last = known;
    if (last === undefined) return readOnce();
    const age = clock.now() - last.readAt;
    if (age < MAX_AGE_MS) return last;
    if (age >= MAX_STALE_MS) return readOnce();
    // Nobody waits for a dead issuer again and again while there are keys to go on with.
    if (clock.now() - failedAt < COOLDOWN_MS) return last;
    return readOnce().catch(() => {
      failedAt = clock.now();
      return last;
    });
  }

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys.getKey(header, token);
    } catch (error) {
      const mayBeNew = error instanceof errors.JWKSNoMatchingKey && clock.now() - keys.readAt >= COOLDOWN_MS;
      if (!mayBeNew) throw error;
      return (await readOnce()).getKey(header, token);
    }
  };
}
