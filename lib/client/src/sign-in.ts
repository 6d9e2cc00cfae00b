import { AuthorizationServer, SignInError, type Tokens } from "./authorization-server.ts";
import { challengeOf, parametersOf, randomText, type Sha256, webSha256 } from "./pkce.ts";
import type { TokenRequest, TokenSource } from "./send.ts";

/** Where the tokens are kept: `localStorage`, `expo-secure-store` in a wrapper, or anything like them. */
export interface SignInStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
  removeItem(key: string): void | Promise<void>;
}

export interface SignInOptions {
  /** The API's address, which is also the issuer. */
  issuer: string;
  /** As the app is registered. */
  clientId: string;
  /** One of those that are registered. */
  redirectUri: string;
  storage: SignInStorage;
  /**
   * Shows the sign-in page. An app that leaves for it (`location.assign`) gives its own address to `complete` when it is
   * back. One that is called back in place returns that address; nothing when the user has cancelled.
   */
  openUrl: (url: string) => unknown;
  /** Default `numbers:read` and `numbers:write`. The server grants those that the app and the user may have. */
  scopes?: readonly string[];
  /** The RingCentral account, where the API serves several. */
  accountId?: string;
  /** Called when the session has ended by itself: show the sign-in button. */
  onSignInRequired?: () => void;
  /** Default `ringfront-sign-in`. */
  storageKey?: string;
  /** SHA-256 where there is no `crypto.subtle`, as on React Native. */
  sha256?: Sha256;
  /** Runs a task while no other tab with this storage runs one. Default `navigator.locks`, where there is one. */
  lock?: Lock;
  /** Replaces the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
  /** For tests: epoch milliseconds. */
  now?: () => number;
}

type Lock = (name: string, task: () => Promise<void>) => Promise<void>;

/** A token that ends sooner is renewed before it is used. */
const EARLY_MS = 30_000;

/**
 * Signs a user in with RingCentral, by the code flow with PKCE, and keeps the session. It is a client's token source:
 * `createClient({ baseUrl, accessToken: signIn })`.
 *
 * A refresh token works once. The server allows its repetition for a minute, for a lost response; any other second use ends
 * the session there. So one task at a time changes the session, in this process and in all tabs, and reads first what the
 * last one has stored.
 */
export class SignIn implements TokenSource {
  readonly #options: SignInOptions;
  readonly #server: AuthorizationServer;
  readonly #key: string;
  readonly #now: () => number;
  #last: Promise<unknown> = Promise.resolve();
  /** Of the token that it replaces. */
  #renewing: { old: string; token: Promise<string> } | undefined;

  constructor(options: SignInOptions) {
    const {
      issuer,
      clientId,
      now = Date.now,
      fetch: send = (request) => globalThis.fetch(request),
    } = options;
    this.#options = options;
    this.#now = now;
    this.#key = options.storageKey ?? "ringfront-sign-in";
    this.#server = new AuthorizationServer({ issuer, clientId, send, now });
  }

