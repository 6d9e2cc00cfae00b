import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { hasTitle } from "./named-tests.ts";

const read = (file: string) => readFileSync(join(projectRoot, file), "utf8");
const pages = readdirSync(join(projectRoot, "lib"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith("SPEC.md") && !file.includes("node_modules"))
  .map((file) => join("lib", file));

test("each protocol has its page", () => {
  const folders = [
    "http/idempotency",
    "numbers/forwarding",
    "ringcentral/auth",
    "ringcentral/cache",
    "ringcentral/rate-limit",
    "sync/run",
  ];
  expect(pages.toSorted()).toEqual(folders.map((folder) => `lib/${folder}/SPEC.md`));
});

test.each(pages)("%s names tests that exist, one for each invariant at least", (page) => {
  const text = read(page);
  const named = [...text.matchAll(/Held by: `([^`]+)` "(.+)"$/gm)];
  expect(named).toHaveLength(text.match(/Held by/g)?.length ?? 0);
  expect(named.flatMap(([line, file = "", title = ""]) => (hasTitle(file, title) ? [] : [line]))).toEqual([]);
  const invariants = text.split(/^(?=(?:- )?\*\*I\d+)/m).slice(1);
  expect(invariants.length).toBeGreaterThan(0);
  expect(invariants.filter((invariant) => !invariant.includes("Held by: "))).toEqual([]);
});

test.each(pages)("no table in %s lacks a cell", (page) => {
  const tables = read(page).match(/(?:^\|.*\n)+/gm) ?? [];
  const incomplete = tables.flatMap((table) => {
    const [head = "", ...rows] = table.trimEnd().split("\n");
    const cellsOf = (row: string) => row.split("|").slice(1, -1);
    const isComplete = (row: string) =>
      cellsOf(row).length === cellsOf(head).length && cellsOf(row).every((cell) => cell.trim() !== "");
    return [head, ...rows].filter((row) => !isComplete(row));
  });
  expect(incomplete).toEqual([]);
});
