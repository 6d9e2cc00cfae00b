import type { Clock } from "../../lib/platform/clock.ts";
import { workDone } from "./machine-work.ts";

/**
 * A deterministic fleet in one process. Protocol code runs unchanged on several instances. Everything it waits
 * for (storage, network, sleeping) goes through the schedule, which decides with a seeded generator what happens
 * next and how long it takes. The same seed always gives the same run.
 *
 *     const schedule = createSchedule({ seed, crashRate: 0.02, pauseRate: 0.02 });
 *     const shared = createMemoryRecordStore();
 *     const a = schedule.instance();                       // its clock is off by up to 5 s
 *     const records = overNetwork(shared, a);              // every call may be slow, lost or repeated
 *     const outcome = a.start(() => protocol({ records, clock: a.clock, random: a.random }).act());
 *     await schedule.run();                                // until nothing is pending
 *     expect((await outcome).status).toBe("done");         // or "failed", or "crashed"
 *
 * What can go wrong at each `effect` (all rates default to 0): the instance crashes before the request leaves, while
 * it is on the wire or after it took effect; the process freezes (`pauseRate`), as a slow former lease holder does; the
 * request or only its response is lost; the request arrives late or twice.
 *
 * Code under test must wait for nothing else: no real timer, no real I/O, no asynchronous crypto.
 */
export interface Schedule {
  /** True time; instances see it through skewed clocks. */
  readonly clock: Clock;
  /** Seeded, in [0, 1). */
  readonly random: () => number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  chance(rate: number): boolean;
  /** A new process. Without `skewMs` its clock is off by a random amount within `maxSkewMs`. */
  instance(options?: { name?: string; skewMs?: number }): Instance;
  /** Something the environment does after `ms`, such as rotating a secret. */
  after(ms: number, event: () => void): void;
  /** From now on nothing fails: no crash, no pause, no lost, late or repeated message. */
  calm(): void;
  /** Runs until nothing is pending. @throws when that takes more than `maxSteps` steps */
  run(): Promise<void>;
  /** What happened, oldest first; the last 400 lines. For printing when a run fails. */
  trace(): string[];
  note(line: string): void;
  /** Number of crossings (places where an instance may crash) passed so far. */
  readonly crossings: number;
  readonly crashes: number;
}

/** One process of the fleet. */
export interface Instance {
  readonly name: string;
  readonly skewMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly crashed: boolean;
  /** Runs a task of this process; several may run at once. The promise never rejects. */
  start<T>(task: () => Promise<T>): Promise<Outcome<T>>;
  /** One message to the outside and its response. `act` is the effect, at the moment the message arrives. */
  effect<T>(label: string, act: () => T | Promise<T>, options?: EffectOptions): Promise<T>;
  /** Ends the process here: no promise it awaits ever settles. */
  crash(): void;
}

export interface EffectOptions {
  /** The error that the caller sees when the request (`arrived` false) or its response (true) is lost. */
  lost?: (arrived: boolean) => unknown;
  /** Time until the caller notices a lost message. Default 1,000 ms. */
  lossTimeoutMs?: number;
  /** Delay in one direction. Default: the schedule's. */
  latencyMs?: readonly [number, number];
  /** Never lost and never repeated. It still takes time, and the instance may still crash. */
  reliable?: boolean;
  /** For a sender that never repeats a request by itself, and drops a request that would be late. */
  once?: boolean;
}

export type Outcome<T> =
  | { status: "done"; value: T; at: number }
  | { status: "failed"; error: unknown; at: number }
  | { status: "crashed"; at: number };

export interface Crossing {
  instance: Instance;
  label: string;
  phase: "before send" | "under way" | "after effect" | "sleeping";
  /** The crossings 1, 2, 3 … over the whole run; a test can crash at each one in turn. */
  index: number;
}

export interface ScheduleOptions {
  seed: number;
  startAt?: number;
  maxSkewMs?: number;
  /** Delay in one direction. Default 1 to 40 ms. */
  latencyMs?: readonly [number, number];
  crashRate?: number;
  maxCrashes?: number;
  /** The exact crossing to crash at, instead of `crashRate`. */
  crashAt?: (crossing: Crossing) => boolean;
  pauseRate?: number;
  pauseMs?: readonly [number, number];
  loseRequestRate?: number;
  /** Rate of requests that the caller gives up as lost and that still arrive, up to the longest pause later. */
  lateRequestRate?: number;
  loseResponseRate?: number;
  duplicateRate?: number;
  maxSteps?: number;
}

/** A message that never arrived, or whose response never arrived. */
export class LostMessage extends Error {
  readonly arrived: boolean;
  constructor(label: string, arrived: boolean) {
    super(`${label}: ${arrived ? "response" : "request"} lost`);
    this.name = "LostMessage";
    this.arrived = arrived;
  }
}

interface Pending {
  at: number;
  order: number;
  wake: () => void;
  cancelled?: boolean;
}

const TRACE_LINES = 400;

