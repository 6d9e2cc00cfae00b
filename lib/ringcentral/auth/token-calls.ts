import { createHash } from "node:crypto";
import type { Clock } from "../../platform/clock.ts";
import type { Credentials } from "../../platform/credentials.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import { backoffMs } from "../../storage/update-record.ts";
import { RingCentralError } from "../api/errors.ts";
import { pausedForMs, readRateHeaders } from "../http/response-headers.ts";
import type { HttpResponse } from "../http/transport.ts";
import type { TokenCall, TokenCallOutcome, TokenCalls, TokenNeed } from "./ports.ts";
import {
  type Bounds,
  lineSettings,
  readLine,
  type TokenCallsRecord,
  turnOf,
  withCall,
  withEndedCall,
  withoutCall,
  withPlace,
} from "./token-line.ts";
import { settings } from "./token-settings.ts";

export interface TokenCallsOptions {
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** The app's limit as the operator knows it. Absent: 5, and what RingCentral's headers state. */
  callsPerMinute?: number | undefined;
  /** Names the app. */
  appOf(deadline: Deadline): Promise<Pick<Credentials, "server" | "clientId">>;
}

const MAX_TRIES = 7;
const KEEP_MS = 24 * 60 * 60 * 1000;
/** A permit with less time for its call is of no use. */
const CALL_MS = 2_000;

/** One bucket of token calls for all processes of a RingCentral app. SPEC.md has the protocol. */
export class SharedTokenCalls implements TokenCalls {
  readonly #options: TokenCallsOptions;

  constructor(options: TokenCallsOptions) {
    this.#options = options;
  }

  async take(need: TokenNeed, deadline: Deadline, waiting?: string): Promise<TokenCall> {
    const who = waiting && hashed(waiting).slice(0, 12);
    const { clock, random, appOf } = this.#options;
    const key = recordKey(await appOf(deadline));
    let waitMs = lineSettings.windowMs / lineSettings.limit;
    for (let lost = 0; lost < MAX_TRIES; ) {
      const { record, version } = await this.#read(key);
      const now = this.#now();
      const turn = turnOf(record, need, who, now);
      if (turn.type === "now") {
        const id = Math.floor(random() * 2 ** 40).toString(36);
        const endsAt = clock.now() + lineSettings.callMs;
        if (await this.#write(key, version, withCall(record, id, who, now)))
          return this.#permit(key, id, endsAt);
      } else {
        waitMs = turn.at - now.earliest;
        const isKept = turn.isPlaced || need === "renewal" || who === undefined;
        const mayWait = waitMs + CALL_MS <= deadline.remainingMs();
        if (isKept || record.line.length >= lineSettings.maxPlaces) {
          if (!mayWait) throw rateLimited(waitMs);
          await clock.sleep(waitMs);
          continue;
        }
        if (await this.#write(key, version, withPlace(record, who, need, turn.at))) continue;
      }
      lost += 1;
      await clock.sleep(backoffMs(lost, random));
    }
    // Many ask at once: they come back one after the other.
    throw rateLimited(waitMs * (1 + random()));
  }

  /** The calls left for requests in this window. @throws StorageUnavailable */
  async describe(deadline: Deadline) {
    const { record } = await this.#read(recordKey(await this.#options.appOf(deadline)));
    const { limit, windowMs, calls, line, pausedUntil } = record;
    const isPaused = pausedUntil !== undefined && pausedUntil > this.#now().earliest;
    const remaining = isPaused ? 0 : Math.max(0, limit - calls.length);
    return omitUndefined({
      limit,
      windowMs,
      remaining,
      waiting: line.length,
      pausedUntil: isPaused ? pausedUntil : undefined,
    });
  }

  #permit(key: RecordKey, id: string, endsAt: number): TokenCall {
    const { clock } = this.#options;
    return {
      leftMs: () => endsAt - clock.now(),
      unused: () => this.#update(key, (record) => withoutCall(record, id)),
      ended: (outcome) => this.#update(key, (record) => withEndedCall(record, id, outcome, this.#now())),
    };
  }

  async #update(key: RecordKey, change: (record: TokenCallsRecord) => TokenCallsRecord): Promise<void> {
    const { clock, random } = this.#options;
    try {
      for (let lost = 0; lost < MAX_TRIES; lost++) {
        const { record, version } = await this.#read(key);
        if (await this.#write(key, version, change(record))) return;
        await clock.sleep(backoffMs(lost + 1, random));
      }
    } catch (error) {
      // The call counts as late as it may have arrived.
      if (!(error instanceof StorageUnavailable)) throw error;
    }
  }

  /** The time of all processes: each of their clocks may be 5 s wrong. */
  #now(): Bounds {
    const now = this.#options.clock.now();
    return { earliest: now - settings.maxSkewMs, latest: now + settings.maxSkewMs };
  }

  async #read(key: RecordKey) {
    const stored = await this.#options.records.read(key);
    const record = readLine(stored?.value, this.#now(), this.#options.callsPerMinute);
    return { record, version: stored?.version ?? null };
  }

  async #write(key: RecordKey, version: number | null, record: TokenCallsRecord): Promise<boolean> {
    const { records, clock } = this.#options;
    const options = { expiresAt: clock.now() + KEEP_MS };
    return (await records.compareAndSet(key, version, record, options)) !== undefined;
  }
}

function recordKey({ server, clientId }: Pick<Credentials, "server" | "clientId">): RecordKey {
  const app = hashed(JSON.stringify([server, clientId]));
  return { partition: `token-calls#${app.slice(0, 16)}`, sort: "calls" };
}

const hashed = (text: string) => createHash("sha256").update(text).digest("base64url");

export function readTokenCallOutcome(
  { status, headers }: Pick<HttpResponse, "status" | "headers">,
  now: number,
): TokenCallOutcome {
  const { group = "auth", ...rates } = readRateHeaders(headers);
  return {
    status,
    ...(group === "auth" && rates),
    ...(status === 429 && { retryAfterMs: pausedForMs(headers, now) }),
  };
}

function rateLimited(waitMs: number): RingCentralError {
  return new RingCentralError({
    kind: "rate_limited",
    operation: "tokenCall",
    retryAfterMs: Math.max(1_000, Math.ceil(waitMs)),
    mayHaveTakenEffect: false,
  });
}
