import type { NumberChange, PhoneNumber } from "./api.ts";
import type { RingfrontClient } from "./client.ts";
import { isProblem, unwrap } from "./problems.ts";

type ReadOptions = Pick<RequestInit, "cache" | "signal">;

const FEED = "/v1/account/phone-numbers/changes";

/**
 * A local copy of the company's numbers, loaded once; then only changes are fetched. To keep it across restarts of the
 * app, store `numbers` and `cursor` together and pass them to the constructor.
 */
export class PhoneNumberMirror {
  /** The numbers by id, as of the last `refresh`. */
  readonly numbers: Map<string, PhoneNumber>;
  readonly #client: RingfrontClient;
  #cursor: string | undefined;
  #refreshing: Promise<NumberChange[] | undefined> | undefined;

  constructor(client: RingfrontClient, kept: { numbers?: Iterable<PhoneNumber>; cursor?: string } = {}) {
    this.#client = client;
    this.#cursor = kept.cursor;
    this.numbers = new Map(Array.from(kept.numbers ?? [], (number) => [number.id, number]));
  }

  /** The position of `numbers` in the feed; undefined before the first `refresh`. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /**
   * Updates `numbers` from the feed. The first time, and after the cursor has expired, it loads all numbers. If it throws,
   * nothing has changed; call it again. Concurrent calls share one refresh, which the first one's signal aborts.
   * @returns the changes in order; after a load, undefined
   * @throws ProblemError (`snapshot_missing` until the account's first sync), HttpError, or what `fetch` throws
   */
  refresh({ signal }: { signal?: AbortSignal } = {}): Promise<NumberChange[] | undefined> {
    const request: ReadOptions = signal ? { signal } : {};
    this.#refreshing ??= this.#refresh(request).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(request: ReadOptions): Promise<NumberChange[] | undefined> {
    if (this.#cursor === undefined) return this.#load(request);
    try {
      return await this.#follow(this.#cursor, request);
    } catch (error) {
      if (!isProblem(error, "cursor_expired")) throw error;
      return this.#load(request);
    }
  }

  async #follow(from: string, request: ReadOptions): Promise<NumberChange[]> {
    const changes: NumberChange[] = [];
    let cursor = from;
    for await (const page of this.#client.pages(FEED, { ...request, params: { query: { cursor: from } } })) {
      changes.push(...page.data);
      cursor = page.page.nextCursor;
    }
    for (const { id, phoneNumber } of changes) {
      if (phoneNumber === undefined) this.numbers.delete(id);
      else this.numbers.set(id, phoneNumber);
    }
    this.#cursor = cursor;
    return changes;
  }

  async #load(request: ReadOptions): Promise<undefined> {
    // The start of the feed names the list of the same version, so no change is lost between the two.
    const start = unwrap(await this.#client.GET(FEED, request));
    // React Native cannot read a URL's query.
    const [, cursor] = /[?&]cursor=([^&]+)/.exec(start.meta.snapshot ?? "") ?? [];
    const query = cursor === undefined ? {} : { cursor: decodeURIComponent(cursor) };
    const loaded: PhoneNumber[] = [];
    for await (const number of this.#client.items("/v1/account/phone-numbers", {
      ...request,
      params: { query },
    })) {
      loaded.push(number);
    }
    this.numbers.clear();
    for (const number of loaded) this.numbers.set(number.id, number);
    this.#cursor = start.page.nextCursor;
  }
}
