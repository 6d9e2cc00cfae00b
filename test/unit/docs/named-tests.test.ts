import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { namedTests } from "./named-tests.ts";

const read = (file: string) => readFileSync(join(projectRoot, file), "utf8");
const rowsOf = (text: string) =>
  text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (-|kind|requirement)/.test(line));

test("each threat in SECURITY.md names tests that hold it, and all of them exist", () => {
  const model = /## Threat model[\s\S]*?### What is not held/.exec(read("SECURITY.md"))?.[0] ?? "";
  const rows = rowsOf(model);
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter((row) => namedTests(row).named === 0)).toEqual([]);
  expect(namedTests(model).missing).toEqual([]);
  const kinds = new Set(rows.map((row) => row.split("|")[1]?.trim()));
  expect([...kinds].sort()).toEqual([
    ...["denial", "disclosure", "elevation", "repudiation", "spoofing", "tampering"],
  ]);
});

/** `1.2.1-1.2.3, 1.5` is four numbers. */
function numbersIn(cell: string): string[] {
  return cell.split(", ").flatMap((part) => {
    const [from = "", to = from] = part.split("-");
    const chapter = from.slice(0, from.lastIndexOf(".") + 1);
    const [first, last] = [from, to].map((one) => Number(one.slice(chapter.length)));
    return Array.from(
      { length: (last ?? 0) - (first ?? 0) + 1 },
      (_, index) => `${chapter}${(first ?? 0) + index}`,
    );
  });
}

test("docs/asvs.md judges each of the 253 requirements once, counts them right, and names tests that exist", () => {
  const page = read("docs/asvs.md");
  const rows = rowsOf(page)
    .map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()))
    .filter(([numbers = ""]) => /^\d/.test(numbers));
  const numbers = rows.flatMap(([cell = ""]) => numbersIn(cell));
  expect(numbers).toHaveLength(253);
  expect(new Set(numbers).size).toBe(253);
  const count = (verdict: string) =>
    rows.filter(([, found]) => found === verdict).flatMap(([cell = ""]) => numbersIn(cell)).length;
  const counts = ["met", "partly", "not met", "n/a"].map(count);
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(253);
  const stated = /Of them (\d+) are met, (\d+) partly, (\d+) not, and (\d+) do not apply/
    .exec(page)
    ?.slice(1);
  expect(stated?.map(Number)).toEqual(counts);
  expect(namedTests(page).named).toBeGreaterThan(50);
  expect(namedTests(page).missing).toEqual([]);
});
