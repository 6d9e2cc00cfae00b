import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type ClientApp, codeIn, installClientApp } from "../support/client-app.ts";
import { findAccessibilityProblems } from "./chromium.ts";
import { launchChromium } from "./launch-chromium.ts";
import { bundleApp, type ServedApp, serveApp } from "./serve-app.ts";

const guide = "docs/guides/first-app.md";

let browser: Browser;
let app: ClientApp;
let served: ServedApp;
beforeAll(async () => {
  const { apiUrl, tokens } = inject("stack");
  app = installClientApp();
  writeFileSync(join(app.dir, "main.ts"), codeIn(guide, "ts")[0]);
  const script = await bundleApp(app.dir, "main.ts", {
    "import.meta.env.VITE_RINGFRONT_URL": JSON.stringify(apiUrl),
    "import.meta.env.VITE_RINGFRONT_TOKEN": JSON.stringify(tokens.user),
  });
  served = await serveApp({ "/": codeIn(guide, "html")[0], "/src/main.ts": script });
  browser = await launchChromium();
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

async function openApp(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(inject("appOrigin"));
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
  test("shows the user's numbers, and is accessible", async () => {
    const page = await openApp();
    expect(await texts(page, "#blocked")).toContain("+12025550143 Robocaller");
    expect(await texts(page, "#direct")).not.toHaveLength(0);
    expect(await findAccessibilityProblems(page)).toEqual([]);
  });

  test("blocks a number in the format people write it in", async () => {
    const page = await openApp();
    await block(page, "(202) 555-0186");
    await expect.poll(() => message(page)).toBe("+12025550186 is blocked.");
    await expect.poll(() => texts(page, "#blocked")).toContain("+12025550186 ");
  });

  test("explains what is wrong with an invalid number", async () => {
    const page = await openApp();
    await block(page, "12");
    await expect.poll(() => message(page)).toMatch(/number/i);
    expect(await texts(page, "#blocked")).not.toContainEqual(expect.stringMatching(/^12/));
  });

  test("still shows the user's numbers while RingCentral fails", async () => {
    await openApp();
    await fetch(`${inject("stack").twinUrl}/__twin/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ operation: "listExtensionNumbers", kind: "status", status: 503, times: 20 }),
    });
    const page = await openApp();
    expect(await texts(page, "#direct")).toContainEqual(expect.stringMatching(/^\+1650/));
  });
});