  async isSignedIn(): Promise<boolean> {
    return (await this.#session()) !== undefined;
  }

  /** @returns whether the user is signed in now; false: cancelled, or the page is being left @throws as `complete` does */
  async start(): Promise<boolean> {
    const { scopes = ["numbers:read", "numbers:write"], accountId, sha256 = webSha256 } = this.#options;
    const pending = { state: randomText(), verifier: randomText() };
    const url = await this.#server.authorizeUrl({
      response_type: "code",
      redirect_uri: this.#options.redirectUri,
      scope: scopes.join(" "),
      state: pending.state,
      code_challenge: await challengeOf(pending.verifier, sha256),
      code_challenge_method: "S256",
      account_id: accountId,
    });
    await this.#options.storage.setItem(this.#pendingKey, JSON.stringify(pending));
    const calledBackAt = await this.#options.openUrl(url);
    return typeof calledBackAt === "string" && this.complete(calledBackAt);
  }

  /**
   * Ends a sign-in at the address that the app was called back at. It may be called with any address of the app.
   * @returns whether it was such an address, and the user is signed in now
   * @throws SignInError; HttpError, or what `fetch` throws
   */
  async complete(url: string): Promise<boolean> {
    const { state, code, error, error_description: text, iss } = parametersOf(url);
    if (state === undefined || (code === undefined && error === undefined)) return false;
    return this.#exclusively(async () => {
      const { issuer, storage, redirectUri } = this.#options;
      const pending = parse<{ state: string; verifier: string }>(await storage.getItem(this.#pendingKey));
      if (pending?.state !== state)
        throw new SignInError("state_mismatch", "This sign-in did not begin here.");
      await storage.removeItem(this.#pendingKey);
      if (iss !== issuer) throw new SignInError("issuer_mismatch", "Another server has responded.");
      if (code === undefined) throw new SignInError(error ?? "", text);
      const grant = { grant_type: "authorization_code", code, redirect_uri: redirectUri };
      const tokens = await this.#server.tokens({ ...grant, code_verifier: pending.verifier });
      const former = await this.#session();
      await this.#store(tokens);
      if (former !== undefined) await this.#server.revoke(former.refreshToken);
      return true;
    });
  }

  /** The user's access token, renewed when it is old or is the one that the API has rejected. @throws as `complete` does */
  async accessToken({ rejected }: Partial<TokenRequest> = {}): Promise<string> {
    const session = await this.#session();
    if (session === undefined) throw signInRequired();
    const { accessToken, expiresAt } = session;
    if (accessToken !== rejected && expiresAt - EARLY_MS > this.#now()) return accessToken;
    if (this.#renewing?.old === accessToken) return this.#renewing.token;
    const token = this.#exclusively(() => this.#renew(accessToken)).finally(() => {
      if (this.#renewing?.token === token) this.#renewing = undefined;
    });
    this.#renewing = { old: accessToken, token };
    return token;
  }

  /** Ends the session that the API has rejected as over. A newer one stays. */
  async signInRequired(token: string): Promise<void> {
    await this.#exclusively(async () => {
      if ((await this.#session())?.accessToken === token) await this.#end();
    });
  }

  /** @returns whether the server has confirmed it; if not, its part of the session ends by itself later */
  async signOut(): Promise<boolean> {
    return this.#exclusively(async () => {
      const session = await this.#session();
      await this.#options.storage.removeItem(this.#key);
      return session === undefined || this.#server.revoke(session.refreshToken);
    });
  }

  async #renew(old: string): Promise<string> {
    const session = await this.#session();
    if (session === undefined) throw signInRequired();
    if (session.accessToken !== old) return session.accessToken;
    const { refreshToken } = session;
    const grant = { grant_type: "refresh_token", refresh_token: refreshToken };
    try {
      const tokens = await this.#server.tokens(grant).catch((error: unknown) => {
        // Perhaps only the response was lost: soon, the same token still gives the next one.
        if (error instanceof TypeError) return this.#server.tokens(grant);
        throw error;
      });
      // Signed out in a tab that has no lock.
      if ((await this.#session()) === undefined) throw signInRequired();
      await this.#store(tokens);
      return tokens.accessToken;
    } catch (error) {
      if (!(error instanceof SignInError && error.code === "invalid_grant")) throw error;
      // A tab that has no lock was first.
      const current = await this.#session();
      if (current !== undefined && current.refreshToken !== refreshToken) return current.accessToken;
      await this.#end();
      throw signInRequired();
    }
  }

  async #end(): Promise<void> {
    await this.#options.storage.removeItem(this.#key);
    this.#options.onSignInRequired?.();
  }

  get #pendingKey(): string {
    return `${this.#key}.pending`;
  }

  async #session(): Promise<Tokens | undefined> {
    return parse<Tokens>(await this.#options.storage.getItem(this.#key));
  }

  async #store(tokens: Tokens): Promise<void> {
    await this.#options.storage.setItem(this.#key, JSON.stringify(tokens));
  }

  /** After the tasks before it, also those that have failed. */
  #exclusively<Result>(task: () => Promise<Result>): Promise<Result> {
    const { lock = webLock } = this.#options;
    const run = () =>
      new Promise<Result>((resolve, reject) => {
        lock(this.#key, () => task().then(resolve, reject)).catch(reject);
      });
    const result = this.#last.then(run, run);
    this.#last = result;
    return result;
  }
}

const signInRequired = () => new SignInError("sign_in_required", "Nobody is signed in.");

/** Pages without TLS have no locks, and React Native needs none. */
const webLock: Lock = async (name, task) => {
  const locks = globalThis.navigator?.locks;
  await (locks === undefined ? task() : locks.request(name, task));
};

/** What this class has stored. Nothing of a text that is damaged. */
function parse<Stored>(text: string | null): Stored | undefined {
  try {
    return JSON.parse(text ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}
