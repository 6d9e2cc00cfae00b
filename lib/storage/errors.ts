/**
 * The table could not be asked, or did not answer in time. A write that failed this way may have taken effect.
 * Callers degrade (or refuse) on it; it never carries a record's content.
 */
export class StorageUnavailable extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(`storage unavailable: ${reason}`, options);
    this.name = "StorageUnavailable";
  }
}