export function createSchedule(options: ScheduleOptions): Schedule {
  const {
    seed,
    startAt = Date.UTC(2026, 0, 1),
    maxSkewMs = 5_000,
    latencyMs = [1, 40],
    crashRate = 0,
    maxCrashes = Number.POSITIVE_INFINITY,
    crashAt,
    pauseRate = 0,
    pauseMs = [1_000, 60_000],
    loseRequestRate = 0,
    lateRequestRate = 0,
    loseResponseRate = 0,
    duplicateRate = 0,
    maxSteps = 1_000_000,
  } = options;

  const random = seededRandom(seed);
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const chance = (rate: number) => rate > 0 && random() < rate;
  let isCalm = false;
  const fails = (rate: number) => !isCalm && chance(rate);

  let now = startAt;
  let order = 0;
  let crossings = 0;
  let crashes = 0;
  let instances = 0;
  const later = createTimeline();
  const ready: Pending[] = [];
  const lines: string[] = [];

  const note = (line: string) => {
    lines.push(`${String(Math.round(now - startAt)).padStart(8)} ms  ${line}`);
    if (lines.length > TRACE_LINES * 2) lines.splice(0, lines.length - TRACE_LINES);
  };
  const wakeIn = (ms: number, wake: () => void): Pending => {
    const pending: Pending = { at: now + Math.max(0, ms), order: order++, wake };
    later.add(pending);
    return pending;
  };

  function sleepOn(ms: number, signal: AbortSignal | undefined, awake: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const pending = wakeIn(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        if (awake()) resolve();
      });
      const onAbort = () => {
        pending.cancelled = true;
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  function instance({ name, skewMs }: { name?: string; skewMs?: number } = {}): Instance {
    const id = name ?? `i${instances}`;
    instances++;
    // Half of all clocks are off by the maximum: most mistakes happen there.
    const extreme = chance(0.5) ? maxSkewMs : -maxSkewMs;
    const skew = skewMs ?? (chance(0.5) ? extreme : between(-maxSkewMs, maxSkewMs));
    let dead = false;
    const onDeath: Array<() => void> = [];

    const crash = () => {
      if (dead) return;
      dead = true;
      crashes++;
      note(`${id} CRASHES`);
      for (const tell of onDeath) tell();
    };
    /** False when the instance has crashed, here or before. */
    const survives = (label: string, phase: Crossing["phase"]): boolean => {
      if (dead) return false;
      crossings++;
      const here = crashAt
        ? crashAt({ instance: self, label, phase, index: crossings })
        : crashes < maxCrashes && fails(crashRate);
      if (here) {
        note(`${id} at ${label}, ${phase}`);
        crash();
      }
      return !dead;
    };
    /** Time on the wire, longer when the process freezes. Continues even if the process has crashed. */
    const delay = (range: readonly [number, number]) =>
      new Promise<void>((resolve) => {
        wakeIn(between(range[0], range[1]) + frozenMs(), resolve);
      });
    const frozenMs = (): number => {
      const ms = fails(pauseRate) ? between(pauseMs[0], pauseMs[1]) : 0;
      if (ms > 0) note(`${id} freezes for ${ms} ms`);
      return ms;
    };
    const onTheWire = (range: readonly [number, number]) =>
      new Promise<void>((resolve) => {
        wakeIn(between(range[0], range[1]), resolve);
      });
    const arriveIn = (ms: number, label: string, act: () => unknown) =>
      wakeIn(ms, () => {
        note(`${id} ${label}: arrives late or again`);
        Promise.resolve()
          .then(act)
          .catch(() => {});
      });
    const never = <T>() => new Promise<T>(() => {});

    async function effect<T>(label: string, act: () => T | Promise<T>, how: EffectOptions = {}): Promise<T> {
      const { lost = (arrived) => new LostMessage(label, arrived), lossTimeoutMs = 1_000 } = how;
      const { reliable = false, once = false } = how;
      const range = how.latencyMs ?? latencyMs;
      if (!survives(label, "before send")) return never();

      const arrivesLate = !reliable && !once && fails(lateRequestRate);
      if (arrivesLate) arriveIn(between(lossTimeoutMs, pauseMs[1]), label, act);
      if (arrivesLate || (!reliable && fails(loseRequestRate))) {
        await delay([lossTimeoutMs, lossTimeoutMs]);
        note(`${id} ${label}: request lost`);
        if (!survives(label, "under way")) return never();
        throw lost(false);
      }
      if (!reliable && !once && fails(duplicateRate)) {
        arriveIn(between(range[0], range[1]) + between(0, 5_000), label, act);
      }
      await (once ? onTheWire(range) : delay(range));
      // A process that crashes while its request is on the wire does not take the request back.
      const alive = survives(label, "under way");
      const result = await settle(act);
      note(`${id} ${label}: ${result.ok ? "ok" : String(result.error)}`);
      if (!alive || !survives(label, "after effect")) return never();

      if (!reliable && fails(loseResponseRate)) {
        await delay([lossTimeoutMs, lossTimeoutMs]);
        note(`${id} ${label}: response lost`);
        if (dead) return never();
        throw lost(true);
      }
      await delay(range);
      if (dead) return never();
      if (!result.ok) throw result.error;
      return result.value;
    }

    function start<T>(task: () => Promise<T>): Promise<Outcome<T>> {
      return new Promise((resolve) => {
        onDeath.push(() => resolve({ status: "crashed", at: now }));
        if (dead) {
          resolve({ status: "crashed", at: now });
          return;
        }
        // Even the first line runs when the schedule says so: no two tasks start at the same moment.
        wakeIn(0, () => {
          if (dead) return;
          task().then(
            (value) => resolve({ status: "done", value, at: now }),
            (error: unknown) => resolve({ status: "failed", error, at: now }),
          );
        });
      });
    }

    const self: Instance = {
      name: id,
      skewMs: skew,
      random,
      get crashed() {
        return dead;
      },
      clock: {
        now: () => now + skew,
        sleep: (ms, signal) => sleepOn(ms + frozenMs(), signal, () => survives("sleep", "sleeping")),
      },
      start,
      effect,
      crash,
    };
    return self;
  }

  async function run(): Promise<void> {
    await quiet();
    for (let steps = 0; ; steps++) {
      if (steps > maxSteps) throw new Error(`seed ${seed}: still busy after ${maxSteps} steps`);
      while (later.peek()?.cancelled) later.take();
      if (ready.length === 0) {
        const next = later.peek();
        if (next === undefined) return;
        now = Math.max(now, next.at);
      }
      for (let next = later.peek(); next !== undefined && next.at <= now; next = later.peek()) {
        later.take();
        if (!next.cancelled) ready.push(next);
      }
      if (ready.length === 0) continue;
      const index = between(0, ready.length - 1);
      const chosen = ready[index];
      const last = ready.pop();
      if (chosen !== undefined && last !== undefined && chosen !== last) ready[index] = last;
      if (!chosen?.cancelled) chosen?.wake();
      await quiet();
    }
  }

  return {
    clock: { now: () => now, sleep: (ms, signal) => sleepOn(ms, signal, () => true) },
    random,
    between,
    chance,
    instance,
    after: (ms, event) => {
      wakeIn(ms, event);
    },
    calm: () => {
      isCalm = true;
    },
    run,
    trace: () => lines.slice(-TRACE_LINES),
    note,
    get crossings() {
      return crossings;
    },
    get crashes() {
      return crashes;
    },
  };
}

/** Every promise callback that can run has run: they all precede the next immediate, but those of work in threads. */
const quiet = () => workDone(1);

type Settled<T> = { ok: true; value: T } | { ok: false; error: unknown };

async function settle<T>(act: () => T | Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    return { ok: false, error };
  }
}

