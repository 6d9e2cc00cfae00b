import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";

const folders = ["lib", "functions", "infra", "test", "docs"];
const files = folders.flatMap((folder) =>
  readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => !/node_modules|dist\//.test(file))
    .map((file) => join(folder, file)),
);
const atTheTop = readdirSync(projectRoot);
const sources = [...files, ...atTheTop].filter((file) => /\.(ts|js|mjs|yml|yaml|dot|md)$/.test(file));
const names = new Set([...files, ...atTheTop].map((file) => basename(file)));
/** Files that come from a build, a package or the reader, and the example in CONTRIBUTING. */
const elsewhere = [
  "template.json",
  "stack.json",
  "sdk.ts",
  "secret.json",
  "rc-public-openapi.yml",
  "functions/extensions/count-blocked-numbers.ts",
];

/** The comments of a source file; the whole text of a document. */
function commentsOf(file: string): string {
  const text = readFileSync(join(projectRoot, file), "utf8");
  if (file.endsWith(".md")) return text;
  const pattern = /\.ya?ml$/.test(file) ? /(?:^|\s)# .*$/gm : /\/\*[\s\S]*?\*\/|(?:^|\s)\/\/ .*$/gm;
  return (text.match(pattern) ?? []).join("\n").replaceAll(/\n\s*(?:\*|\/\/|#) ?/g, " ");
}

/** Paths from the project's root that do not exist. For a pattern, its folder is checked; for a handler, its file. */
function missingPaths(comments: string): string[] {
  const paths = comments.match(/(?<![\w./@-])(?:lib|functions|infra|test|docs)\/[\w./*{},-]*/g) ?? [];
  return paths.filter((path) => {
    const bare = path.replace(/[.,]+$/, "").replace(/\.handler$/, ".ts");
    const target = /[*{]/.test(bare) ? dirname(`${bare.slice(0, bare.search(/[*{]/))}x`) : bare;
    return !elsewhere.includes(target) && !existsSync(join(projectRoot, target));
  });
}

function missingNames(comments: string): string[] {
  const mentioned = comments.match(/(?<![\w./@*<>-])[\w-]+(?:\.\w+)?\.(?:ts|mjs|js|yml|md|json)\b/g) ?? [];
  return mentioned.filter((name) => !names.has(name) && !elsewhere.includes(name));
}

function missingSections(comments: string): string[] {
  const headings = readFileSync(join(projectRoot, "README.md"), "utf8");
  const sections = [...comments.matchAll(/README,? (?:under )?"([^"]+)"/g)].map(([, title = ""]) => title);
  return sections.filter((title) => !headings.includes(`## ${title}\n`));
}

test("comments and documents name files and sections that exist", () => {
  const wrong = sources.flatMap((file) => {
    const comments = commentsOf(file);
    const missing = [missingPaths, missingNames, missingSections].flatMap((find) => find(comments));
    return missing.map((what) => `${file}: ${what}`);
  });
  expect(wrong).toEqual([]);
});
