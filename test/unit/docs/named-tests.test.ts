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
