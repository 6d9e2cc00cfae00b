import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../infra/build/bundle.ts";

/** The page of all measurements. Each of its sections is between two comments that name the command which writes it. */
export const PAGE = join(projectRoot, "docs/benchmarks.md");
const WIDTH = 120;

export interface Section {
  title: string;
  /** Markdown. Paragraphs and list items may be one line each: they are wrapped. */
  text: string;
}

/**
 * Replaces a whole section of the page.
 * @param command the command that measures it, as the page names it: `npm run bench:cold`
 * @throws Error when the page has no such section
 */
export function writeSection(command: string, section: Section): void {
  writeFileSync(PAGE, replaceSection(readFileSync(PAGE, "utf8"), command, section));
  console.log(`wrote "${section.title}" in docs/benchmarks.md`);
}

/**
 * For a test that counts: compares, and writes only for `npm run bench:calls` and its like.
 * @returns the section in the page and as it should be
 */
export function countedSection(command: string, section: Section): { found: string; expected: string } {
  if (process.env.WRITE_BENCHMARKS !== undefined) writeSection(command, section);
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = boundsOf(page, command);
  return { found: page.slice(from, to), expected: contentOf(section) };
}

export function replaceSection(page: string, command: string, section: Section): string {
  const [from, to] = boundsOf(page, command);
  return page.slice(0, from) + contentOf(section) + page.slice(to);
}

/** The commands that write the page, in its order. */
export function commandsOf(page: string): string[] {
  return [...page.matchAll(/^<!-- (?!\/)(.*) -->$/gm)].map(([, command = ""]) => command);
}

function boundsOf(page: string, command: string): [from: number, to: number] {
  const begin = `<!-- ${command} -->\n`;
  const [from, to] = [page.indexOf(begin), page.indexOf(`\n<!-- /${command} -->`)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no section for "${command}"`);
  return [from + begin.length, to];
}

const contentOf = ({ title, text }: Section) => `\n## ${title}\n\n${wrap(text.trim())}\n`;

/** Paragraphs and list items in lines of at most `WIDTH`; tables, headings, images, comments and code stay. */
function wrap(text: string): string {
  const paragraphs = text.split(/\n{2,}/);
  return paragraphs
    .map((paragraph) =>
      paragraph
        .split(/\n(?=- )/)
        .map(fill)
        .join("\n"),
    )
    .join("\n\n");
}

/** Links and code are not broken. */
const WORD = /(?:\[[^\]]*\]\([^)]*\)|`[^`]*`|\S)+/g;

function fill(block: string): string {
  if (/^(\||#|!\[|<|```)/.test(block)) return block;
  const indent = block.startsWith("- ") ? "  " : "";
  const lines = [""];
  for (const [word] of block.matchAll(WORD)) {
    const line = lines.at(-1) ?? "";
    if (line.trim() === "") lines[lines.length - 1] = line + word;
    else if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(indent + word);
  }
  return lines.join("\n");
}

/** A column's heading, and how its cells are aligned: as prose on the left, as figures on the right. */
export interface Column {
  name: string;
  align?: "left" | "right";
}
export type Cell = string | number;

/**
 * A table of the page.
 * @param columns the first is on the left, the others on the right where they do not say otherwise
 */
export function table(columns: readonly (string | Column)[], rows: readonly (readonly Cell[])[]): string {
  const heads = columns.map((column) => (typeof column === "string" ? { name: column } : column));
  const isLeft = heads.map(({ align }, n) => (align ?? (n === 0 ? "left" : "right")) === "left");
  const cells = [
    heads.map(({ name }) => name),
    ...rows.map((row) => row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell))),
  ];
  const widths = heads.map((_, n) => Math.max(3, ...cells.map((row) => [...(row[n] ?? "")].length)));
  const pad = (text: string, n: number) => {
    const space = " ".repeat((widths[n] ?? 0) - [...text].length);
    return isLeft[n] ? text + space : space + text;
  };
  const line = (row: readonly string[]) => `| ${heads.map((_, n) => pad(row[n] ?? "", n)).join(" | ")} |`;
  const rule = widths.map((width, n) => (isLeft[n] ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const [heading = [], ...others] = cells;
  return [line(heading), line(rule), ...others.map(line)].join("\n");
}
