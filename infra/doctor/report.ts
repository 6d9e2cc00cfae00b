import { styleText } from "node:util";
import type { Examination } from "./examine.ts";
import type { Finding, Outcome } from "./finding.ts";

const labels: Record<Outcome, string> = { ok: "ok", warning: "warning", failed: "FAILED", skipped: "-" };
const colours = { ok: "green", warning: "yellow", failed: "red", skipped: "gray" } as const;

/** Wide enough for the longest label and the longest check. */
const LABEL = 9;
const CHECK = 21;
const INDENT = " ".repeat(2 + LABEL + CHECK);

interface Report extends Examination {
  /** The origin of the credentials. */
  name: string;
}

/** The report for this process's output. */
export const reportForTerminal = (report: Report): string =>
  writeReport(report, process.stdout.isTTY === true && !process.env.NO_COLOR);

/** The findings as lines of text, and a sentence at the end. @param isColoured whether escape codes may be used */
export function writeReport({ name, findings, accountId, extensionId }: Report, isColoured: boolean): string {
  const lines = findings.flatMap((finding, index) => {
    // One line for neighbours with the same fix.
    const isRepeated = finding.fix !== undefined && finding.fix === findings[index + 1]?.fix;
    const line = lineFor(finding, isColoured);
    return finding.fix === undefined || isRepeated ? [line] : [line, `${INDENT}-> ${finding.fix}`];
  });
  const use = accountId && ` For npm start: --account ${accountId} --extension ${extensionId}.`;
  return [`Ringfront doctor: ${name}`, "", ...lines, "", verdict(findings, use ?? "")].join("\n");
}

function lineFor({ check, outcome, found }: Finding, isColoured: boolean): string {
  const padded = labels[outcome].padEnd(LABEL);
  const label = isColoured ? styleText(colours[outcome], padded, { validateStream: false }) : padded;
  return `  ${label}${check.padEnd(CHECK)}${outcome === "skipped" ? `not checked: ${found}` : found}`;
}

function verdict(findings: readonly Finding[], use: string): string {
  const count = (outcome: Outcome) => findings.filter((finding) => finding.outcome === outcome).length;
  const problems = count("failed");
  if (problems > 0) return problems === 1 ? "One thing must be fixed." : `${problems} things must be fixed.`;
  return `${count("warning") > 0 ? "It will work, with reservations." : "Everything is in order."}${use}`;
}
