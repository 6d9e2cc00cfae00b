import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";

const folders = ["docs", "lib", "test"];
const documents = [
  ...readdirSync(projectRoot).filter((file) => file.endsWith(".md")),
  ...folders.flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md") && !file.includes("node_modules"))
      .map((file) => join(folder, file)),
  ),
];
const read = (file: string) => readFileSync(join(projectRoot, file), "utf8");

/** The anchors of the headings, in the form that code hosts give them. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

/** The links of a document without a target in this project. */
function brokenLinks(file: string): string[] {
  const links = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : relative(projectRoot, join(projectRoot, dirname(file), path));
    if (!existsSync(join(projectRoot, target))) return true;
    return anchor !== undefined && target.endsWith(".md") && !anchorsOf(read(target)).includes(anchor);
  });
}

test.each(documents)("every link in %s has a target", (file) => {
  expect(brokenLinks(file)).toEqual([]);
});

test("commands that documents name exist", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const named = documents.flatMap((file) =>
    [...read(file).matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, name = ""]) => name),
  );
  const known = [...Object.keys(scripts), "dev"];
  expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
});

test("the README has at most 130 lines, and the glossary at most 25 terms", () => {
  expect(read("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(130);
  const [, , ...terms] = read("docs/glossary.md").match(/^\|.*$/gm) ?? [];
  expect(terms.length).toBeGreaterThan(0);
  expect(terms.length).toBeLessThanOrEqual(25);
});
