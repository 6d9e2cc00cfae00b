import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource } from "../../platform/credentials.ts";
import { type Deadline, earlier } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { StorageUnavailable } from "../../storage/errors.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import { retryingRecords } from "../../storage/retrying-records.ts";
import { updateRecord } from "../../storage/update-record.ts";
import { RingCentralError } from "../api/errors.ts";
import type { Candidate } from "./credential-candidates.ts";
import type { OAuth } from "./oauth.ts";
import type { SessionUser, TokenCallOutcome, TokenCalls, UserGrant, UserSessions } from "./ports.ts";
import type { TokenContents } from "./sealed-token.ts";
import { keptUntil, sessionKey, withoutSession } from "./session-record.ts";
import { readTokenCallOutcome } from "./token-calls.ts";
import { type SealingKeySource, type TokenKind, userTokens } from "./token-kind.ts";
import { emptyRecord, parseRecord, type TokenRecord, withToken } from "./token-record.ts";
import { settings } from "./token-settings.ts";

export interface UserSessionsDeps {
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  oauth: Pick<OAuth, "refresh" | "revoke">;
  sealingKeys: SealingKeySource;
  /** The app of an account. */
  appOf(accountId: string): { credentials: CredentialSource; tokenCalls: TokenCalls };
  /** RingCentral keeps the session: it ends by itself, and its tokens are nowhere. */
  onUnrevoked?: (user: SessionUser) => void;
}

/** Time that a revocation leaves of its request's deadline. */
const AFTER_REVOCATION_MS = 1_000;

/** Begins and ends the sessions that `SharedToken` refreshes. SPEC.md has the protocol. */
export class StoredSessions implements UserSessions {
  readonly #deps: UserSessionsDeps;

  constructor(deps: UserSessionsDeps) {
    this.#deps = deps;
  }

  async begin(user: SessionUser, grant: UserGrant, deadline: Deadline): Promise<void> {
    const { kind, candidates } = await this.#kindOf(user, deadline);
    const [candidate] = candidates;
    if (candidate === undefined) return;
    const { clock, random } = this.#deps;
    const began = Math.floor(random() * 2 ** 40).toString(36);
    let before: TokenRecord | undefined;
    const last = await this.#change(user, deadline, (record) => {
      before ??= record;
      // Another sign-in of the user came between, or this one is stored, though its response was lost.
      if (record.began !== before.began) return undefined;
      // Larger than that of any former record: one that the table has forgotten counts too.
      const generation = Math.max(record.generation + 1, Math.floor(clock.now() / 1_000));
      const token = sealedGrant(kind, candidate, grant, generation);
      return { ...withToken(record, token, generation, clock.now()), earlyRejections: 0, began };
    });
    // The other sign-in's session is the user's.
    const isGivenUp = last.began !== before?.began && last.began !== began;
    const own = { server: candidate.credentials.server, refreshToken: grant.refreshToken };
    const over = isGivenUp ? own : tokensIn(kind, candidates, before);
    await this.#revoke(user, candidates, over, "renewal", deadline);
  }

  async end(user: SessionUser, deadline: Deadline): Promise<void> {
    const { kind, candidates } = await this.#kindOf(user, deadline);
    let before: TokenRecord | undefined;
    await this.#change(user, deadline, (record) => {
      before ??= record;
      const isOver = record.token === undefined && record.endedAt === undefined;
      // A new sign-in is not logged out.
      return isOver || record.began !== before.began ? undefined : withoutSession(record);
    });
    await this.#revoke(user, candidates, tokensIn(kind, candidates, before), "sign_in", deadline);
  }

  async state(user: SessionUser): Promise<"active" | "ended" | "none"> {
    const stored = await this.#deps.records.read(sessionKey(user));
    const { token, endedAt } = parseRecord(stored?.value);
    if (token === undefined) return endedAt === undefined ? "none" : "ended";
    return (token.refreshUntil ?? 0) > this.#deps.clock.now() ? "active" : "ended";
  }

  async #kindOf(user: SessionUser, deadline: Deadline) {
    const { appOf, ...deps } = this.#deps;
    const { credentials } = appOf(user.accountId);
    const kind = userTokens({ ...deps, credentials, user });
    return { kind, candidates: await kind.candidates.list(deadline) };
  }

  /** A refresh under way loses its lease: what it gets is dropped. @returns the record before */
  async #change(
    user: SessionUser,
    deadline: Deadline,
    change: (record: TokenRecord) => TokenRecord | undefined,
  ): Promise<TokenRecord> {
    const { records, clock, random } = this.#deps;
    let former = emptyRecord;
    const deps = { records: retryingRecords(records, clock, deadline), clock, random };
    await updateRecord(deps, sessionKey(user), (value) => {
      former = parseRecord(value);
      const next = change(former);
      return next && { value: next, ...keptUntil(next, clock.now()) };
    });
    return former;
  }

  /** Best effort: the tokens are deleted, and the session ends by itself. */
  async #revoke(
    user: SessionUser,
    candidates: readonly Candidate[],
    contents: Pick<TokenContents, "server" | "refreshToken"> | undefined,
    need: "sign_in" | "renewal",
    deadline: Deadline,
  ): Promise<void> {
    const app = candidates.find(({ credentials }) => credentials.server === contents?.server);
    if (contents?.refreshToken === undefined || app === undefined) return;
    const { oauth, appOf, clock, onUnrevoked } = this.#deps;
    const until = earlier(deadline, AFTER_REVOCATION_MS);
    try {
      const { tokenCalls } = appOf(user.accountId);
      const call = await tokenCalls.take(need, until);
      let outcome: TokenCallOutcome | undefined;
      const isRevoked = await oauth.revoke(app.credentials, contents.refreshToken, until, (response) => {
        outcome = readTokenCallOutcome(response, clock.now());
      });
      await call.ended(outcome);
      if (isRevoked) return;
    } catch (error) {
      if (!(error instanceof RingCentralError || error instanceof StorageUnavailable)) throw error;
    }
    onUnrevoked?.(user);
  }
}

function tokensIn(kind: TokenKind, candidates: readonly Candidate[], record?: TokenRecord) {
  return record?.token && kind.open(record.token.sealed, candidates, record.generation);
}

function sealedGrant(kind: TokenKind, candidate: Candidate, grant: UserGrant, generation: number) {
  const { accessToken: value, expiresInSeconds, refreshToken, scope, ownerId, sentAt } = grant;
  const { refreshExpiresInSeconds = settings.refreshLifeSeconds } = grant;
  const expiresAt = sentAt + expiresInSeconds * 1_000;
  const { server } = candidate.credentials;
  const contents = omitUndefined({ value, expiresAt, server, ownerId, scope, refreshToken });
  const refreshUntil = sentAt + refreshExpiresInSeconds * 1_000;
  return { issuedAt: sentAt, expiresAt, refreshUntil, sealed: kind.seal(contents, candidate, generation) };
}
