import { describe, expect, test } from "vitest";
import { findAccessibilityProblems, hiddenWidth, openPage, useBrowser, widths } from "./chromium.ts";
import { marta, signInAs } from "./sign-in.ts";

const browser = useBrowser();

describe("signing in to the pages", () => {
  test("as an administrator serves the reference and the console, in one tab, until signing out", async () => {
    const page = await openPage(browser(), "/docs");
    const status = page.getByRole("status", { name: "Sign-in" });
    await signInAs(page, marta);
    await expect
      .poll(() => status.textContent())
      .toMatch(/^Signed in as Marta Vidal, extension 101\. .*ops:read/);
    expect(page.url()).toMatch(/\/docs$/);
    expect(await page.getByRole("textbox", { name: "Access token" }).isVisible()).toBe(false);

    await page.evaluate("location.assign('/docs#tag/people/GET/v1/me')");
    await page.locator("button").filter({ hasText: "(get /v1/me)" }).click();
    const responded = page.waitForResponse(/\/v1\/me$/);
    await page.getByRole("dialog").getByRole("button", { name: "Send" }).first().click();
    const { data } = await (await responded).json();
    expect(data).toMatchObject({ extension: { name: "Marta Vidal" }, budget: "own" });

    await page.goto(page.url().replace(/\/docs.*/, "/console"));
    await expect.poll(() => page.locator("#budgets h3").allTextContents()).toContain("light");
    await expect.poll(() => page.locator("#sync").textContent()).toContain("Last success");
    expect(await status.textContent()).toContain("Marta Vidal");
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      expect(await findAccessibilityProblems(page)).toEqual([]);
      expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
    }
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("textbox", { name: "Access token" }).waitFor();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
    expect(page.complaints).toEqual([]);
  });

  test("that has ended on the server brings the field for a token back", async () => {
    const page = await openPage(browser(), "/console");
    await signInAs(page, marta);
    const status = page.getByRole("status", { name: "Sign-in" });
    await expect.poll(() => status.textContent()).toContain("Marta Vidal");
    expect(page.url()).toMatch(/\/console$/);
    // Another tab of a copied session signs out, and the access token grows old.
    await page.evaluate(`(async () => {
      const { refreshToken, ...session } = JSON.parse(sessionStorage.getItem("ringfront-sign-in"));
      const body = new URLSearchParams({ client_id: "pages", token: refreshToken });
      await fetch("/oauth/revoke", { method: "POST", body });
      sessionStorage.setItem("ringfront-sign-in", JSON.stringify({ ...session, refreshToken, expiresAt: 0 }));
    })()`);
    await page.getByRole("button", { name: "Read now" }).click();
    await expect.poll(() => status.textContent()).toBe("The session has ended.");
    await page.getByRole("textbox", { name: "Access token" }).waitFor();
    await expect.poll(() => page.locator("#budgets h3").allTextContents()).toContain("light");
  });
});
