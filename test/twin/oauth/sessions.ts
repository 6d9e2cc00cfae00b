import type { Clock } from "../clock.ts";
import type { App, User } from "../data/world.ts";
import type { Random } from "../random.ts";
import { oauthError } from "./errors.ts";

const maxSessions = 5;
const graceAfterUseMs = 10_000;
const graceUnusedMs = 60 * 60_000;

interface TokenLifetimes {
  accessSeconds: number;
  refreshSeconds: number;
}

/** One login of one user through one app; it keeps its id while its tokens rotate. */
export interface Session {
  id: string;
  app: App;
  user: User;
  /** Set when the client requested fewer permissions than the app has. */
  narrowedTo?: string[];
  endpointId: string;
  lifetimes: TokenLifetimes;
  accessToken: string;
  accessExpiresAt: number;
  refreshToken: string;
  refreshExpiresAt: number;
  /** The previous refresh token, which may be replayed for a while. */
  previousRefreshToken?: string;
  rotatedAt: number;
  /** When an API call first used the current access token. */
  firstUsedAt?: number;
}

type AccessLookup = { found: true; session: Session } | { found: false; reason: "expired" | "unknown" };

/** The sessions of all apps and users. */
export interface Sessions {
  open(app: App, user: User, options: Pick<Session, "endpointId" | "narrowedTo" | "lifetimes">): Session;
  /** @throws Rejection in OAuth's format when the token cannot be exchanged (any more) */
  refresh(app: App, refreshToken: string, lifetimes: TokenLifetimes): Session;
  /** Finds the session of an access token and marks the token used. */
  useAccessToken(token: string): AccessLookup;
  /** Ends the session an access or refresh token belongs to [docs: TOK]. */
  revoke(app: App, token: string): void;
  /** Expires every access token: OAU-128 from now on. */
  expireAccessTokens(): void;
  expireRefreshTokens(): void;
  /** Ends every session, as a password change would: OAU-213 from now on. */
  endAll(): void;
  list(): readonly Session[];
}

export function createSessions(clock: Clock, random: Random): Sessions {
  let sessions: Session[] = [];
  let issued = 0;

  function mintInto(session: Omit<Session, "accessToken" | "refreshToken"> & Partial<Session>): Session {
    issued += 1;
    const now = clock.now();
    const { accessSeconds, refreshSeconds } = session.lifetimes;
    delete session.firstUsedAt;
    return Object.assign(session, {
      accessToken: `twin-at-${issued}-${random.hex(24)}`,
      accessExpiresAt: now + accessSeconds * 1000,
      refreshToken: `twin-rt-${issued}-${random.hex(24)}`,
      refreshExpiresAt: now + refreshSeconds * 1000,
      rotatedAt: now,
    });
  }

  function inGrace(session: Session): boolean {
    const unusedUntil = session.rotatedAt + graceUnusedMs;
    const usedUntil = session.firstUsedAt === undefined ? unusedUntil : session.firstUsedAt + graceAfterUseMs;
    return clock.now() < Math.min(unusedUntil, usedUntil);
  }

  return {
    open(app, user, options) {
      const own = sessions.filter((session) => session.app === app && session.user === user);
      // The limit ends the oldest session, by inference from the documentation [unsure].
      const [oldest] = own;
      if (own.length >= maxSessions) sessions = sessions.filter((session) => session !== oldest);
      const times = { accessExpiresAt: 0, refreshExpiresAt: 0, rotatedAt: 0 };
      const session = mintInto({ id: random.uuid(), app, user, ...times, ...options });
      sessions.push(session);
      return session;
    },

    refresh(app, refreshToken, lifetimes) {
      const session = sessions.find(
        (each) =>
          each.app === app &&
          (each.refreshToken === refreshToken || each.previousRefreshToken === refreshToken),
      );
      const parameters = [{ parameterName: "refresh_token" }];
      if (session === undefined || (session.refreshToken !== refreshToken && !inGrace(session))) {
        throw oauthError("invalid_grant", "OAU-213", "Token not found", parameters);
      }
      // A replay of the previous token returns the same tokens as its first use [docs: REF].
      if (session.refreshToken !== refreshToken) return session;
      if (clock.now() >= session.refreshExpiresAt) {
        throw oauthError("invalid_grant", "OAU-210", "Refresh token is expired", parameters);
      }
      return mintInto(Object.assign(session, { previousRefreshToken: refreshToken, lifetimes }));
    },

    useAccessToken(token) {
      const session = sessions.find((each) => each.accessToken === token);
      if (session === undefined) return { found: false, reason: "unknown" };
      if (clock.now() >= session.accessExpiresAt) return { found: false, reason: "expired" };
      session.firstUsedAt ??= clock.now();
      return { found: true, session };
    },

    revoke(app, token) {
      sessions = sessions.filter(
        (session) =>
          session.app !== app ||
          ![session.accessToken, session.refreshToken, session.previousRefreshToken].includes(token),
      );
    },

    expireAccessTokens() {
      for (const session of sessions) session.accessExpiresAt = clock.now();
    },
    expireRefreshTokens() {
      for (const session of sessions) session.refreshExpiresAt = clock.now();
    },
    endAll() {
      sessions = [];
    },
    list: () => sessions,
  };
}
