/**
 * The globals that React Native has, where they differ from a browser's: `Headers`, `Request` and `Response` as whatwg-fetch
 * makes them (no streams; a new Request takes the body of an old one), abort signals without a reason and without
 * `AbortSignal.abort`, `timeout` and `any`, a URL whose query cannot be read, and of `crypto` only `getRandomValues`.
 */
class NativeHeaders {
  readonly #map = new Map<string, string>();
  constructor(init: Iterable<[string, string]> | Record<string, string> = []) {
    const pairs = Symbol.iterator in init ? (init as Iterable<[string, string]>) : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }
  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }
  set(name: string, value: string): void {
    this.#map.set(name.toLowerCase(), String(value));
  }
  get(name: string): string | null {
    return this.#map.get(name.toLowerCase()) ?? null;
  }
  has(name: string): boolean {
    return this.#map.has(name.toLowerCase());
  }
  delete(name: string): void {
    this.#map.delete(name.toLowerCase());
  }
  forEach(visit: (value: string, name: string) => void): void {
    for (const [name, value] of this.#map) visit(value, name);
  }
  entries(): Iterable<[string, string]> {
    return this.#map.entries();
  }
  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#map.entries();
  }
}

class NativeBody {
  bodyUsed = false;
  readonly _bodyInit: string | null | undefined;
  constructor(body: string | null | undefined) {
    this._bodyInit = body;
  }
  async text(): Promise<string> {
    if (this.bodyUsed) throw new TypeError("Already read");
    this.bodyUsed = true;
    return this._bodyInit ?? "";
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

interface NativeInit {
  method?: string;
  headers?: Iterable<[string, string]> | Record<string, string>;
  body?: string | null;
  signal?: NativeSignal;
  cache?: string;
}

class NativeRequest extends NativeBody {
  readonly url: string;
  readonly method: string;
  readonly headers: NativeHeaders;
  readonly signal: NativeSignal;
  constructor(input: string | NativeRequest, init: NativeInit = {}) {
    const from = typeof input === "string" ? undefined : input;
    if (from?.bodyUsed) throw new TypeError("Already read");
    super(init.body ?? from?._bodyInit);
    if (from !== undefined && init.body == null && from._bodyInit != null) from.bodyUsed = true;
    const url = typeof input === "string" ? input : input.url;
    this.method = init.method ?? from?.method ?? "GET";
    this.headers = new NativeHeaders(init.headers ?? from?.headers ?? []);
    this.signal = init.signal ?? from?.signal ?? new NativeAbortController().signal;
    const isRead = this.method === "GET" || this.method === "HEAD";
    if (isRead && this._bodyInit) throw new TypeError("Body not allowed for GET or HEAD requests");
    const isUncached = isRead && (init.cache === "no-store" || init.cache === "no-cache");
    this.url = isUncached ? `${url}${url.includes("?") ? "&" : "?"}_=1795722147000` : url;
  }
  clone(): NativeRequest {
    return new NativeRequest(this, { body: this._bodyInit ?? null });
  }
}

class NativeResponse extends NativeBody {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: NativeHeaders;
  readonly url = "";
  constructor(
    body?: string | null,
    { status = 200, headers }: { status?: number; headers?: NativeInit["headers"] } = {},
  ) {
    super(body);
    if (status < 200 || status > 599) throw new RangeError("The status is outside the range [200, 599].");
    this.status = status;
    this.ok = status < 300;
    this.headers = new NativeHeaders(headers);
  }
  clone(): NativeResponse {
    return new NativeResponse(this._bodyInit, { status: this.status, headers: this.headers });
  }
}

class NativeSignal {
  aborted = false;
  readonly #listeners = new Set<() => void>();
  addEventListener(_: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }
  removeEventListener(_: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }
  /** Not for apps. */
  fire(): void {
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}

class NativeAbortController {
  readonly signal = new NativeSignal();
  abort(): void {
    if (!this.signal.aborted) this.signal.fire();
  }
}

class NativeURL extends URL {
  constructor(url: string | URL, base?: string | URL) {
    super(url, base);
    Object.defineProperty(this, "searchParams", { value: new NativeSearchParams() });
  }
}

class NativeSearchParams extends URLSearchParams {
  override get(): never {
    throw new Error("URLSearchParams.get is not implemented");
  }
  override set(): never {
    throw new Error("URLSearchParams.set is not implemented");
  }
}

/** By the name of the global. `undefined`: there is none. */
export const reactNative: Readonly<Record<string, unknown>> = {
  Headers: NativeHeaders,
  Request: NativeRequest,
  Response: NativeResponse,
  AbortController: NativeAbortController,
  AbortSignal: NativeSignal,
  URL: NativeURL,
  URLSearchParams: NativeSearchParams,
  crypto: { getRandomValues: crypto.getRandomValues.bind(crypto) },
  structuredClone: undefined,
  ReadableStream: undefined,
  TransformStream: undefined,
  DOMException: undefined,
  Event: undefined,
  EventTarget: undefined,
  localStorage: undefined,
  navigator: undefined,
};
