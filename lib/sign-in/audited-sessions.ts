import type { SessionUser, UserSessions } from "../ringcentral/auth/ports.ts";

export type SignInAct = "logIn" | "logOut";

/**
 * Sessions that tell the audit of each person who has logged in or out. A log-in that RingCentral or a rule rejected has
 * no person: the function's log has its reason.
 */
export function auditedSessions(
  sessions: UserSessions,
  note: (act: SignInAct, user: SessionUser) => void,
): UserSessions {
  return {
    async begin(user, grant, deadline) {
      await sessions.begin(user, grant, deadline);
      note("logIn", user);
    },
    async end(user, deadline) {
      await sessions.end(user, deadline);
      note("logOut", user);
    },
    state: (user) => sessions.state(user),
  };
}
