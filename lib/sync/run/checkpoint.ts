/** Progress of a run; any process can resume from it after a crash. Instants are epoch milliseconds. */
export interface Checkpoint extends ScanProgress {
  shape: typeof SHAPE;
  runId: string;
  trigger: string;
  startedAt: number;
  updatedAt: number;
  /** Version of the head the run started from; staged pages are coded against it. */
  base: number;
  /** The permission fingerprint the run began with; "" until it is known. */
  fingerprint: string;
  /** From 1. */
  scan: number;
  /** Pages read, those of abandoned scans included. */
  pagesRead: number;
  /** Seconds that one more page takes, by RingCentral's budget. */
  secondsPerPage?: number;
  /** Times that the run started over; without end when the credentials change during each scan. */
  restarts: number;
  /** Why the staged pages are unusable. */
  stale?: StaleReason;
  /** What the run changes, and the instant that its changes carry: set once only the commit is left. */
  result?: { decidedAt: number; added: number; updated: number; removed: number };
}

/** `overtaken`: the base is not the current version. `stage_lost`: a staged record is missing. */
export type StaleReason = "too_old" | "overtaken" | "fingerprint" | "stage_lost";

/** Progress of one full scan, and of the look-ups after it. */
interface ScanProgress {
  scanStartedAt: number;
  /** Page size that RingCentral applied to the first page; the other pages are counted by it. */
  perPage?: number;
  /** As RingCentral last stated it. */
  totalElements?: number;
  totalPages?: number;
  /** RingCentral's page to read next, and the last one it has read so far. */
  nextPage: number;
  furthestPage: number;
  /** Times that the scan went back a page because the list had become shorter. */
  stepsBack: number;
  /** The stated size of the list changed while it was read. */
  hasMoved: boolean;
  /** Distinct numbers minus the stated size, at the end of a scan of a list that did not move. */
  miscount?: number;
  /** RingCentral has no further page. */
  isScanned: boolean;
  /** Distinct numbers. */
  numbersSeen: number;
  /** Records that could not be read. */
  skipped: number;
  pages: Staged;
  lookups: Staged;
  /** Missing numbers that are looked up, from the first. */
  lookedUp: number;
  /** Transient failures in a row. */
  failuresInARow: number;
}

/** Staged records: how many each lease holder has staged, in order. */
export type Staged = readonly (readonly [generation: number, count: number])[];

/** The most transient failures in a row that a run waits out, and the most times that it starts over. */
export const MAX_RETRIES = 5;

/** Changes when older code's checkpoints become unusable. */
export const SHAPE = 3;

export function newCheckpoint(
  run: Pick<Checkpoint, "runId" | "trigger" | "base" | "fingerprint">,
  now: number,
): Checkpoint {
  const counts = { scan: 1, pagesRead: 0, restarts: 0 };
  return { shape: SHAPE, ...run, startedAt: now, updatedAt: now, ...counts, ...newScan(now) };
}

/** The checkpoint with its scan started again. */
export function restartScan(checkpoint: Checkpoint, now: number): Checkpoint {
  const { perPage: _p, totalElements: _e, totalPages: _t, miscount: _m, ...rest } = checkpoint;
  return { ...rest, ...newScan(now), scan: rest.scan + 1 };
}

function newScan(now: number): ScanProgress {
  const position = { nextPage: 1, furthestPage: 0, stepsBack: 0, hasMoved: false, isScanned: false };
  const counts = { numbersSeen: 0, skipped: 0, lookedUp: 0, failuresInARow: 0 };
  return { scanStartedAt: now, ...position, ...counts, pages: [], lookups: [] };
}
