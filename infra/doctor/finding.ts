/** The outcome of one check. `skipped`: an earlier failure must be fixed first. */
export type Outcome = "ok" | "warning" | "failed" | "skipped";

/** One line of the doctor's report. */
export interface Finding {
  check: string;
  outcome: Outcome;
  /** The finding, in one sentence without a full stop at its end. */
  found: string;
  /** The fix, and its owner. */
  fix?: string;
}

/** A warning is healthy, a failure is not. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ outcome }) => outcome !== "failed");
}

const withoutFix = (outcome: Outcome) => (check: string, found: string) => ({ check, outcome, found });
const withFix = (outcome: Outcome) => (check: string, found: string, fix: string) => {
  return { check, outcome, found, fix };
};
export const ok = withoutFix("ok");
export const skipped = withoutFix("skipped");
export const warning = withFix("warning");
export const failed = withFix("failed");
