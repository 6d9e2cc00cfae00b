/** A bounded map in the process whose values are used for a fixed time. */
export class TimedCache<Value> {
  readonly #now: () => number;
  readonly #lifetimeMs: number;
  readonly #values = new Map<string, { value: Value; until: number }>();

  constructor(now: () => number, lifetimeMs: number) {
    [this.#now, this.#lifetimeMs] = [now, lifetimeMs];
  }

  get(key: string): { value: Value } | undefined {
    const cached = this.#values.get(key);
    return cached !== undefined && this.#now() < cached.until ? cached : undefined;
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, { value, until: this.#now() + this.#lifetimeMs });
    const [oldest] = this.#values.keys();
    if (this.#values.size > MAX_ENTRIES && oldest !== undefined) this.#values.delete(oldest);
  }
}

const MAX_ENTRIES = 2_000;
