import createFetchClient, { type Client } from "openapi-fetch";
import type { Problem, paths } from "./api.ts";
import { type ClientOptions, pipelineOf, serialization } from "./client.ts";
import { readProblem } from "./problems.ts";
import { abortReason } from "./retries.ts";
import { newKey, type Send } from "./send.ts";

/** Where the queue is kept: `localStorage`, React Native's AsyncStorage, or anything like them. */
export interface QueueStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
}

export interface WriteQueueOptions extends ClientOptions {
  storage: QueueStorage;
  /** Default `ringfront-writes`. Only one queue at a time may use it, and only the writes of one user may be under it. */
  storageKey?: string;
  /**
   * Called when a write has left the queue's hands. It is awaited before the write is removed, so that after a crash it is
   * called again rather than not at all.
   */
  onSettled?: (settled: SettledWrite) => void | Promise<void>;
  /** For tests: epoch milliseconds. */
  now?: () => number;
}

/** A write as it is stored. */
export interface QueuedWrite {
  /** Its `Idempotency-Key`. */
  id: string;
  method: string;
  url: string;
  headers: [name: string, value: string][];
  body: string;
  queuedAt: number;
  /** When it was first sent; absent: never. */
  sentAt?: number;
}

/**
 * `done`: the API's response. `rejected`: repeating it does not help. `expired`: a POST that was sent and not answered for
 * so long that the API may have forgotten its key. Read the list before you queue it again.
 */
export type SettledWrite =
  | { outcome: "done"; write: QueuedWrite; data: unknown }
  | { outcome: "rejected"; write: QueuedWrite; status: number; problem: Problem | undefined }
  | { outcome: "expired"; write: QueuedWrite };

export interface Flushed {
  /** Writes still in the queue. */
  left: number;
  /** Seconds until another flush may do more, if the API said so. */
  retryAfter?: number;
}

/** The API keeps a key for 24 hours after its last use. */
const KEY_LIFETIME_MS = 23 * 60 * 60 * 1000;
const KEPT_STATUSES = [401, 408, 429];

/** Such as `/v1/extensions/101`. React Native has no `URL.pathname`. */
const OWNER = /\/v1\/[^/?]+(?:\/[^/?]+)?/;

type Writes = Pick<Client<paths>, "POST" | "PUT" | "DELETE">;

