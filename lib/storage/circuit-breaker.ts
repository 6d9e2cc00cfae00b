import type { Clock } from "../platform/clock.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { StorageUnavailable } from "./errors.ts";

/** Spares a process repeated waits for a table that does not respond. */
export interface CircuitBreaker {
  /** Whether the last call that ended was a failure. */
  isFailing(): boolean;
  /** For how long calls fail without being tried; 0 while the circuit is closed. */
  openMs(): number;
  /** @throws StorageUnavailable at once while the circuit is open; otherwise what `work` throws, or on a timeout */
  call<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface CircuitBreakerOptions {
  clock: Clock;
  /** How long the circuit stays open after the first failure; doubles with each further one. */
  pauseMs: number;
  maxPauseMs: number;
  /** A later response counts as a failure. */
  timeoutMs: number;
  /** The first failure after a success. */
  onOpen?: (cause: unknown) => void;
  /** The first success after a failure. */
  onClose?: (openForMs: number) => void;
}

const MAX_DOUBLINGS = 10;

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, pauseMs, maxPauseMs, timeoutMs, onOpen, onClose } = options;
  let failures = 0;
  let openSince = 0;
  let openUntil = Number.NEGATIVE_INFINITY;

  function failed(cause: unknown): void {
    if (failures === 0) {
      openSince = clock.now();
      onOpen?.(cause);
    }
    openUntil = clock.now() + Math.min(pauseMs * 2 ** Math.min(failures, MAX_DOUBLINGS), maxPauseMs);
    failures += 1;
  }

  const timeUp = () => new StorageUnavailable(`no response within ${timeoutMs} ms`);

  return {
    isFailing: () => failures > 0,
    openMs: () => Math.max(0, openUntil - clock.now()),
    async call(work) {
      if (clock.now() < openUntil) throw new StorageUnavailable("the circuit is open");
      try {
        const result = await withTimeout(work(), { clock, timeoutMs, timeUp });
        if (failures > 0) onClose?.(clock.now() - openSince);
        failures = 0;
        return result;
      } catch (error) {
        failed(error);
        throw error;
      }
    },
  };
}
