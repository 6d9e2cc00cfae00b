import type { Deadline } from "../platform/deadline.ts";
import type { SessionUser, UserSessions } from "../ringcentral/auth/ports.ts";
import type { RecordKey } from "../storage/record-store.ts";
import { type UpdateDeps, updateRecord } from "../storage/update-record.ts";
import { subjectOf } from "./person.ts";

/** When the last refresh token of each grant of a person ends, in epoch milliseconds, by the name of the grant's record. */
interface Grants {
  endsAt: Readonly<Record<string, number>>;
}

/** Most renewals of a token then write nothing here. */
const EXACT_TO_MS = 24 * 60 * 60 * 1000;

export interface UserGrantsDeps extends UpdateDeps {
  sessions: Pick<UserSessions, "end">;
  /** The time for ending a session. */
  deadline(): Deadline;
}

/** The apps that a person has signed in to. With the last one the session at RingCentral ends. */
export class UserGrants {
  readonly #deps: UserGrantsDeps;

  constructor(deps: UserGrantsDeps) {
    this.#deps = deps;
  }

  /** A grant has a new refresh token. */
  async extend(user: SessionUser, grant: string, endsAt: number): Promise<void> {
    await this.#edit(user, (grants) =>
      (grants[grant] ?? 0) > endsAt - EXACT_TO_MS ? undefined : { ...grants, [grant]: endsAt },
    );
  }

  /** A person who signs in again at this moment may have to do it once more. */
  async remove(user: SessionUser, grant: string): Promise<void> {
    const left = await this.#edit(user, ({ [grant]: _, ...others }) => others);
    if (Object.keys(left).length === 0) await this.#deps.sessions.end(user, this.#deps.deadline());
  }

  async #edit(user: SessionUser, change: (endsAt: Grants["endsAt"]) => Grants["endsAt"] | undefined) {
    const { clock } = this.#deps;
    const stored = await updateRecord<Grants>(this.#deps, keyOf(user), (grants) => {
      const living = Object.entries(grants?.endsAt ?? {}).filter(([, at]) => at > clock.now());
      const endsAt = change(Object.fromEntries(living));
      if (endsAt === undefined) return undefined;
      return { value: { endsAt }, expiresAt: Math.max(clock.now(), ...Object.values(endsAt)) };
    });
    return stored?.value.endsAt ?? {};
  }
}

const keyOf = (user: SessionUser): RecordKey => ({ partition: `sign-in#${subjectOf(user)}`, sort: "grants" });
