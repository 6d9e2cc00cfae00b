import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { inject } from "vitest";

const require = createRequire(import.meta.url);
const axeScript = require.resolve("axe-core/axe.min.js");

/** A phone's width and a desktop's. */
export const widths = [390, 1280] as const;

export interface OpenOptions {
  width?: number;
  colorScheme?: "light" | "dark";
}

export interface OpenPage extends Page {
  /** What the browser complained about: errors of scripts, refusals of the page's own policy, failed loads. */
  complaints: string[];
}

/** Opens a page of the stack in a window of its own. */
export async function openPage(browser: Browser, path: string, options: OpenOptions = {}): Promise<OpenPage> {
  const { width = 1280, colorScheme = "light" } = options;
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme,
    reducedMotion: "reduce",
  });
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(inject("stack").apiUrl + path);
  return Object.assign(page, { complaints });
}

/** What axe finds wrong with the page as it is now, one line an element. */
export async function findAccessibilityProblems(page: Page): Promise<string[]> {
  // Not as a script element: the page's policy would refuse it, as it should.
  await page.evaluate(await readFile(axeScript, "utf8"));
  const { violations } = await page.evaluate<AxeResults>("axe.run(document)");
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, html }) => `${id}: ${help}: ${target.join(" ")} ${html.slice(0, 120)}`),
  );
}

/** How many pixels of the page lie beyond the window's right edge. */
export function hiddenWidth(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
}
