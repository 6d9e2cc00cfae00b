import { HttpError } from "./problems.ts";
import type { Send } from "./send.ts";

/**
 * Nobody is signed in, or could be. `code` is `sign_in_required`, `state_mismatch`, `issuer_mismatch`, or the authorization
 * server's own, such as `access_denied` (RFC 6749, 4.1.2.1 and 5.2).
 */
export class SignInError extends Error {
  override name = "SignInError";
  readonly code: string;

  constructor(code: string, message = code) {
    super(message);
    this.code = code;
  }
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  /** By this device's clock, in epoch milliseconds. */
  expiresAt: number;
}

type Fields = Record<string, string | undefined>;
type Json = Record<string, unknown>;

/** A request without a response holds back all others of the app: it ends then. */
const TIMEOUT_MS = 20_000;

/** Ringfront's OAuth 2.0 server, for an app without a secret. Its addresses come from its discovery document. */
export class AuthorizationServer {
  readonly #issuer: string;
  readonly #clientId: string;
  readonly #send: Send;
  readonly #now: () => number;
  #metadata: Promise<Json> | undefined;

  constructor(options: { issuer: string; clientId: string; send: Send; now: () => number }) {
    ({ issuer: this.#issuer, clientId: this.#clientId, send: this.#send, now: this.#now } = options);
  }

  /** The page on which people sign in. */
  async authorizeUrl(fields: Fields): Promise<string> {
    const endpoint = await this.#endpoint("authorization_endpoint");
    return `${endpoint}?${formOf({ client_id: this.#clientId, ...fields })}`;
  }

  /** @throws SignInError when the server rejects the grant; HttpError, or what `fetch` throws, when nothing is decided */
  async tokens(grant: Fields): Promise<Tokens> {
    const askedAt = this.#now();
    const response = await this.#post("token_endpoint", grant);
    const body = await jsonOf(response);
    if (!response.ok)
      throw rejection(body) ?? new HttpError(`The server responded with ${response.status}`, response);
    const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = body;
    if (typeof accessToken !== "string" || typeof refreshToken !== "string" || typeof seconds !== "number") {
      throw new HttpError("The server responded without tokens", response);
    }
    return { accessToken, refreshToken, expiresAt: askedAt + seconds * 1000 };
  }

  /** @returns whether the server has confirmed it */
  async revoke(refreshToken: string): Promise<boolean> {
    try {
      const fields = { token: refreshToken, token_type_hint: "refresh_token" };
      return (await this.#post("revocation_endpoint", fields)).ok;
    } catch {
      return false;
    }
  }

  async #post(endpoint: string, fields: Fields): Promise<Response> {
    return this.#fetch(await this.#endpoint(endpoint), {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" },
      body: formOf({ client_id: this.#clientId, ...fields }),
    });
  }

  async #endpoint(name: string): Promise<string> {
    this.#metadata ??= this.#discover();
    const discovering = this.#metadata;
    const { [name]: url } = await discovering.catch((error: unknown) => {
      if (this.#metadata === discovering) this.#metadata = undefined;
      throw error;
    });
    if (typeof url !== "string") throw new SignInError("server_error", `The server has no ${name}.`);
    return url;
  }

  async #discover(): Promise<Json> {
    const response = await this.#fetch(`${this.#issuer}/.well-known/openid-configuration`);
    if (!response.ok) throw new HttpError(`The server responded with ${response.status}`, response);
    const metadata = await jsonOf(response);
    if (metadata.issuer !== this.#issuer) throw new SignInError("issuer_mismatch", "It is another server.");
    return metadata;
  }

  /** Not `AbortSignal.timeout`: React Native has none. */
  async #fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
    try {
      return await this.#send(new Request(url, { ...init, signal: controller.signal }));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Not `URLSearchParams`: React Native's has been incomplete. */
const formOf = (fields: Fields) =>
  Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join("&");

async function jsonOf(response: Response): Promise<Json> {
  const body: unknown = await response.json().catch(() => undefined);
  return typeof body === "object" && body !== null ? { ...body } : {};
}

/** OAuth's own rejection. After `temporarily_unavailable` and the like nothing is decided. */
function rejection({ error, error_description: text }: Json): SignInError | undefined {
  const isDecided = typeof error === "string" && !["temporarily_unavailable", "server_error"].includes(error);
  return isDecided ? new SignInError(error, typeof text === "string" ? text : error) : undefined;
}
