import type { NumberChange, PhoneNumber } from "./api.ts";
import type { RingfrontClient } from "./client.ts";
import { isProblem, unwrap } from "./problems.ts";

const FEED = "/v1/account/phone-numbers/changes";

/**
 * The company's numbers, kept in step by the feed of changes: loaded once, then only what changed is fetched.
 *
 * To keep it across runs of the app, store `numbers` and `cursor` together and pass them to the constructor.
 */
export class PhoneNumberMirror {
  /** By id, as of the last `refresh`. */
  readonly numbers: Map<string, PhoneNumber>;
  readonly #client: RingfrontClient;
  #cursor: string | undefined;
  #refreshing: Promise<NumberChange[] | undefined> | undefined;

  constructor(client: RingfrontClient, kept: { numbers?: Iterable<PhoneNumber>; cursor?: string } = {}) {
    this.#client = client;
    this.#cursor = kept.cursor;
    this.numbers = new Map(Array.from(kept.numbers ?? [], (number) => [number.id, number]));
  }

  /** Where in the feed `numbers` stands; undefined before the first `refresh`. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /**
   * Brings `numbers` up to date: by the feed or, the first time and after an absence so long that the feed has moved
   * on, by loading them all. When it throws, it has changed nothing; call it again. Calls while one runs share it.
   * @returns the changes in order; after a load, undefined
   * @throws ProblemError (`snapshot_missing` until the account's first sync), HttpError, or what `fetch` throws
   */
  refresh(): Promise<NumberChange[] | undefined> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<NumberChange[] | undefined> {
    if (this.#cursor === undefined) return this.#load();
    try {
      return await this.#follow(this.#cursor);
    } catch (error) {
      if (!isProblem(error, "cursor_expired")) throw error;
      return this.#load();
    }
  }

  async #follow(from: string): Promise<NumberChange[]> {
    const changes: NumberChange[] = [];
    let cursor = from;
    for await (const page of this.#client.pages(FEED, { params: { query: { cursor: from } } })) {
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

  async #load(): Promise<undefined> {
    // The feed's beginning names a list of exactly what was there at that point: nothing falls in between.
    const start = unwrap(await this.#client.GET(FEED));
    const query = Object.fromEntries(new URL(start.meta.snapshot ?? "", "http://snapshot").searchParams);
    const loaded: PhoneNumber[] = [];
    for await (const number of this.#client.items("/v1/account/phone-numbers", { params: { query } })) {
      loaded.push(number);
    }
    this.numbers.clear();
    for (const number of loaded) this.numbers.set(number.id, number);
    this.#cursor = start.page.nextCursor;
  }
}
