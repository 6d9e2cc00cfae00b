import { describe, expect, inject, test } from "vitest";
import { problems } from "../../lib/contract/problems.ts";
import { findAccessibilityProblems, hiddenWidth, openPage, useBrowser, widths } from "./chromium.ts";

const browser = useBrowser();

describe("the error catalogue", () => {
  test("opens at the entry of the code that a problem's type links to", async () => {
    const { apiUrl } = inject("stack");
    const response = await fetch(`${apiUrl}/v1/limits`);
    const { type, code } = JSON.parse(await response.text());
    const page = await openPage(browser(), new URL(type, response.url).href.slice(apiUrl.length));
    const entry = page.locator(":target");
    expect(await entry.getAttribute("id")).toBe(code);
    expect(await entry.textContent()).toContain("What to do");
    expect(page.complaints).toEqual([]);
  });

  test("has an entry for each code, with its owner and whether to retry", async () => {
    const page = await openPage(browser(), "/docs/errors");
    for (const [code, { title, retryable }] of Object.entries(problems)) {
      const text = await page.locator(`article#${code}`).textContent();
      expect(text).toContain(title.replaceAll("`", ""));
      expect(text).toContain(retryable ? "Yes, after waiting" : "No, the same request");
    }
    expect(await page.locator("article").count()).toBe(Object.keys(problems).length);
  });

  test.each(widths)(
    "at %i pixels wide is readable for everybody, in light and dark colours",
    async (width) => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await openPage(browser(), "/docs/errors", { width, colorScheme });
        expect(await findAccessibilityProblems(page)).toEqual([]);
        expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
      }
    },
  );
});
