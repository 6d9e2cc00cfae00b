import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import { launchChromium } from "./launch-chromium.ts";

const require = createRequire(import.meta.url);
const axeScript = require.resolve("axe-core/axe.min.js");

/** The width of a phone and of a desktop. */
export const widths = [390, 1280] as const;

export interface OpenOptions {
  width?: number;
  colorScheme?: "light" | "dark";
}

export interface OpenPage extends Page {
  /** The browser's complaints: script errors, violations of the page's own policy, failed loads. */
  complaints: string[];
}

/** One browser for the tests of a file; each test's windows are closed after it. */
export function useBrowser(): () => Browser {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(() => browser.close());
  return () => browser;
}

/** Opens a page of the stack in a new window. */
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

/** Axe's findings on the page as it is now, one line per element. */
export async function findAccessibilityProblems(page: Page): Promise<string[]> {
  // Not a script element: the page's policy rightly blocks one.
  await page.evaluate(await readFile(axeScript, "utf8"));
  const { violations } = await page.evaluate<AxeResults>("axe.run(document)");
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, html }) => `${id}: ${help}: ${target.join(" ")} ${html.slice(0, 120)}`),
  );
}

/** Number of pixels of the page beyond the window's right edge. */
export function hiddenWidth(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
}
