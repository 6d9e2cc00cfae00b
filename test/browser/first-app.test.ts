import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type ClientApp, codeIn, installClientApp } from "../support/client-app.ts";
import { findAccessibilityProblems, hiddenWidth, widths } from "./chromium.ts";
import { launchChromium } from "./launch-chromium.ts";
import { bundleApp, type ServedApp, serveApp } from "./serve-app.ts";
import { ana, signInAs } from "./sign-in.ts";

const guide = "docs/guides/first-app.md";

let browser: Browser;
let app: ClientApp;
let served: ServedApp;
/** A browser in which Ana has signed in: one sign-in for the tests that are not about it. */
let anas: Awaited<ReturnType<BrowserContext["storageState"]>>;
beforeAll(async () => {
  const { signIn } = inject("stack");
  app = installClientApp();
  writeFileSync(join(app.dir, "main.ts"), codeIn(guide, "ts")[0]);
  const script = await bundleApp(app.dir, "main.ts", {
    "import.meta.env.VITE_RINGFRONT_URL": JSON.stringify(signIn.issuer),
    "import.meta.env.VITE_RINGFRONT_CLIENT": JSON.stringify(signIn.clientId),
  });
  served = await serveApp({ "/": codeIn(guide, "html")[0], "/src/main.ts": script });
  browser = await launchChromium();
  const page = await openApp({});
  await signInAs(page, ana);
  await page.locator("#blocked li").first().waitFor();
  anas = await page.context().storageState();
});
afterEach(async () => {
  await fetch(`${inject("stack").twinUrl}/__twin/faults`, { method: "DELETE" });
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser?.close();
  served?.close();
  app?.remove();
});

async function openApp(options: Parameters<Browser["newPage"]>[0] = { storageState: anas }): Promise<Page> {
  const page = await browser.newPage(options);
  await page.goto(inject("appOrigin"));
  return page;
}
async function openSignedIn(): Promise<Page> {
  const page = await openApp();
  await page.locator("#blocked li").first().waitFor();
  return page;
}
const texts = (page: Page, list: string) => page.locator(`${list} li`).allTextContents();

async function block(page: Page, number: string): Promise<void> {
  await page.getByLabel("Number to block").fill(number);
  await page.getByRole("button", { name: "Block" }).click();
}
const message = (page: Page) => page.getByRole("status").textContent();

describe("the guide's app", () => {
  test.each(widths)("at %i pixels wide signs people in with RingCentral, and out", async (width) => {
    const page = await openApp({ viewport: { width, height: 900 } });
    await page.getByRole("button", { name: "Sign in with RingCentral" }).waitFor();
    expect(await page.locator("#signed-in").isVisible()).toBe(false);
    expect(await findAccessibilityProblems(page)).toEqual([]);
    await signInAs(page, ana);
    await expect.poll(() => texts(page, "#blocked")).toContain("+12025550143 Robocaller");
    expect(page.url()).toBe(`${inject("appOrigin")}/`);
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in with RingCentral" }).waitFor();
    expect(await page.evaluate("localStorage.length")).toBe(0);
  });

  test("says when a person has not signed in after all", async () => {
    const page = await openApp({});
    await page.getByRole("button", { name: "Sign in with RingCentral" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect.poll(() => message(page)).toBe("Please sign in.");
    await page.getByRole("button", { name: "Sign in with RingCentral" }).waitFor();
  });

  test("shows the user's numbers", async () => {
    const page = await openSignedIn();
    expect(await texts(page, "#blocked")).toContain("+12025550143 Robocaller");
    expect(await texts(page, "#direct")).not.toHaveLength(0);
  });

  test("blocks a number in the format people write it in", async () => {
    const page = await openSignedIn();
    await block(page, "(202) 555-0186");
    await expect.poll(() => message(page)).toBe("+12025550186 is blocked.");
    await expect.poll(() => texts(page, "#blocked")).toContain("+12025550186 ");
  });

  test("explains what is wrong with an invalid number", async () => {
    const page = await openSignedIn();
    await block(page, "12");
    await expect.poll(() => message(page)).toMatch(/number/i);
    expect(await texts(page, "#blocked")).not.toContainEqual(expect.stringMatching(/^12/));
  });

  test("still shows the user's numbers while RingCentral fails", async () => {
    await openSignedIn();
    await fetch(`${inject("stack").twinUrl}/__twin/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ operation: "listExtensionNumbers", kind: "status", status: 503, times: 20 }),
    });
    const page = await openSignedIn();
    expect(await texts(page, "#direct")).toContainEqual(expect.stringMatching(/^\+1650/));
  });
});
