import { type ProblemDetails, ProblemError } from "./problems.ts";

/**
 * How a POST with an `Idempotency-Key` proceeds. `run`: send it. `look`: an earlier attempt may still take effect, so
 * only look for its effect. `resolve`: it has taken effect by now or never will, so look, then send.
 */
export type WriteStep = "run" | "look" | "resolve";

/** The progress of a write of many parts, which a repetition continues. Only one request at a time has it. */
export interface Progress {
  /** @throws StorageUnavailable */
  load(): Promise<unknown>;
  /** @throws StorageUnavailable; ProblemError `idempotency_in_progress` when another request has taken over */
  save(state: unknown): Promise<void>;
}

/** Ends a write that may have taken effect, or still may, when reading has not shown it. */
export class OutcomeUnknown extends ProblemError {
  /** Whether this request sent the write. Otherwise it only looked for the effect of an earlier attempt. */
  readonly sent: boolean;
  constructor(sent: boolean, details: ProblemDetails = {}) {
    super("outcome_unknown", details);
    this.sent = sent;
  }
}

/** The error for the caller of a POST without a key. With a key, the edge says how to proceed. */
export const UNKEYED = {
  detail:
    "The write may have taken effect, or still may within two minutes. Read the list before you repeat it: " +
    "without an Idempotency-Key a repetition is a second request.",
  retryable: false,
};
