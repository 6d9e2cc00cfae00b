// Preloaded with --import: from an instant on, time passes CLOCK_SPEED times as fast as on the machine, for the dates and
// timers of this process. All processes of a scenario share that time. They start and warm up in the machine's time:
// `hastenFrom` sets the instant, and CLOCK_START (epoch milliseconds) tells it to processes that start later. Only a test can do this: the deployed code has no such setting.
import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";

/** Address of this file, for --import. */
export const fastClock = import.meta.url;

const speed = Number(process.env.CLOCK_SPEED ?? 1);
let fastFrom = Number(process.env.CLOCK_START ?? Infinity);

/** @param at the instant by the machine's clock from which time passes faster, in this process and in those it starts */
export function hastenFrom(at: number): void {
  fastFrom = at;
  process.env.CLOCK_START = String(at);
}

if (speed !== 1) {
  const machineNow = Date.now;
  const isFast = () => machineNow() >= fastFrom;
  const now = () => (isFast() ? Math.round(fastFrom + (machineNow() - fastFrom) * speed) : machineNow());
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(
        target,
        args.length === 0 ? [now()] : args,
        newTarget === globalThis.Date ? target : newTarget,
      ),
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
  /** The same function, with the duration at `index` of its arguments in fast milliseconds; whole ones, as AbortSignal wants them. */
  const hasten = <Timer extends (...args: never[]) => unknown>(timer: Timer, index: number): Timer =>
    new Proxy(timer, {
      apply: (target, self, args: unknown[]) =>
        Reflect.apply(
          target,
          self,
          args.with(index, Math.ceil(Number(args[index] ?? 0) / (isFast() ? speed : 1))),
        ),
    });
  globalThis.setTimeout = hasten(setTimeout, 1);
  globalThis.setInterval = hasten(setInterval, 1);
  AbortSignal.timeout = hasten(AbortSignal.timeout, 0);
  timersPromises.setTimeout = hasten(timersPromises.setTimeout, 0);
  syncBuiltinESMExports();
}
