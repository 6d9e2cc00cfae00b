import type { PhoneNumber } from "../../contract/company-numbers.ts";
import { hashOf } from "../snapshot/number-chunks.ts";
import { type Quarantine, Quarantined, type QuarantineReason, readQuarantine } from "./quarantine.ts";
import type { Run } from "./run.ts";

/** Removals allowed without a re-check: this count or this share of the base, whichever is larger. */
const MAX_REMOVED = 10;
const MAX_REMOVED_SHARE = 0.2;
/** A re-check is a full scan that begins at least this long after the first one and finds the same. */
export const RECHECK_MS = 5 * 60 * 1000;

export interface Finding {
  /** Ids that the base has and the scan has not, sorted. */
  missing: readonly string[];
  baseSize: number;
  lostMainNumbers: boolean;
  sameFingerprint: boolean;
  scanStartedAt: number;
}

/**
 * - `prove`: each removal needs its proof by id
 * - `remove`: an operator has confirmed exactly these removals
 */
export type Verdict = "prove" | "remove" | QuarantineReason;

/** Decides whether the numbers that a scan did not show may be gone. @throws Quarantined */
export async function judge(run: Run): Promise<void> {
  const { base, numbers, missing, checkpoint, lease } = run;
  const finding = {
    missing,
    baseSize: base.numbers.length,
    lostMainNumbers: hasMain(base.numbers) && !hasMain([...numbers.values()]),
    sameFingerprint: checkpoint.fingerprint === lease.head.fingerprint,
    scanStartedAt: checkpoint.scanStartedAt,
  };
  const known = await readQuarantine(run.records, lease.head);
  const verdict = verdictOn(finding, known);
  if (verdict !== "prove" && verdict !== "remove") {
    // Only a shrink can be settled by a re-check.
    throw new Quarantined(verdict, verdict === "shrink" && known?.hasRecheck !== true);
  }
  run.isConfirmed = verdict === "remove";
}

/** The rule behind `judge`. @param known the quarantine of the run before */
export function verdictOn(finding: Finding, known: Quarantine | undefined): Verdict {
  const { missing, baseSize, lostMainNumbers, sameFingerprint, scanStartedAt } = finding;
  if (missing.length === 0) return "prove";
  const isSame = known?.removedHash === hashOf(missing);
  if (isSame && known.confirmedAt !== undefined) return "remove";
  if (lostMainNumbers) return "main_numbers";
  if (!sameFingerprint) return "permissions";
  const isLarge = missing.length > Math.max(MAX_REMOVED, Math.floor(baseSize * MAX_REMOVED_SHARE));
  const isRecheck = isSame && scanStartedAt - known.foundAt >= RECHECK_MS;
  return isLarge && !isRecheck ? "shrink" : "prove";
}

const hasMain = (numbers: readonly PhoneNumber[]) =>
  numbers.some(({ usageType }) => usageType === "MainCompanyNumber");
