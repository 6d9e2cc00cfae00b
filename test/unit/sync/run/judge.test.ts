import { describe, expect, it } from "vitest";
import { type Finding, RECHECK_MS, type Verdict, verdictOn } from "../../../../lib/sync/run/judge.ts";
import type { Quarantine } from "../../../../lib/sync/run/quarantine.ts";
import { hashOf } from "../../../../lib/sync/snapshot/number-chunks.ts";

/** The quarantine that the run before left. */
type Known = "none" | "sameRecent" | "sameDue" | "sameConfirmed" | "otherConfirmed";
type Found = "nothing" | "few" | "many" | "mainLost" | "otherFingerprint";

const FOUND_AT = 1_000_000;
const ids = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
const plain = { baseSize: 100, lostMainNumbers: false, sameFingerprint: true };

const findings: Record<Found, Omit<Finding, "scanStartedAt">> = {
  nothing: { ...plain, missing: [] },
  few: { ...plain, missing: ids(20) },
  many: { ...plain, missing: ids(21) },
  mainLost: { ...plain, missing: ids(1), lostMainNumbers: true },
  otherFingerprint: { ...plain, missing: ids(1), sameFingerprint: false },
};

/** Complete by its type: a missing cell does not compile. `SPEC.md` shows the same table. */
const verdicts: Record<Known, Record<Found, Verdict>> = {
  none: {
    nothing: "prove",
    few: "prove",
    many: "shrink",
    mainLost: "main_numbers",
    otherFingerprint: "permissions",
  },
  sameRecent: {
    nothing: "prove",
    few: "prove",
    many: "shrink",
    mainLost: "main_numbers",
    otherFingerprint: "permissions",
  },
  sameDue: {
    nothing: "prove",
    few: "prove",
    many: "prove",
    mainLost: "main_numbers",
    otherFingerprint: "permissions",
  },
  sameConfirmed: {
    nothing: "prove",
    few: "remove",
    many: "remove",
    mainLost: "remove",
    otherFingerprint: "remove",
  },
  otherConfirmed: {
    nothing: "prove",
    few: "prove",
    many: "shrink",
    mainLost: "main_numbers",
    otherFingerprint: "permissions",
  },
};

function quarantineOf(known: Known, missing: readonly string[]): Quarantine | undefined {
  if (known === "none") return undefined;
  const removedHash = hashOf(known === "otherConfirmed" ? [...missing, "9"] : missing);
  const isConfirmed = known === "sameConfirmed" || known === "otherConfirmed";
  return {
    generation: 1,
    since: FOUND_AT,
    reason: "shrink",
    removed: missing.length,
    removedHash,
    foundAt: FOUND_AT,
    ...(isConfirmed && { confirmedAt: FOUND_AT }),
  };
}

const known: Known[] = ["none", "sameRecent", "sameDue", "sameConfirmed", "otherConfirmed"];
const found: Found[] = ["nothing", "few", "many", "mainLost", "otherFingerprint"];
const cells = known.flatMap((state) =>
  found.map((finding) => ({ state, finding, expected: verdicts[state][finding] })),
);

describe("the verdict on missing numbers", () => {
  it.each(cells)("$state, $finding: $expected", ({ state, finding, expected }) => {
    const { missing } = findings[finding];
    const laterMs = state === "sameRecent" ? RECHECK_MS - 1 : RECHECK_MS;
    const quarantine = quarantineOf(state, missing);
    expect(verdictOn({ ...findings[finding], scanStartedAt: FOUND_AT + laterMs }, quarantine)).toBe(expected);
  });

  it("allows ten removals in an account of any size", () => {
    const finding = { ...plain, baseSize: 12, scanStartedAt: FOUND_AT };
    expect(verdictOn({ ...finding, missing: ids(10) }, undefined)).toBe("prove");
    expect(verdictOn({ ...finding, missing: ids(11) }, undefined)).toBe("shrink");
  });
});
