import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import type { Clock } from "../../lib/platform/clock.ts";
import { workDone } from "./machine-work.ts";

/** A timer that has not fired. */
interface Pending {
  at: number;
  fire: () => void;
  everyMs?: number;
  isUncounted?: boolean;
}

const machine = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};
const { timeout: abortAfter } = AbortSignal;
const { setTimeout: machineSleep } = timersPromises;
/** Of the machine's time: longer than any uncounted work, such as reading a file. */
const STUCK_MS = 60_000;

/** What the timer functions return: enough of Node's class for those who call `unref`. */
class Handle {
  readonly #order: number;
  constructor(order: number) {
    this.#order = order;
  }
  ref = (): this => this;
  unref = (): this => this;
  refresh = (): this => this;
  close = (): this => this;
  hasRef = (): boolean => true;
  [Symbol.toPrimitive](): number {
    return this.#order;
  }
}

/**
 * Time that stands still while anything runs, and then jumps to the next timer: no wait takes time, and the same run has the
 * same times. It is a clock, and after `install` the time of this process.
 */
export class VirtualTime implements Clock {
  #now: number;
  #lastOrder = 0;
  readonly #pending = new Map<number, Pending>();
  /** By how much the dates of this process are wrong. */
  skewMs = 0;

  constructor(start = machine.Date.now()) {
    this.#now = start;
  }

  readonly now = (): number => this.#now;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => {
      this.#pending.delete(order);
      reject(signal?.reason);
    };
    const order = this.#set({
      at: this.#now + Math.max(0, ms),
      fire: () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      },
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    return promise;
  };

  /** How many timers have been set and neither fired nor cleared. */
  get timers(): number {
    return [...this.#pending.values()].filter(({ isUncounted }) => !isUncounted).length;
  }

  /** Forgets all timers, such as those of a process that has died. */
  forgetTimers(): void {
    this.#pending.clear();
  }

  /** Lets time pass until `work` has settled. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    work.then(settle, settle);
    for (let waitsSince = performance.now(); ; ) {
      await workDone();
      if (isSettled) return work;
      if (this.#fireNext(Infinity)) waitsSince = performance.now();
      else if (performance.now() - waitsSince > STUCK_MS) throw new Error("everything waits for ever");
    }
  }

  /** Lets time pass, timer by timer, and what they wake run. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    do await workDone();
    while (this.#fireNext(target));
    this.#now = target;
    await workDone();
  }

  /** Takes the place of the machine's time, of all dates and timers. @returns the way back */
  install(): () => void {
    // Whole milliseconds, as Node's.
    const rounded = (ms: unknown) => Math.max(1, Math.ceil(Number(ms) || 0));
    const after = (ms: unknown) => this.#now + rounded(ms);
    const clear = (timer: unknown) => void this.#pending.delete(Number(timer ?? 0));
    const virtual = {
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        new Handle(this.#set({ at: after(ms), fire: () => run(...args) })),
      setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        new Handle(this.#set({ at: after(ms), fire: () => run(...args), everyMs: rounded(ms) })),
      clearTimeout: clear,
      clearInterval: clear,
    };
    Object.assign(globalThis, virtual, { Date: this.#virtualDate() });
    Object.assign(timers, virtual);
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      const fire = () => controller.abort(new DOMException("time is up", "TimeoutError"));
      // Node's own holds nothing: it is no timer left behind.
      this.#set({ at: after(ms), fire, isUncounted: true });
      return controller.signal;
    };
    const sleep = async (ms = 1, value?: unknown, { signal }: { signal?: AbortSignal } = {}) => {
      await this.sleep(rounded(ms), signal).catch((cause: unknown) => {
        throw new DOMException("The operation was aborted", { name: "AbortError", cause });
      });
      return value;
    };
    Object.assign(timersPromises, { setTimeout: sleep });
    syncBuiltinESMExports();
    return () => {
      const { Date: _, ...functions } = machine;
      Object.assign(globalThis, machine);
      Object.assign(timers, functions);
      AbortSignal.timeout = abortAfter;
      Object.assign(timersPromises, { setTimeout: machineSleep });
      syncBuiltinESMExports();
    };
  }

  #set(pending: Pending, order = ++this.#lastOrder): number {
    this.#pending.set(order, pending);
    return order;
  }

  /** @returns whether a timer was due by then */
  #fireNext(target: number): boolean {
    let next: [number, Pending] | undefined;
    for (const one of this.#pending) {
      if (one[1].at <= target && (next === undefined || one[1].at < next[1].at)) next = one;
    }
    if (next === undefined) return false;
    const [order, pending] = next;
    const { at, fire, everyMs } = pending;
    this.#now = Math.max(this.#now, at);
    this.#pending.delete(order);
    if (everyMs !== undefined) this.#set({ ...pending, at: this.#now + everyMs }, order);
    fire();
    return true;
  }

  #virtualDate(): DateConstructor {
    const shown = () => this.#now + this.skewMs;
    const virtual: DateConstructor = new Proxy(machine.Date, {
      construct: (target, args, newTarget) =>
        Reflect.construct(
          target,
          args.length === 0 ? [shown()] : args,
          newTarget === virtual ? target : newTarget,
        ),
      get: (target, key) => (key === "now" ? shown : Reflect.get(target, key)),
    });
    return virtual;
  }
}
