import { describe, expect, inject, test } from "vitest";
import { guides } from "../../lib/pages/guides/guides.ts";
import { findAccessibilityProblems, hiddenWidth, openPage, useBrowser } from "./chromium.ts";

const browser = useBrowser();
const all = Object.values(guides).flat();

describe("the guides", () => {
  test.each(all)(
    "$title can be read in a second, with a policy that lets no script run",
    async ({ name }) => {
      const { apiUrl } = inject("stack");
      const page = await openPage(browser(), `/docs/guides/${name}`);
      const painted = await page.evaluate<number>(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()",
      );
      expect(painted).toBeLessThan(1_000);
      const policy = (await fetch(page.url())).headers.get("content-security-policy");
      expect(policy).toContain("script-src 'none'");
      expect(policy).not.toContain("unsafe");
      expect(page.complaints).toEqual([]);
      expect(page.url()).toBe(`${apiUrl}/docs/guides/${name}`);
    },
  );

  test.each([
    [390, "light"],
    [390, "dark"],
    [768, "light"],
    [1280, "dark"],
    [1280, "light"],
  ] as const)("at %i pixels wide, in %s colours, are readable for everybody", async (width, colorScheme) => {
    const page = await openPage(browser(), "/docs/guides/overview", { width, colorScheme });
    for (const { name } of all) {
      await page.goto(`${inject("stack").apiUrl}/docs/guides/${name}`);
      expect(await findAccessibilityProblems(page), name).toEqual([]);
      expect(await hiddenWidth(page), name).toBeLessThanOrEqual(0);
      const tables = await page
        .getByRole("group", { name: "Table" })
        .evaluateAll((nodes) => nodes.map((node) => node.scrollWidth - node.clientWidth));
      expect(Math.max(0, ...tables), name).toBe(0);
    }
  });

  test("are listed where their addresses begin", async () => {
    const page = await openPage(browser(), "/docs/guides", { width: 390 });
    const links = page.getByRole("main").getByRole("link");
    expect(await links.allTextContents()).toEqual(all.map(({ title }) => title));
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
    await links.nth(3).click();
    await page.waitForURL("**/docs/guides/paging");
  });

  test("lead to each other, to the reference and to the catalogue, and the reference leads back", async () => {
    const page = await openPage(browser(), "/docs/guides/paging");
    await page.getByRole("navigation", { name: "Guides" }).getByRole("link", { name: "Errors" }).click();
    await page.waitForURL("**/docs/guides/errors");
    await page.getByRole("link", { name: "outcome_unknown" }).first().click();
    await page.waitForURL("**/docs/errors#outcome_unknown");
    await page.getByRole("link", { name: "Guides" }).click();
    await page.waitForURL("**/docs/guides/overview");
    await page.goto(
      `${inject("stack").apiUrl}/docs#tag/company-numbers/GET/v1/account/phone-numbers/changes`,
    );
    await page.getByRole("link", { name: "The change feed" }).first().click();
    await page.waitForURL("**/docs/guides/change-feed");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("The change feed");
  });

  test("answer an unknown name with a problem", async () => {
    const response = await fetch(`${inject("stack").apiUrl}/docs/guides/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
  });
});
