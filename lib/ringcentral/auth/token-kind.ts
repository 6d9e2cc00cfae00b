import type { Clock } from "../../platform/clock.ts";
import type { CredentialSource, SecretSource } from "../../platform/credentials.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { RecordKey } from "../../storage/record-store.ts";
import type { HttpResponse } from "../http/transport.ts";
import {
  type Candidate,
  type CredentialCandidates,
  createCredentialCandidates,
} from "./credential-candidates.ts";
import type { OAuth, TokenGrant } from "./oauth.ts";
import type { SessionUser } from "./ports.ts";
import {
  openSession,
  openToken,
  type SealedToken,
  sealSession,
  sealToken,
  type TokenContents,
} from "./sealed-token.ts";
import { sessionKey } from "./session-record.ts";
import { recordKey } from "./token-record.ts";

/** How the fleet gets the tokens of one record, and how it seals them. */
export interface TokenKind {
  key: RecordKey;
  /**
   * A user's session: its refresh token is stored before its access token is used, and RingCentral may end it for good.
   * Otherwise the service, which logs in anew.
   */
  isSession: boolean;
  candidates: CredentialCandidates;
  seal(contents: TokenContents, candidate: Candidate, generation: number): SealedToken;
  open(sealed: SealedToken, candidates: readonly Candidate[], generation: number): TokenContents | undefined;
  /** One call of the token endpoint. @throws as `OAuth.login` */
  request(
    candidate: Candidate,
    refreshToken: string | undefined,
    deadline: Deadline,
    onResponse: (response: HttpResponse) => void,
  ): Promise<TokenGrant>;
}

/** Texts for `deriveKey`. The first key seals, all of them open. */
export type SealingKeySource = SecretSource<{ sealingKeys: readonly string[] }>;

interface KindOptions {
  credentials: CredentialSource;
  clock: Clock;
}

/** @param accountKey identifies the RingCentral account (or its secret); one record each */
export function serviceTokens(
  options: KindOptions & { oauth: Pick<OAuth, "login">; accountKey: string },
): TokenKind {
  const { oauth, accountKey, credentials: source, clock } = options;
  return {
    key: recordKey(accountKey),
    isSession: false,
    candidates: createCredentialCandidates(source, accountKey, clock),
    seal: (contents, { credentials }, generation) =>
      sealToken(contents, credentials, { accountKey, generation }),
    open: (sealed, candidates, generation) => {
      const sealer = candidates.find(({ fingerprint }) => fingerprint === sealed.by);
      return sealer && openToken(sealed, sealer.credentials, { accountKey, generation });
    },
    request: ({ credentials }, _, deadline, onResponse) => oauth.login(credentials, deadline, onResponse),
  };
}

/** The session of one user. The credentials are the app's: their JWT is not used. */
export function userTokens(
  options: KindOptions & { oauth: Pick<OAuth, "refresh">; sealingKeys: SealingKeySource; user: SessionUser },
): TokenKind {
  const { oauth, sealingKeys, user, credentials: source, clock } = options;
  const name = `${user.accountId}/${user.extensionId}`;
  const candidates = createCredentialCandidates(source, name, clock);
  let keys: readonly string[] = [];
  return {
    key: sessionKey(user),
    isSession: true,
    candidates: {
      async list(deadline) {
        const [known, read] = await Promise.all([candidates.list(deadline), sealingKeys.current(deadline)]);
        keys = read.sealingKeys;
        return known;
      },
      async reread(deadline, force) {
        const [known, read] = await Promise.all([
          candidates.reread(deadline, force),
          sealingKeys.refreshed(deadline).catch(() => [{ sealingKeys: keys }]),
        ]);
        keys = read.flatMap(({ sealingKeys }) => sealingKeys);
        return known;
      },
    },
    seal: (contents, { fingerprint }, generation) =>
      sealSession(contents, fingerprint, keys, { user, generation }),
    open: (sealed, _, generation) => openSession(sealed, keys, { user, generation }),
    request: ({ credentials }, refreshToken = "", deadline, onResponse) =>
      oauth.refresh(credentials, refreshToken, deadline, onResponse),
  };
}
