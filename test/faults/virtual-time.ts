import { type ChannelListener, channel } from "node:diagnostics_channel";
import { ClientRequest } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";

/** Turns of the event loop without any event after which everything waits for time to pass. */
const QUIET_TURNS = 12;
/** Turns after which work that neither ends nor waits is a mistake of this harness. */
const MOST_TURNS = 2_000_000;

/** Of a millisecond each. */
const MOST_MACHINE_WAITS = 2_000;

interface Alarm {
  at: number;
  order: number;
  ring: () => void;
}

/** A timer as Node's own, of which the code under test uses this much. */
interface Timer {
  ref(): Timer;
  unref(): Timer;
  hasRef(): boolean;
  refresh(): Timer;
  close(): Timer;
  [Symbol.toPrimitive](): number;
}

/**
 * The time of this process, for its dates and timers: it stands still while anything runs, and then jumps to the next alarm.
 * So no wait takes time, and the same run has the same times. Requests over real sockets are work that runs, except where
 * the server says that it makes them wait.
 */
export class VirtualTime {
  readonly #machine = {
    Date: globalThis.Date,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    abortAfter: AbortSignal.timeout,
    sleep: timersPromises.setTimeout,
  };
  readonly #requests = new Set<ClientRequest>();
  readonly #onRequest: ChannelListener = (message) => this.#watch(message);
  readonly #verify = crypto.subtle.verify;
  /** Signatures that are being verified, in threads of their own. */
  #verifying = 0;
  #exchanges = 0;
  #alarms = new Map<number, Alarm>();
  #lastTimer = 0;
  #now: number;
  /** By how much the clock of the code under test is wrong. */
  skewMs = 0;
  /** Requests that the server makes wait for time to pass. */
  readonly waiting = new Set<object>();

  constructor(start: number) {
    this.#now = start;
  }

  /** The true time. */
  readonly now = (): number => this.#now;

  /** Of the true time. */
  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void this.#setAlarm(() => resolve(), ms));

  /** From now on this process has this time. */
  install(): void {
    const { Date: MachineDate } = this.#machine;
    const shown = () => this.#now + this.skewMs;
    globalThis.Date = new Proxy(MachineDate, {
      construct: (target, given, newTarget) =>
        Reflect.construct(
          target,
          given.length === 0 ? [shown()] : given,
          newTarget === globalThis.Date ? target : newTarget,
        ),
      get: (target, key) => (key === "now" ? shown : Reflect.get(target, key)),
    });
    const timers = {
      setTimeout: (ring: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
        this.#timer(this.#setAlarm(() => ring(...given), ms)),
      clearTimeout: (timer: unknown) => void this.#alarms.delete(Number(timer)),
      setInterval: (ring: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
        this.#repeat(ring, ms, given),
      clearInterval: (timer: unknown) => void this.#alarms.delete(Number(timer)),
    };
    Object.assign(globalThis, timers);
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      this.#setAlarm(() => controller.abort(new DOMException("time is up", "TimeoutError")), ms);
      return controller.signal;
    };
    const sleep = (ms = 0, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise((resolve, reject) => {
        const id = this.#setAlarm(() => resolve(value), ms);
        signal?.addEventListener("abort", () => {
          this.#alarms.delete(id);
          reject(signal.reason);
        });
      });
    Object.assign(timersPromises, { setTimeout: sleep });
    syncBuiltinESMExports();
    crypto.subtle.verify = async (...given: Parameters<typeof crypto.subtle.verify>) => {
      this.#verifying += 1;
      return this.#verify.apply(crypto.subtle, given).finally(() => {
        this.#verifying -= 1;
      });
    };
    channel("http.client.request.start").subscribe(this.#onRequest);
  }

  /** Runs until `work` has settled; then nothing but alarms is left of it. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    work.then(settle, settle);
    for (let patience = MOST_MACHINE_WAITS; ; ) {
      await this.#idle();
      if (isSettled) return work;
      if (this.#ringNext()) continue;
      // A module is being loaded, which takes the machine's time.
      patience -= 1;
      if (patience === 0) throw new Error("everything waits, and nothing will happen");
      await new Promise((resolve) => void this.#machine.setTimeout(resolve, 1));
    }
  }

  /** Counts an exchange over HTTP as work until it ends: a body may be decompressed in a thread of its own. */
  async working<Result>(exchange: Promise<Result>): Promise<Result> {
    this.#exchanges += 1;
    return exchange.finally(() => {
      this.#exchanges -= 1;
    });
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.run(this.sleep(ms));
  }

  /** Forgets all alarms, such as those of a process that has died. */
  forgetAlarms(): void {
    this.#alarms = new Map();
  }

  async #idle(): Promise<void> {
    let quiet = 0;
    for (let turn = 0; quiet < QUIET_TURNS; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const running = Math.max(this.#requests.size, this.#exchanges);
      const isBusy = this.#verifying > 0 || running !== this.waiting.size;
      quiet = isBusy ? 0 : quiet + 1;
      if (turn > MOST_TURNS) {
        throw new Error(`stuck: ${this.#requests.size} requests, of which ${this.waiting.size} wait`);
      }
    }
  }

  /** @returns whether there was an alarm */
  #ringNext(): boolean {
    const [first] = [...this.#alarms].sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
    if (first === undefined) return false;
    const [id, { at, ring }] = first;
    this.#alarms.delete(id);
    this.#now = Math.max(this.#now, at);
    ring();
    return true;
  }

  #setAlarm(ring: () => void, ms: number, id = this.#nextId()): number {
    this.#alarms.set(id, { at: this.#now + Math.max(0, Math.ceil(ms)), order: id, ring });
    return id;
  }

  #nextId(): number {
    this.#lastTimer += 1;
    return this.#lastTimer;
  }

  #repeat(ring: (...given: unknown[]) => void, ms: number, given: unknown[]): Timer {
    const id = this.#nextId();
    const again = () => {
      this.#setAlarm(again, Math.max(1, ms), id);
      ring(...given);
    };
    this.#setAlarm(again, ms, id);
    return this.#timer(id);
  }

  #timer(id: number): Timer {
    const timer: Timer = {
      ref: () => timer,
      unref: () => timer,
      hasRef: () => true,
      refresh: () => timer,
      close: () => timer,
      [Symbol.toPrimitive]: () => id,
    };
    return timer;
  }

  #watch(message: unknown): void {
    if (typeof message !== "object" || message === null || !("request" in message)) return;
    const { request } = message;
    if (!(request instanceof ClientRequest)) return;
    this.#requests.add(request);
    request.once("close", () => this.#requests.delete(request));
  }
}
