import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { findAccessibilityProblems, hiddenWidth, openPage } from "./chromium.ts";
import { launchChromium } from "./launch-chromium.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(() => browser.close());

const operation = (id: string) => `.opblock[id$="-${id}"]`;

async function openReference(options: Parameters<typeof openPage>[2] = {}) {
  const page = await openPage(browser, "/docs", options);
  await page.locator(operation("listBlockedNumbers")).waitFor();
  return page;
}

async function openOperation(page: Awaited<ReturnType<typeof openReference>>, id: string) {
  await page.locator(`${operation(id)} .opblock-summary-control`).click();
  const block = page.locator(operation(id));
  await block.locator(".btn.execute").waitFor();
  return block;
}

describe("the API reference", () => {
  test("shows every operation of the API description", async () => {
    const page = await openReference();
    const { paths } = JSON.parse(await (await fetch(`${inject("stack").apiUrl}/openapi.json`)).text());
    const declared = Object.values<object>(paths).flatMap((item) => Object.keys(item));
    expect(await page.locator(".opblock").count()).toBe(declared.length);
    expect(page.complaints).toEqual([]);
  });

  test("tries an operation on the stack with the token it picks by itself", async () => {
    const page = await openReference();
    await expect.poll(() => page.getByRole("status").textContent()).toContain("numbers:write");
    const block = await openOperation(page, "listBlockedNumbers");
    await block.locator(".btn.execute").click();
    await expect
      .poll(() =>
        block.locator(".responses-table.live-responses-table .response-col_status").last().textContent(),
      )
      .toContain("200");
    expect(await block.locator(".live-responses-table").textContent()).toContain("+12025550143");
    expect(page.complaints).toEqual([]);
  });

  test("tries a write the same way, and the write takes effect", async () => {
    const page = await openReference();
    await page.getByLabel("Local token").selectOption("user");
    const block = await openOperation(page, "addBlockedNumber");
    await block.getByLabel("Request body").fill('{ "phoneNumber": "+12025550171", "label": "Tried" }');
    await block.locator(".btn.execute").click();
    await expect
      .poll(() => block.locator(".live-responses-table .response-col_status").last().textContent())
      .toContain("201");
    const { apiUrl, tokens } = inject("stack");
    const list = await fetch(`${apiUrl}/v1/extensions/me/blocked-numbers`, {
      headers: { authorization: `Bearer ${tokens.user}`, "cache-control": "no-cache" },
    });
    expect(JSON.parse(await list.text()).data).toContainEqual(
      expect.objectContaining({ phoneNumber: "+12025550171" }),
    );
  });

  test("uses a typed-in token instead of the picked one", async () => {
    const page = await openReference();
    await page.getByRole("textbox", { name: "Access token" }).fill("Bearer not-a-token");
    await page.getByRole("textbox", { name: "Access token" }).blur();
    const block = await openOperation(page, "listBlockedNumbers");
    await block.locator(".btn.execute").click();
    await expect
      .poll(() => block.locator(".live-responses-table").textContent())
      .toContain("/docs/errors#token_invalid");
  });

  test("has a strict policy: only the page's own scripts and styles run, and nothing else is loaded", async () => {
    const page = await openReference();
    const policy = (await fetch(page.url())).headers.get("content-security-policy");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(policy).toContain("frame-ancestors 'none'");
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))",
    );
    expect(await page.evaluate("window.ran")).toBeUndefined();
  });

  test.each([
    [390, "dark"],
    [1280, "light"],
  ] as const)(
    "at %i pixels wide, in %s colours, is readable and operable for everybody",
    async (width, colorScheme) => {
      const page = await openReference({ width, colorScheme });
      expect(await findAccessibilityProblems(page)).toEqual([]);
      const block = await openOperation(page, "addForwardingNumber");
      await block.locator(".btn.execute").click();
      await block.locator(".live-responses-table").waitFor();
      expect(await findAccessibilityProblems(page)).toEqual([]);
      expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
    },
  );
});
