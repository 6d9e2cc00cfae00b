import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod/mini";
import { fastClock } from "./fast-clock.ts";

/** A Lambda instance's part: it loads the bundle once, then handles one event at a time. */
const instanceCode = `
  const TICK_MS = 20;
  const { handler } = await import(process.env.BUNDLE);
  const { hastenFrom } = await import(process.env.FAST_CLOCK);
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ id, event, timeoutMs, fastFrom }) => {
    if (fastFrom !== undefined) return hastenFrom(fastFrom);
    const startedAt = Date.now();
    const endsAt = startedAt + timeoutMs;
    // Time in which the process did not run, because the machine is loaded or the process is stopped.
    let [stalledMs, seenAt] = [0, startedAt];
    const look = () => {
      stalledMs += Math.max(0, Date.now() - seenAt - TICK_MS);
      seenAt = Date.now();
    };
    const ticking = setInterval(look, TICK_MS);
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()) };
    try {
      const result = (await handler(event, context)) ?? null;
      look();
      process.send({ id, result, tookMs: Date.now() - startedAt - stalledMs });
    } catch (error) {
      process.send({ id, crash: String(error?.stack ?? error) });
    } finally {
      clearInterval(ticking);
    }
  });
  process.send({ ready: true });`;

const Message = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id: z.string(), result: z.unknown(), tookMs: z.number() }),
  z.object({ id: z.string(), crash: z.string() }),
]);

export type Outcome =
  | { kind: "result"; result: unknown; tookMs: number }
  /** The handler threw: a fault of ours, whatever the dependencies do. */
  | { kind: "crash"; error: string }
  /** The process was killed, or did not respond before Lambda's timeout. */
  | { kind: "lost" };

const TIMEOUT_MS = 15_000;
/** The time Lambda allows beyond the timeout before it tells the caller. */
const GRACE_MS = 500;

/** A process with one deployed bundle. */
export class Instance {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  readonly #ready = Promise.withResolvers<void>();
  #lastId = 0;
  /** Chosen for an event, or working on it. */
  isBusy = false;
  isGone = false;
  #isKilled = false;
  #isStopped = false;
  /** It has handled an event. */
  isWarm = false;
  /** Its last lines on stderr, for a report. */
  stderr = "";
  readonly #ended = Promise.withResolvers<void>();

  /** @param onLine gets each line of its log, which Lambda keeps when the process ends */
  constructor(bundle: string, env: NodeJS.ProcessEnv, onLine: (line: string) => void) {
    const { PATH, CLOCK_SPEED, CLOCK_START } = process.env;
    const args = ["--import", fastClock, "--input-type=module", "--eval", instanceCode];
    this.#child = spawn(process.execPath, args, {
      env: { PATH, CLOCK_SPEED, CLOCK_START, FAST_CLOCK: fastClock, ...env, BUNDLE: bundle },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on("line", onLine);
    this.#child.on("message", (message) => this.#receive(message));
    this.#child.once("exit", () => this.#end());
    // Sending to a process that has just been killed fails; its exit is reported anyway.
    this.#child.on("error", () => {});
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.stderr = (this.stderr + data.toString("utf8")).slice(-2_000);
    });
  }

  /** Resolves when the bundle is loaded, or the process has ended. */
  get isReady(): Promise<void> {
    return this.#ready.promise;
  }

  /** Neither ended nor stopped. */
  get isRunning(): boolean {
    return !this.isGone && !this.#isKilled && !this.#isStopped;
  }

  /** Lets its clock run fast from then on. */
  hasten(fastFrom: number): void {
    if (!this.isGone) this.#child.send({ fastFrom });
  }

  async invoke(event: unknown, timeoutMs = TIMEOUT_MS): Promise<Outcome> {
    await this.#ready.promise;
    if (this.isGone) return { kind: "lost" };
    this.#lastId += 1;
    const id = String(this.#lastId);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#waiting.set(id, resolve);
    this.#child.send({ id, event, timeoutMs });
    const late = new AbortController();
    const outcome = await Promise.race([
      promise,
      pause(timeoutMs + GRACE_MS, undefined, { signal: late.signal, ref: false }).catch(() => undefined),
    ]);
    late.abort();
    this.#waiting.delete(id);
    this.isBusy = false;
    // Lambda ends an instance that reaches its timeout.
    if (outcome === undefined) this.kill();
    return outcome ?? { kind: "lost" };
  }

  kill(): void {
    this.#isKilled = true;
    this.#child.kill("SIGKILL");
  }

  /** Ends the process, and resolves when it has ended. */
  async end(): Promise<void> {
    this.kill();
    await this.#ended.promise;
  }

  /** Suspends the process, as when Lambda freezes an instance or a host stalls. */
  async freeze(ms: number): Promise<void> {
    this.#isStopped = true;
    this.#child.kill("SIGSTOP");
    await pause(ms);
    this.#child.kill("SIGCONT");
    this.#isStopped = false;
  }

  #receive(raw: unknown): void {
    const message = Message.parse(raw);
    if ("ready" in message) this.#ready.resolve();
    else if ("crash" in message) this.#waiting.get(message.id)?.({ kind: "crash", error: message.crash });
    else {
      const { id, result, tookMs } = message;
      this.isWarm = true;
      this.#waiting.get(id)?.({ kind: "result", result, tookMs });
    }
  }

  #end(): void {
    this.isGone = true;
    this.#ready.resolve();
    this.#ended.resolve();
    for (const resolve of this.#waiting.values()) resolve({ kind: "lost" });
  }
}
