/** Progress of a run; any process can resume from it after a crash. Instants are epoch milliseconds. */
export interface Checkpoint extends ScanProgress {
  runId: string;
  trigger: string;
  startedAt: number;
  updatedAt: number;
  /** Version of the head the run started from; staged pages are coded against it. */
  base: number;
  /** The permission fingerprint the run began with; "" until it is known. */
  fingerprint: string;
  /** Number of the scan, from 1: a list that changes while it is read is read again. */
  scan: number;
  /** Pages of abandoned scans. */
  pagesBefore: number;
  /** Seconds that one more page takes, by RingCentral's budget. */
  secondsPerPage?: number;
  /** Set once everything but the commit is settled. */
  result?: { decidedAt: number; total: number; added: number; updated: number; removed: number };
}

/** Progress of one full scan. */
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
  /** Staged pages and lookups: the count of each lease holder, in order. */
  pages: StagedBy[];
  lookups: StagedBy[];
  /** Transient failures in a row. */
  trouble: number;
}

type StagedBy = [generation: number, count: number];

export function newScan(now: number): ScanProgress {
  return {
    scanStartedAt: now,
    nextPage: 1,
    furthestPage: 0,
    stepsBack: 0,
    hasMoved: false,
    isScanned: false,
    numbersSeen: 0,
    skipped: 0,
    pages: [],
    lookups: [],
    trouble: 0,
  };
}

/** A checkpoint of another shape, which older code wrote, counts as none. */
export function ofKnownShape(stored: Checkpoint | undefined): Checkpoint | undefined {
  const isKnown = Array.isArray(stored?.pages) && Array.isArray(stored.lookups) && stored.nextPage > 0;
  return isKnown ? stored : undefined;
}

/** The checkpoint with its scan started again. */
export function restartScan(checkpoint: Checkpoint, pagesRead: number, now: number): Checkpoint {
  const { perPage: _p, totalElements: _e, totalPages: _t, miscount: _m, ...rest } = checkpoint;
  return {
    ...rest,
    ...newScan(now),
    scan: checkpoint.scan + 1,
    pagesBefore: checkpoint.pagesBefore + pagesRead,
  };
}

export const countStaged = (staged: readonly StagedBy[]) => staged.reduce((sum, [, count]) => sum + count, 0);

/** Pages the run has read, those of abandoned scans included. */
export const pagesOf = ({ pages, pagesBefore }: Checkpoint) => countStaged(pages) + pagesBefore;

/** Adds one record staged by this holder. */
export function withStaged(staged: readonly StagedBy[], generation: number): StagedBy[] {
  const last = staged.at(-1);
  if (last?.[0] !== generation) return [...staged, [generation, 1]];
  return [...staged.slice(0, -1), [generation, last[1] + 1]];
}

/** The holder that staged each record. */
export function holders(staged: readonly StagedBy[]): number[] {
  return staged.flatMap(([generation, count]) => Array.from({ length: count }, () => generation));
}
