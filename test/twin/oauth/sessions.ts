import type { Clock } from "../clock.ts";
import type { App, User } from "../data/world.ts";
import type { Random } from "../random.ts";
import { oauthError } from "./errors.ts";
import type { OAuthSettings } from "./options.ts";
import { personOf } from "./people.ts";

interface TokenLifetimes {
  accessSeconds: number;
  refreshSeconds: number;
}

/** One login of one user through one app; it keeps its id while its tokens rotate. */
export interface Session {
  id: string;
  app: App;
  user: User;
  /** How it was opened: a password change ends only sessions of the second kind. */
  via: "jwt" | "code";
  openedAt: number;
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
  lastUsedAt: number;
}

/** The sessions to end; all of them without a member. */
export interface SessionFilter {
  sessionId?: string;
  clientId?: string;
  extensionId?: string;
  via?: Session["via"];
}

type AccessLookup = { found: true; session: Session } | { found: false; reason: "expired" | "unknown" };

type OpenOptions = Pick<Session, "via" | "endpointId" | "narrowedTo" | "lifetimes">;

/** The sessions of all apps and users. */
export interface Sessions {
  open(app: App, user: User, options: OpenOptions): Session;
  /** @throws Rejection in OAuth's format when the token cannot be exchanged (any more) */
  refresh(app: App, refreshToken: string, lifetimes: TokenLifetimes): Session;
  /** Finds the session of an access token and marks the token used. */
  useAccessToken(token: string): AccessLookup;
  /** Ends the session an access or refresh token belongs to [docs: TOK]. */
  revoke(app: App, token: string): void;
  /** Expires every access token: OAU-128 from now on. */
  expireAccessTokens(): void;
  expireRefreshTokens(): void;
  /** Ends sessions, as a user or an administrator does: OAU-213 from now on. */
  end(filter: SessionFilter): void;
  /** The user whose session a token belongs to, without using the token. */
  ownerOf(app: App, token: string): User | undefined;
  list(): readonly Session[];
}

export function createSessions(clock: Clock, random: Random, settings: () => OAuthSettings): Sessions {
  let sessions: Session[] = [];
  let issued = 0;

  const mintAccess = () => `twin-at-${issued}-${random.hex(24)}`;
  const mintRefresh = () => `twin-rt-${issued}-${random.hex(24)}`;

  function mintInto(session: Omit<Session, "accessToken" | "refreshToken"> & Partial<Session>): Session {
    issued += 1;
    const now = clock.now();
    const { accessSeconds, refreshSeconds } = session.lifetimes;
    delete session.firstUsedAt;
    return Object.assign(session, {
      accessToken: mintAccess(),
      accessExpiresAt: now + accessSeconds * 1000,
      refreshToken: mintRefresh(),
      refreshExpiresAt: now + refreshSeconds * 1000,
      rotatedAt: now,
    });
  }

  /** The previous refresh token still works [docs: REF]. */
  function inGrace(session: Session): boolean {
    const { graceUsedMs, graceUnusedMs } = settings();
    const unusedUntil = session.rotatedAt + graceUnusedMs;
    const usedUntil = session.firstUsedAt === undefined ? unusedUntil : session.firstUsedAt + graceUsedMs;
    return clock.now() < Math.min(unusedUntil, usedUntil);
  }

  const endWhere = (isOver: (session: Session) => boolean) => {
    sessions = sessions.filter((session) => !isOver(session));
  };

  /** Ends what the administrator's timeout of sessions forbids [docs: TOK]. */
  function endOverdue(): void {
    const maximum = settings().absoluteSessionSeconds * 1000;
    if (maximum > 0) endWhere(({ openedAt }) => clock.now() >= openedAt + maximum);
  }

  const tokensOf = ({ accessToken, refreshToken, previousRefreshToken }: Session) => [
    accessToken,
    refreshToken,
    previousRefreshToken,
  ];
  const withToken = (app: App, token: string) =>
    sessions.find((session) => session.app === app && tokensOf(session).includes(token));

  return {
    open(app, user, options) {
      makeRoom(sessions, app, user, options.endpointId, settings(), endWhere);
      const now = clock.now();
      const times = { accessExpiresAt: 0, refreshExpiresAt: 0, rotatedAt: 0, openedAt: now, lastUsedAt: now };
      const session = mintInto({ id: random.uuid(), app, user, ...times, ...options });
      sessions.push(session);
      return session;
    },

    refresh(app, refreshToken, lifetimes) {
      endOverdue();
      const session = withToken(app, refreshToken);
      const parameters = [{ parameterName: "refresh_token" }];
      const isCurrent = session?.refreshToken === refreshToken;
      const isPrevious = session?.previousRefreshToken === refreshToken && inGrace(session);
      if (session === undefined || !(isCurrent || isPrevious)) {
        throw oauthError("invalid_grant", "OAU-213", "Token not found", parameters);
      }
      if (isPrevious) {
        // A replay returns the access token of the first use [docs: REF]; nothing says which refresh token.
        if (settings().replayReturns === "new-refresh-token") session.refreshToken = mintRefresh();
        return session;
      }
      if (clock.now() >= session.refreshExpiresAt) {
        throw oauthError("invalid_grant", "OAU-210", "Refresh token is expired", parameters);
      }
      return mintInto(Object.assign(session, { previousRefreshToken: refreshToken, lifetimes }));
    },

    useAccessToken(token) {
      endOverdue();
      const session = sessions.find((each) => each.accessToken === token);
      if (session === undefined) return { found: false, reason: "unknown" };
      const now = clock.now();
      if (now >= session.accessExpiresAt) return { found: false, reason: "expired" };
      session.firstUsedAt ??= now;
      session.lastUsedAt = now;
      return { found: true, session };
    },

    revoke: (app, token) => endWhere((session) => session.app === app && tokensOf(session).includes(token)),

    expireAccessTokens() {
      for (const session of sessions) session.accessExpiresAt = clock.now();
    },
    expireRefreshTokens() {
      for (const session of sessions) session.refreshExpiresAt = clock.now();
    },
    end: ({ sessionId, clientId, extensionId, via }) =>
      endWhere(
        (session) =>
          (sessionId ?? session.id) === session.id &&
          (clientId ?? session.app.clientId) === session.app.clientId &&
          (extensionId ?? session.user.extensionId) === session.user.extensionId &&
          (via ?? session.via) === session.via,
      ),
    ownerOf: (app, token) => withToken(app, token)?.user,
    list: () => sessions,
  };
}

/** Ends the user's sessions that a new one in the same app pushes out: the documentation does not say which [unsure]. */
function makeRoom(
  sessions: readonly Session[],
  app: App,
  user: User,
  endpointId: string,
  { sameEndpoint, sessionLimit, maxSessions }: OAuthSettings,
  endWhere: (isOver: (session: Session) => boolean) => void,
): void {
  const own = sessions.filter((each) => each.app === app && personOf(each.user) === personOf(user));
  const replaced = sameEndpoint === "replaces" ? own.filter((each) => each.endpointId === endpointId) : [];
  const others = own.filter((each) => !replaced.includes(each));
  const tooMany = others.length - maxSessions + 1;
  if (sessionLimit === "ends-least-used") others.sort((a, b) => a.lastUsedAt - b.lastUsedAt);
  const surplus = sessionLimit === "ends-all" && tooMany > 0 ? others : others.slice(0, Math.max(0, tooMany));
  endWhere((session) => replaced.includes(session) || surplus.includes(session));
}
