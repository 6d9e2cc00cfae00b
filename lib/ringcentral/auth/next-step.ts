import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { RecordKey, RecordStore } from "../../storage/record-store.ts";
import type { RingCentralError } from "../api/errors.ts";
import type { OnTokenEvent } from "./events.ts";
import type { HeldToken } from "./held-token.ts";
import type { KnownSecrets, NamedCredentials } from "./known-secrets.ts";
import type { createLeaseLogin, NewToken } from "./lease-login.ts";
import { createLeaseWatch } from "./lease-watch.ts";
import type { TokenSettings } from "./limits.ts";
import type { AccessToken } from "./ports.ts";
import { openToken, sealToken } from "./sealed-token.ts";
import {
  closedGate,
  type Gate,
  parseRecord,
  type TokenRecord,
  usableGeneration,
  withHandedInToken,
  withLease,
} from "./token-record.ts";

export type Step =
  | { status: "token"; token: AccessToken }
  /** Somebody is at work and may be done any moment: look again soon. */
  | { status: "busy"; gate: Gate; failure?: RingCentralError }
  /** Nobody may log in before. */
  | { status: "gated"; gate: Gate }
  /** One could log in, but not within this deadline. */
  | { status: "no_time"; gate: Gate };

export interface NextStepParts {
  records: RecordStore;
  key: RecordKey;
  accountKey: string;
  instanceId: string;
  secrets: KnownSecrets;
  held: HeldToken;
  leased: ReturnType<typeof createLeaseLogin>;
  clock: Clock;
  limits: TokenSettings;
  onEvent: OnTokenEvent;
}

/** One look at the record, and what it allows: adopting its token, handing in ours, or logging in. */
export function createNextStep(parts: NextStepParts) {
  const { records, key, accountKey, instanceId, secrets, held, leased, clock, limits, onEvent } = parts;
  const heldUntil = createLeaseWatch(clock, instanceId, limits);
  let unreadable: string | undefined;

  /**
   * @param reserveMs what must be left of the deadline after a login
   * @throws StorageUnavailable, and what the credentials throw
   */
  return async function nextStep(deadline: Deadline, reserveMs: number): Promise<Step> {
    const [stored, current] = await Promise.all([records.read(key), secrets.candidates(deadline)]);
    const record = parseRecord(stored?.value);
    const version = stored?.version ?? null;
    held.sawGeneration(record.generation);

    const adopted = await adopt(record, current, deadline);
    if (adopted !== undefined) return { status: "token", token: adopted };

    const leaseEnd = heldUntil(record, version ?? 0);
    if (leaseEnd !== undefined) return busy(leaseEnd);

    const own = held.usable()?.unstored;
    if (own !== undefined && own.contents.server === current[0]?.credentials.server) {
      return handIn(own, record, version);
    }

    const isRefused = ({ by }: NamedCredentials) => record.refused.some((refusal) => refusal.by === by);
    const candidates = current.some(isRefused) ? await secrets.reread(deadline) : current;
    const isDead = held.isDead(record.generation) || record.generation === record.rejected;
    const replacing = isDead && record.generation > 0 ? record.generation : undefined;
    const names = candidates.map(({ by }) => by);
    const gate = closedGate(record, names, replacing, clock.now(), limits);
    if (gate !== undefined) return { status: "gated", gate };

    if (deadline.remainingMs() < limits.minLoginMs + reserveMs) {
      const until = clock.now() + deadline.remainingMs();
      return { status: "no_time", gate: { until, reason: "unavailable" } };
    }
    const candidate = firstUntried(record, candidates);
    if (candidate === undefined) return busy();
    const taken = withLease(record, instanceId, replacing, clock.now(), limits);
    const written = await records.compareAndSet(key, version, taken);
    if (written === undefined) return busy();
    const outcome = await leased.login({ record: taken, version: written, candidate }, deadline, reserveMs);
    switch (outcome.status) {
      case "stored":
        return { status: "token", token: held.keep(outcome.token, outcome.generation) };
      case "unstored":
        return { status: "token", token: held.keepOwn(outcome.token) };
      case "failed":
        return { ...busy(), failure: outcome.failure };
      default:
        return busy();
    }
  };

  function firstUntried({ refused }: TokenRecord, candidates: readonly NamedCredentials[]) {
    const now = clock.now();
    return candidates.find(({ by }) => !refused.some((refusal) => refusal.by === by && refusal.until > now));
  }

  function busy(until = clock.now() + limits.firstPollMs): Step & { status: "busy" } {
    return { status: "busy", gate: { until, reason: "unavailable" } };
  }

  /** The stored token, if it is one this process may use, can open, and does not have already. */
  async function adopt(record: TokenRecord, known: readonly NamedCredentials[], deadline: Deadline) {
    const generation = usableGeneration(record, clock.now(), limits);
    if (generation === undefined || held.isDead(generation) || record.token === undefined) return undefined;
    if (generation === held.usable()?.token.generation) return undefined;
    const { sealed, issuedAt } = record.token;
    const isSealer = ({ by }: NamedCredentials) => by === sealed.by;
    // A secret not heard of yet is worth asking for at once, but only once.
    const isNews = sealed.by !== unreadable;
    const secretsNow = known.some(isSealer) ? known : await secrets.reread(deadline, isNews);
    const sealer = secretsNow.find(isSealer);
    const contents = sealer && openToken(sealed, sealer.credentials, { accountKey, generation });
    if (sealer === undefined || contents === undefined) {
      unreadable = sealed.by;
      onEvent({ type: "unreadable", generation });
      return undefined;
    }
    // A secret that names another server by now means it.
    if (contents.server !== secretsNow[0]?.credentials.server) return undefined;
    return held.keep({ contents, issuedAt, credentials: sealer }, generation);
  }

  async function handIn(own: NewToken, record: TokenRecord, version: number | null): Promise<Step> {
    const generation = held.nextGeneration(record.generation);
    const sealed = sealToken(own.contents, own.credentials.credentials, { accountKey, generation });
    const token = { issuedAt: own.issuedAt, expiresAt: own.contents.expiresAt, sealed };
    const next = withHandedInToken(record, token, generation, clock.now(), limits);
    const written = await records.compareAndSet(key, version, next);
    return written === undefined ? busy() : { status: "token", token: held.keep(own, generation) };
  }
}
