import { createPublicKey, type KeyObject } from "node:crypto";
import * as z from "zod/mini";
import type { Clock } from "../platform/clock.ts";

/** How long keys are used before they are read again. */
const MAX_AGE_MS = 10 * 60 * 1000;
/** How long keys stay usable while the issuer is down. */
const MAX_STALE_MS = 60 * 60 * 1000;
/** The least time between two readings for unknown keys, and after a failure while older keys are usable. */
const COOLDOWN_MS = 30_000;
/** The least time between two failed readings while no key is usable. */
const FAILURE_MS = 5_000;
/** jose rejects smaller RSA keys. */
const MIN_KEY_BITS = 2048;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const KeySet = z.object({ keys: z.array(z.unknown()) });
const SigningJwk = z.looseObject({
  kty: z.literal("RSA"),
  kid: z.string(),
  alg: z.optional(z.string()),
  use: z.optional(z.literal("sig")),
});

export interface SigningKey {
  kid: string;
  /** The only algorithm the key is for. */
  alg?: string | undefined;
  key: KeyObject;
}

/** What one reading of an issuer gives. */
export interface KnownKeys {
  keys: SigningKey[];
  /** Epoch milliseconds. */
  readAt: number;
}

/** Where the processes tell each other what they have read. Neither call rejects. */
export interface SharedKeys {
  read(issuer: string): Promise<KnownKeys | undefined>;
  write(issuer: string, known: KnownKeys): Promise<void>;
}

interface KeyHeader {
  kid?: string | undefined;
  alg?: string | undefined;
}

export interface IssuerKeys {
  /** The keys for a token's header; more than one where keys share an id. @throws KeysUnavailable */
  find(header: KeyHeader): Promise<SigningKey[]>;
  /** Tells the other processes of keys that this one has read from the issuer. */
  share(): Promise<void>;
}
type GetJson = (url: URL) => Promise<unknown>;

/** The keys could not be read. */
export class KeysUnavailable extends Error {
  /** When they are read again, at the earliest. */
  readonly until: number;
  constructor(cause: unknown, until: number) {
    super(cause instanceof Error ? cause.message : "unknown failure", { cause });
    this.until = until;
  }
}

export const discoveryUrl = (issuer: string) =>
  new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);

/**
 * The issuer's signing keys, found through its discovery document. Keys of other types and malformed ones are ignored
 * (RFC 7517, 5).
 * @throws Error when a document is missing, malformed or of another issuer (OpenID Connect Discovery 1.0, 4.3), or when it
 * names no usable key
 */
export async function readSigningKeys(issuer: string, getJson: GetJson): Promise<SigningKey[]> {
  const document = Discovery.parse(await getJson(discoveryUrl(issuer)));
  if (document.issuer !== issuer) throw new Error(`its metadata are of the issuer ${document.issuer}`);
  const location = new URL(document.jwks_uri);
  if (issuer.startsWith("https:") && location.protocol !== "https:") {
    throw new Error("its jwks_uri is http, without TLS");
  }
  const keys = KeySet.parse(await getJson(location)).keys.flatMap(signingKey);
  if (keys.length === 0) throw new Error("it names no RSA signing key with a kid");
  return keys;
}

/** @returns the key, or nothing when the entry is none */
export function signingKey(entry: unknown): SigningKey[] {
  const jwk = SigningJwk.safeParse(entry);
  if (!jwk.success) return [];
  const { kid, alg } = jwk.data;
  try {
    const key = createPublicKey({ key: jwk.data, format: "jwk" });
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_KEY_BITS ? [] : [{ kid, alg, key }];
  } catch {
    return [];
  }
}

/**
 * The keys that verify an issuer's tokens. Concurrent readers share one reading; results and failures are cached. What
 * another process has read counts as read by this one.
 *
 * jose's remote key set spends 50 ms of every cold start on loading `Headers` and `fetch`, and forgets good keys while
 * the issuer is down.
 * @param getJson reads a JSON document, and throws when it does not arrive in time
 */
export function createIssuerKeys(
  issuer: string,
  clock: Clock,
  getJson: GetJson,
  shared?: SharedKeys,
): IssuerKeys {
  let known: KnownKeys | undefined;
  let reading: Promise<KnownKeys> | undefined;
  let unshared: KnownKeys | undefined;
  let failure: KeysUnavailable | undefined;

  const ageOf = ({ readAt }: KnownKeys) => clock.now() - readAt;

  async function readKeys(): Promise<KnownKeys> {
    try {
      const told = await shared?.read(issuer);
      if (told !== undefined && (known === undefined || told.readAt > known.readAt)) {
        known = told;
        if (ageOf(known) < MAX_AGE_MS) return known;
      }
      known = { keys: await readSigningKeys(issuer, getJson), readAt: clock.now() };
      unshared = known;
      return known;
    } catch (error) {
      failure = new KeysUnavailable(error, clock.now() + (known === undefined ? FAILURE_MS : COOLDOWN_MS));
      throw failure;
    } finally {
      reading = undefined;
    }
  }

  async function readOnce(): Promise<KnownKeys> {
    if (reading === undefined && failure !== undefined && clock.now() < failure.until) throw failure;
    reading ??= readKeys();
    return reading;
  }

  async function current(): Promise<KnownKeys> {
    if (known !== undefined && ageOf(known) < MAX_AGE_MS) return known;
    return readOnce().catch((error: unknown) => {
      if (known !== undefined && ageOf(known) < MAX_STALE_MS) return known;
      throw error;
    });
  }

  return {
    async find(header) {
      let last = await current();
      // What another process has read may lack the key too.
      while (matching(last, header).length === 0 && ageOf(last) >= COOLDOWN_MS) last = await readOnce();
      return matching(last, header);
    },

    async share() {
      const news = unshared;
      unshared = undefined;
      if (news !== undefined) await shared?.write(issuer, news);
    },
  };
}

function matching({ keys }: KnownKeys, { kid, alg }: KeyHeader): SigningKey[] {
  return keys.filter((key) => key.kid === kid && (key.alg === undefined || key.alg === alg));
}
