import { execFileSync } from "node:child_process";
import type { NpmStart } from "./npm-start.ts";

export const curlLines = (started: NpmStart): string[] =>
  started
    .output()
    .split("\n")
    .filter((line) => line.startsWith("curl "));

/** Runs a printed line as a person would. */
export function runLine(line: string): {
  status: string;
  body: { data: { label?: string; phoneNumber?: string }[] };
} {
  const [body = "", status = ""] = execFileSync("sh", ["-c", `${line} -w '\\n%{http_code}'`], {
    encoding: "utf8",
  })
    .trim()
    .split(/\n(?=\d{3}$)/);
  return { status, body: JSON.parse(body) };
}

/** The statuses of the lines in their order, on every call-handling backend. */
export const answers = ["200", "201", "200", "200", "201", "200", "200"];

/** The forwarding numbers now, as RingCentral has them. */
export const numbersIn = (lines: readonly string[]) =>
  runLine(`${lines[3]} -H 'cache-control: no-cache'`)
    .body.data.map(({ phoneNumber, label }) => phoneNumber && `${phoneNumber} ${label}`)
    .sort();

/** The same after the lines. */
export const numbersAfter = [
  "+12025550155 Lake cabin",
  "+13125550187 Home",
  "+13125550188 Mobile",
  "+16505550111 Desk phone",
  undefined,
];
