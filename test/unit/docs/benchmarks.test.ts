import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { barPlot } from "../../bench/plot.ts";
import { commandsOf, PAGE, replaceSection, table } from "../../bench/report.ts";

const page = readFileSync(PAGE, "utf8");

test("every section of docs/benchmarks.md is between the comments of a command that exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
  const commands = commandsOf(page);
  const names = commands.map((command) => command.replace("npm run ", ""));
  expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
  expect(new Set(commands).size).toBe(commands.length);
  const [head = "", ...sections] = page.split(/^(?=<!-- npm run )/m);
  expect(head).toMatch(/^# Benchmarks\n\n[^#]*\n$/);
  for (const section of sections) {
    const [, command = ""] = section.match(/^<!-- (.*) -->\n\n## .*\n/) ?? [];
    const headings = section.match(/^## /gm) ?? [];
    expect(headings, section.slice(0, 80)).toHaveLength(1);
    expect(section.trimEnd().endsWith(`\n\n<!-- /${command} -->`), section.slice(0, 80)).toBe(true);
    expect(section.match(/^<!-- /gm)).toHaveLength(2);
  }
});

test("every image of docs/benchmarks.md exists", () => {
  const images = [...page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path = ""]) => path);
  expect(images).toContain("images/morning.svg");
  expect(images.filter((path) => !existsSync(join(projectRoot, "docs", path)))).toEqual([]);
});

test("a command replaces the whole of its own section, and only that", () => {
  const before =
    "# Page\n\n<!-- npm run a -->\n\n## Old\n\ntext\n\n<!-- /npm run a -->\n\n<!-- npm run b -->\n<!-- /npm run b -->\n";
  const words = Array.from({ length: 40 }, () => "word").join(" ");
  const text = `${words}\n\n- one\n- ${words}\n\n${table(["case", "ms"], [["a", 1_234]])}`;
  const after = replaceSection(before, "npm run a", { title: "New", text });
  const line = (words: number) => Array.from({ length: words }, () => "word").join(" ");
  expect(after).toBe(
    `# Page\n\n<!-- npm run a -->\n\n## New\n\n${line(24)}\n${line(16)}\n\n- one\n- ${line(23)}\n  ${line(17)}\n\n` +
      "| case |    ms |\n| ---- | ----: |\n| a    | 1,234 |\n\n<!-- /npm run a -->\n\n<!-- npm run b -->\n<!-- /npm run b -->\n",
  );
  expect(replaceSection(after, "npm run a", { title: "New", text })).toBe(after);
  expect(() => replaceSection(before, "npm run c", { title: "New", text })).toThrow("no section");
});

test("a plot is the same in every run", () => {
  const plot = () =>
    barPlot({
      title: "Time & <more>",
      categories: ["a", "b"],
      series: [{ name: "one", values: [1, 2] }],
      values: { name: "ms" },
    });
  const first = plot();
  expect(plot()).toBe(first);
  expect(first).toContain("<title>Time &amp; &lt;more></title>");
  expect(first).not.toMatch(/zr\d|class=/);
});
