/** How one check went. `skipped`: something before it has to be mended first. */
export type Outcome = "ok" | "warning" | "failed" | "skipped";

/** One line of the doctor's report. */
export interface Finding {
  check: string;
  outcome: Outcome;
  /** What was found, in one sentence without a full stop at its end. */
  found: string;
  /** Who changes what. */
  remedy?: string;
}

/** Of the whole: anything that failed makes it ill, a warning does not. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ outcome }) => outcome !== "failed");
}

export const ok = (check: string, found: string): Finding => ({ check, outcome: "ok", found });
export const warning = (check: string, found: string, remedy: string): Finding => ({
  check,
  outcome: "warning",
  found,
  remedy,
});
export const failed = (check: string, found: string, remedy: string): Finding => ({
  check,
  outcome: "failed",
  found,
  remedy,
});
export const skipped = (check: string, because: string): Finding => ({
  check,
  outcome: "skipped",
  found: because,
});
