import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource, Credentials } from "../../platform/credentials.ts";
import type { Deadline } from "../../platform/deadline.ts";
import { fingerprint } from "./sealed-token.ts";

/** Credentials with the name the shared record knows them by. */
export interface NamedCredentials {
  by: string;
  credentials: Credentials;
}

/** What this process knows of the secret: AWSCURRENT, and AWSPREVIOUS once it had a reason to ask for it. */
export interface KnownSecrets {
  /**
   * In the order worth trying, AWSCURRENT first. Reads the secret when its cached copy is too old.
   * @throws as `CredentialSource.current`
   */
  candidates(deadline: Deadline): Promise<NamedCredentials[]>;
  /** Asks again, past every cache, but unless `force` not more often than every `rereadMs`. Never throws. */
  reread(deadline: Deadline, force?: boolean): Promise<NamedCredentials[]>;
}

export function createKnownSecrets(
  source: CredentialSource,
  accountKey: string,
  clock: Clock,
  rereadMs: number,
): KnownSecrets {
  let known: NamedCredentials[] = [];
  let nextReread = Number.NEGATIVE_INFINITY;

  const named = (credentials: Credentials): NamedCredentials => ({
    by: fingerprint(credentials, accountKey),
    credentials,
  });

  return {
    async candidates(deadline) {
      const current = named(await source.current(deadline));
      const changed = !known.some(({ by }) => by === current.by);
      // A secret never seen before makes what was previous to the last one doubly old: forget it.
      known = changed ? [current] : [current, ...known.filter(({ by }) => by !== current.by)];
      return known;
    },
    async reread(deadline, force = false) {
      const now = clock.now();
      if (!force && now < nextReread) return known;
      nextReread = now + rereadMs;
      try {
        const fresh = await source.refreshed(deadline);
        if (fresh.length > 0) known = fresh.map(named);
      } catch {
        // What is known stays the best there is; the caller fails, if it must, with its own reason.
      }
      return known;
    },
  };
}