/** A binary heap by instant, then by order of arrival. */
function createTimeline() {
  const heap: Pending[] = [];
  const before = (a: Pending | undefined, b: Pending | undefined) =>
    a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
  const swap = (i: number, j: number) => {
    const [a, b] = [heap[i], heap[j]];
    if (a !== undefined && b !== undefined) {
      heap[i] = b;
      heap[j] = a;
    }
  };
  return {
    peek: () => heap[0],
    add(pending: Pending) {
      heap.push(pending);
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(heap[i], heap[parent])) break;
        swap(i, parent);
        i = parent;
      }
    },
    take() {
      swap(0, heap.length - 1);
      heap.pop();
      for (let i = 0; ; ) {
        const [left, right] = [2 * i + 1, 2 * i + 2];
        let first = i;
        if (before(heap[left], heap[first])) first = left;
        if (before(heap[right], heap[first])) first = right;
        if (first === i) break;
        swap(i, first);
        i = first;
      }
    },
  };
}

/** Mulberry32: small, fast and good enough to explore schedules. In [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Runs `body` for many seeds: `runs` by default, `DEEP_RUNS` when set, only `SEED` when that is set. They count up from
 * 1, or from `FIRST_SEED`. The first failure is rethrown with its seed and the end of the schedule's trace that was
 * passed to `keep`.
 */
export async function forEachSeed(
  runs: number,
  body: (seed: number, keep: (schedule: Schedule) => Schedule) => Promise<void>,
  env: { SEED?: string; FIRST_SEED?: string; DEEP_RUNS?: string } = process.env,
): Promise<void> {
  const only = env.SEED;
  const first = Number(env.FIRST_SEED ?? 1);
  const count = only === undefined ? Number(env.DEEP_RUNS ?? runs) : 1;
  for (let n = 0; n < count; n++) {
    const seed = only === undefined ? first + n : Number(only);
    let kept: Schedule | undefined;
    try {
      await body(seed, (schedule) => {
        kept = schedule;
        return schedule;
      });
    } catch (error) {
      const trace = kept?.trace().slice(-80).join("\n") ?? "";
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`SEED=${seed} fails: ${reason}\n${trace}`, { cause: error });
    }
  }
}
