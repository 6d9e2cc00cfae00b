import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import * as z from "zod/mini";
import type { Clock } from "../platform/clock.ts";

/** How long keys are used before they are read again. */
const MAX_AGE_MS = 10 * 60 * 1000;
/** How long keys stay usable while the issuer is down. */
const MAX_STALE_MS = 60 * 60 * 1000;
/** The least time between two readings for unknown keys, and between two failed readings. */
const COOLDOWN_MS = 30_000;

/** [OpenID Connect Discovery 1.0] */
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
type Known = { getKey: JWTVerifyGetKey; readAt: number };
const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * The keys that verify an issuer's tokens, found through its discovery document. Concurrent readers share one reading.
 *
 * jose's remote key set spends 50 ms of every cold start on loading `Headers` and `fetch`, and forgets good keys while
 * the issuer is down.
 * @param issuer its identifier, a URL
 * @param getJson reads a JSON document, and throws when it does not arrive in time
 * @throws JWKSNoMatchingKey when the issuer has no such key; Error when the keys cannot be read
 */
export function createIssuerKeys(
  issuer: string,
  clock: Clock,
  getJson: (url: URL) => Promise<unknown>,
): JWTVerifyGetKey {
  let location: URL | undefined;
  let known: Known | undefined;
  let reading: Promise<Known> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  async function discover(): Promise<URL> {
    const document = await getJson(new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`));
    return new URL(Discovery.parse(document).jwks_uri);
  }

  async function readKeys(): Promise<Known> {
    location ??= await discover();
    const keys = KeySet.parse(await getJson(location));
    known = { getKey: createLocalJWKSet(keys), readAt: clock.now() };
    return known;
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
    // While older keys are usable, requests wait for an unreachable issuer only once per cooldown.
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
