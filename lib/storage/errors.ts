/**
 * The table could not be reached, or did not respond in time. A write that failed this way may have taken effect.
 * Callers degrade or reject. It never contains a record's content.
 */
export class StorageUnavailable extends Error {
  /** The table is reachable but busy: waiting helps, working without it does not. */
  readonly throttled: boolean;
  constructor(reason: string, options: { cause?: unknown; throttled?: boolean } = {}) {
    super(`storage unavailable: ${reason}`, { cause: options.cause });
    this.name = "StorageUnavailable";
    this.throttled = options.throttled ?? false;
  }
}
