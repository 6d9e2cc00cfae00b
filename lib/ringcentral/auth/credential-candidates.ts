import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource, Credentials } from "../../platform/credentials.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { fingerprint } from "./sealed-token.ts";
import { settings } from "./token-settings.ts";

/** Credentials, and their name in the shared record. */
export interface Candidate {
  fingerprint: string;
  credentials: Credentials;
}

export type CredentialCandidates = ReturnType<typeof createCredentialCandidates>;

/** The credentials worth trying: AWSCURRENT, and AWSPREVIOUS after a re-read. */
export function createCredentialCandidates(source: CredentialSource, accountKey: string, clock: Clock) {
  let known: readonly Candidate[] = [];
  let nextReread = Number.NEGATIVE_INFINITY;
  const named = (credentials: Credentials) => ({
    fingerprint: fingerprint(credentials, accountKey),
    credentials,
  });

  return {
    /**
     * In the order of trying, AWSCURRENT first. Reads the secret when its cached copy is too old.
     * @throws as `CredentialSource.current`
     */
    async list(deadline: Deadline): Promise<readonly Candidate[]> {
      const current = named(await source.current(deadline));
      const others = known.filter((candidate) => candidate.fingerprint !== current.fingerprint);
      // A new AWSCURRENT makes the known AWSPREVIOUS two versions old: forget it.
      const isNew = others.length === known.length;
      known = isNew ? [current] : [current, ...others];
      return known;
    },

    /** Bypasses every cache; at most once in `secretRereadMs` unless `force`. Never throws. */
    async reread(deadline: Deadline, force = false): Promise<readonly Candidate[]> {
      if (!force && clock.now() < nextReread) return known;
      nextReread = clock.now() + settings.secretRereadMs;
      // Without a response the known candidates remain the best; a caller that fails has its own reason.
      const fresh = await source.refreshed(deadline).catch(() => []);
      if (fresh.length > 0) known = fresh.map(named);
      return known;
    },
  };
}
