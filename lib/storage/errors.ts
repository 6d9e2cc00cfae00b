/**
 * The table could not be reached, was busy, or did not respond in time. A write that failed this way may have taken effect.
 * Callers degrade or reject. It never contains a record's content.
 */
export class StorageUnavailable extends Error {
  constructor(reason: string, { cause }: { cause?: unknown } = {}) {
    super(`storage unavailable: ${reason}`, { cause });
    this.name = "StorageUnavailable";
  }
}

/** The request has waited for the table as long as it may: another try is of no use. */
export class TableWaitOver extends StorageUnavailable {}
