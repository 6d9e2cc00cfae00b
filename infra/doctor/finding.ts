/** How one check went. `skipped`: an earlier failure must be fixed first. */
export type Outcome = "ok" | "warning" | "failed" | "skipped";

/** One line of the doctor's report. */
export interface Finding {
  check: string;
  outcome: Outcome;
  /** What was found, in one sentence without a full stop at its end. */
  found: string;
  /** Who changes what. */
  fix?: string;
}

/** A warning is healthy, a failure is not. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ outcome }) => outcome !== "failed");
}

export const ok = (check: string, found: string): Finding => ({ check, outcome: "ok", found });
export const warning = (check: string, found: string, fix: string): Finding => ({
  check,
  outcome: "warning",
  found,
  fix,
});
export const failed = (check: string, found: string, fix: string): Finding => ({
  check,
  outcome: "failed",
  found,
  fix,
});
export const skipped = (check: string, because: string): Finding => ({
  check,
  outcome: "skipped",
  found: because,
});
