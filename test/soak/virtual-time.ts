import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";

/** A timer that has not fired. */
interface Pending {
  at: number;
  order: number;
  fire: () => void;
  everyMs?: number;
}

const machine = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
  abortAfter: AbortSignal.timeout,
  sleep: timersPromises.setTimeout,
};

/** What the timer functions return: enough of Node's class for those who call `unref`. */
class Handle {
  readonly order: number;
  constructor(order: number) {
    this.order = order;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  [Symbol.toPrimitive](): number {
    return this.order;
  }
}

/**
 * The time of this process, of all dates and timers: it passes only while every part of it waits. So an hour takes a
 * minute, and a timer that is left behind can be counted.
 */
export class VirtualTime {
  #now: number;
  #lastOrder = 0;
  readonly #pending = new Map<number, Pending>();
  /** Calls of WebCrypto, which run in threads of their own. */
  #inThreads = 0;

  constructor(start = machine.Date.now()) {
    this.#now = start;
  }

  now = (): number => this.#now;

  /** How many timers have been set and neither fired nor cleared. */
  get timers(): number {
    return this.#pending.size;
  }

  sleep = (ms: number): Promise<void> => new Promise((resolve) => void this.#set(resolve, ms));

  /** Takes the place of the machine's time. @returns the way back */
  install(): () => void {
    const clear = (timer: unknown) => void this.#pending.delete(Number(timer ?? 0));
    const virtual = {
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        this.#set(() => run(...args), ms),
      setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        this.#set(() => run(...args), ms, Math.max(1, ms)),
      clearTimeout: clear,
      clearInterval: clear,
    };
    Object.assign(globalThis, virtual, { Date: this.#virtualDate() });
    Object.assign(timers, virtual);
    // Nothing in the simulated hour hangs that long: Node's own holds no timer against the garbage collector.
    AbortSignal.timeout = () => new AbortController().signal;
    Object.assign(timersPromises, { setTimeout: this.#promisedTimeout });
    syncBuiltinESMExports();
    const subtle = this.#watchCrypto();
    return () => {
      const { abortAfter, sleep, ...globals } = machine;
      Object.assign(globalThis, globals);
      const { Date: _, ...functions } = globals;
      Object.assign(timers, functions);
      AbortSignal.timeout = abortAfter;
      Object.assign(timersPromises, { setTimeout: sleep });
      syncBuiltinESMExports();
      subtle();
    };
  }

  /** Lets time pass, timer by timer, and what they wake run. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    for (;;) {
      await this.#idle();
      let next: Pending | undefined;
      for (const one of this.#pending.values()) {
        if (one.at <= target && (next === undefined || one.at < next.at)) next = one;
      }
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#pending.delete(next.order);
      if (next.everyMs !== undefined) {
        this.#pending.set(next.order, { ...next, at: this.#now + next.everyMs });
      }
      next.fire();
    }
    this.#now = target;
    await this.#idle();
  }

  /** Until everything waits for time to pass. */
  async #idle(): Promise<void> {
    for (let turn = 0; turn < 4 || this.#inThreads > 0; turn += 1) {
      await new Promise<void>((resolve) => void machine.setImmediate(resolve));
    }
  }

  #set(fire: () => void, ms: number, everyMs?: number): Handle {
    this.#lastOrder += 1;
    const order = this.#lastOrder;
    const at = this.#now + Math.max(1, Number(ms) || 0);
    this.#pending.set(order, { at, order, fire, ...(everyMs !== undefined && { everyMs }) });
    return new Handle(order);
  }

  readonly #promisedTimeout = <Value>(ms = 0, value?: Value, options: { signal?: AbortSignal } = {}) =>
    new Promise<Value | undefined>((resolve, reject) => {
      const { signal } = options;
      const abort = () => {
        this.#pending.delete(timer.order);
        reject(new DOMException("The operation was aborted", { name: "AbortError", cause: signal?.reason }));
      };
      const timer = this.#set(() => {
        signal?.removeEventListener("abort", abort);
        resolve(value);
      }, ms);
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });

  #virtualDate(): DateConstructor {
    const { now } = this;
    const virtual: DateConstructor = new Proxy(machine.Date, {
      construct: (target, args, newTarget) =>
        Reflect.construct(
          target,
          args.length === 0 ? [now()] : args,
          newTarget === virtual ? target : newTarget,
        ),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    });
    return virtual;
  }

  /** @returns the way back */
  #watchCrypto(): () => void {
    const { subtle } = globalThis.crypto;
    const names = [
      "sign",
      "verify",
      "digest",
      "importKey",
      "exportKey",
      "encrypt",
      "decrypt",
      "deriveBits",
    ] as const;
    const kept = names.map((name) => [name, subtle[name]] as const);
    for (const [name, run] of kept) {
      const watched = async (...args: unknown[]) => {
        this.#inThreads += 1;
        try {
          return await Reflect.apply(run, subtle, args);
        } finally {
          this.#inThreads -= 1;
        }
      };
      Object.assign(subtle, { [name]: watched });
    }
    return () => void Object.assign(subtle, Object.fromEntries(kept));
  }
}
