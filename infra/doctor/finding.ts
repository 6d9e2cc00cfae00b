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

/** A failure in words: its meaning, and the fix with its owner. */
export type Explanation = Required<Pick<Finding, "found" | "fix">>;

export const ok = (check: string, found: string): Finding => ({ check, outcome: "ok", found });
export const skipped = (check: string, found: string): Finding => ({ check, outcome: "skipped", found });
export const warning = (check: string, why: Explanation): Finding => ({ check, outcome: "warning", ...why });
export const failed = (check: string, why: Explanation): Finding => ({ check, outcome: "failed", ...why });

/** A warning is healthy, a failure is not. */
export const isHealthy = (findings: readonly Finding[]) =>
  findings.every(({ outcome }) => outcome !== "failed");

export const appOwner = "The app's owner, in RingCentral's developer console";
export const administrator = "An administrator of the account, in RingCentral's admin portal";
