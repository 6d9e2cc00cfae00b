import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";

const read = (file: string) => readFileSync(join(projectRoot, file), "utf8");
const page = read("docs/sources.md");
const keys = new Set([...page.matchAll(/^\| ([A-Z0-9]+) +\|/gm)].map(([, key]) => key));
const words = [...page.matchAll(/^\| `\[([a-z ]+)\]`/gm)].map(([, word = ""]) => word);

const files = ["lib", "functions", "infra", "test", "docs"].flatMap((folder) =>
  readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|js|mjs|md)$/.test(file) && !/node_modules|dist\//.test(file))
    .map((file) => join(folder, file)),
);

/** Each key of a citation such as `[docs: FWD, URIS]`; a detail may follow a key. */
const citations = files.flatMap((file) => {
  const text = read(file).replaceAll(/\n\s*(?:\*|\/\/) ?/g, " ");
  return [...text.matchAll(/\[([a-z ]+): ([^\]]+)\]/g)].flatMap(([whole, word = "", cited = ""]) => {
    if (!words.includes(word)) return [];
    return cited.split(", ").map((one) => ({ file, whole, key: one.split(" ")[0] ?? "" }));
  });
});

test("docs/sources.md explains each key of a citation", () => {
  expect(words).toContain("unsure");
  expect(citations.length).toBeGreaterThan(100);
  const unknown = citations.filter(({ key }) => !keys.has(key));
  expect(unknown.map(({ file, whole }) => `${file}: ${whole}`)).toEqual([]);
});

test("docs/sources.md has no key that nothing cites", () => {
  const cited = new Set(citations.filter(({ file }) => file !== "docs/sources.md").map(({ key }) => key));
  expect([...keys].filter((key) => key !== undefined && !cited.has(key))).toEqual([]);
});

test("a bracketed word of certainty is one of those that docs/sources.md explains", () => {
  const certain = /\[((?:docs|spec|sdk|seed|observed|unsure|assumed|inferred)[a-z ]*)(?::[^\]]*)?\](?!\()/g;
  const wrong = files.flatMap((file) =>
    [...read(file).matchAll(certain)].flatMap(([whole, word = ""]) =>
      words.includes(word) ? [] : [`${file}: ${whole}`],
    ),
  );
  expect(wrong).toEqual([]);
});