/**
 * Writes of an app that may be offline. Each is stored with its `Idempotency-Key`, and is sent when the app calls `flush`:
 * those of one extension in order, one at a time. A write that the API cannot serve now stays, and holds back those after it.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #send: Send;
  readonly #now: () => number;
  #writes: Promise<QueuedWrite[]> | undefined;
  #saving: Promise<void> = Promise.resolve();
  #flushing: Promise<Flushed> | undefined;
  readonly #sending = new Set<QueuedWrite>();

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.#send = pipelineOf(options);
    this.#now = options.now ?? Date.now;
  }

  /** The writes that are not settled, oldest first. */
  async pending(): Promise<readonly QueuedWrite[]> {
    return [...(await this.#load())];
  }

  /** Stores one write: `queue.add((api) => api.POST(path, { params, body }))`. Nothing is sent before `flush`. */
  async add(call: (api: Writes) => Promise<unknown>): Promise<QueuedWrite> {
    const recorded: QueuedWrite[] = [];
    const record = async (request: Request): Promise<Response> => {
      const { method, url, headers } = request;
      const id = headers.get("Idempotency-Key") ?? newKey();
      const body = await request.text();
      headers.set("Idempotency-Key", id);
      recorded.push({ id, method, url, headers: [...headers], body, queuedAt: this.#now() });
      return new Response(null, { status: 204 });
    };
    await call(createFetchClient<paths>({ baseUrl: this.#options.baseUrl, fetch: record, ...serialization }));
    const [write] = recorded;
    if (write === undefined || recorded.length > 1) throw new Error("Add one write at a time.");
    (await this.#load()).push(write);
    await this.#save();
    return write;
  }

  /**
   * Takes a write back. One with `sentAt` may have taken effect.
   * @returns false if it is not in the queue, or is being sent
   */
  async remove(id: string): Promise<boolean> {
    const write = (await this.#load()).find((one) => one.id === id);
    if (write === undefined || this.#sending.has(write)) return false;
    await this.#drop(write);
    return true;
  }

  /** Drops all writes, such as when the user signs out: the next user's token must not send them. */
  async clear(): Promise<void> {
    (await this.#load()).length = 0;
    await this.#save();
  }

  /** Sends what is stored. Concurrent calls share one flush, which the first one's signal aborts. @throws when aborted */
  flush({ signal }: { signal?: AbortSignal } = {}): Promise<Flushed> {
    this.#flushing ??= this.#flush(signal).finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flush(signal: AbortSignal | undefined): Promise<Flushed> {
    const groups = new Map<string, QueuedWrite[]>();
    for (const write of await this.#load()) {
      const owner = OWNER.exec(write.url)?.[0] ?? "";
      groups.set(owner, [...(groups.get(owner) ?? []), write]);
    }
    const waits = await Promise.all(Array.from(groups.values(), (group) => this.#flushGroup(group, signal)));
    const retryAfter = Math.max(0, ...waits);
    return { left: (await this.#load()).length, ...(retryAfter > 0 && { retryAfter }) };
  }

  /** @returns the seconds to wait after which the first write left may be sent, 0 if unknown */
  async #flushGroup(group: readonly QueuedWrite[], signal: AbortSignal | undefined): Promise<number> {
    for (const write of group) {
      if (!(await this.#load()).includes(write)) continue;
      this.#sending.add(write);
      try {
        const result = await this.#attempt(write, signal);
        if (typeof result === "number") return result;
        await this.#options.onSettled?.(result);
        await this.#drop(write);
      } finally {
        this.#sending.delete(write);
      }
    }
    return 0;
  }

  async #drop(write: QueuedWrite): Promise<void> {
    const writes = await this.#load();
    const at = writes.indexOf(write);
    if (at >= 0) writes.splice(at, 1);
    await this.#save();
  }

  async #attempt(write: QueuedWrite, signal: AbortSignal | undefined): Promise<SettledWrite | number> {
    if (signal?.aborted) throw abortReason(signal);
    const { method, url, headers, body, sentAt = this.#now() } = write;
    if (method === "POST" && this.#now() - sentAt > KEY_LIFETIME_MS) return { outcome: "expired", write };
    write.sentAt = sentAt;
    await this.#save();
    const request = new Request(url, {
      method,
      headers,
      ...(body !== "" && { body }),
      ...(signal && { signal }),
    });
    try {
      return await settle(write, await this.#send(request));
    } catch {
      if (signal?.aborted) throw abortReason(signal);
      return 0;
    }
  }

  #load(): Promise<QueuedWrite[]> {
    const { storage, storageKey = "ringfront-writes" } = this.#options;
    this.#writes ??= (async () => JSON.parse((await storage.getItem(storageKey)) ?? "[]"))().catch(
      (error) => {
        this.#writes = undefined;
        throw error;
      },
    );
    return this.#writes;
  }

  /** One after the other: a storage may reorder concurrent writes. */
  async #save(): Promise<void> {
    const { storage, storageKey = "ringfront-writes" } = this.#options;
    const save = async () => storage.setItem(storageKey, JSON.stringify(await this.#load()));
    this.#saving = this.#saving.then(save, save);
    await this.#saving;
  }
}

/** @returns the settled write, or the seconds to wait if the API may serve it later */
async function settle(write: QueuedWrite, response: Response): Promise<SettledWrite | number> {
  const { status } = response;
  const wait = Number(response.headers.get("Retry-After") ?? 0);
  if (response.ok) {
    const data: unknown = status === 204 ? undefined : await response.json();
    // Only a batch that is not complete says when to send the rest.
    return response.headers.has("Retry-After") ? wait : { outcome: "done", write, data };
  }
  const problem = await readProblem(response);
  const mayBeServed = KEPT_STATUSES.includes(status) || (status === 409 && problem?.retryable === true);
  if (status < 400 || status >= 500 || mayBeServed) return wait;
  return { outcome: "rejected", write, status, problem };
}
