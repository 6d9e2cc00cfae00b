import type { Page } from "playwright-core";
import { describe, expect, inject, test } from "vitest";
import { findAccessibilityProblems, hiddenWidth, openPage, useBrowser } from "./chromium.ts";

const browser = useBrowser();

/** RingCentral calls the webhook, and there is no quarantine to confirm. */
const untried = new Set(["receiveRingCentralEvent", "confirmSyncQuarantine"]);

interface Operation {
  operationId: string;
  tags: [string];
  summary: string;
  method: string;
  path: string;
}

async function operations(): Promise<Operation[]> {
  const { paths } = JSON.parse(await (await fetch(`${inject("stack").apiUrl}/openapi.json`)).text());
  return Object.entries<Record<string, Omit<Operation, "method" | "path">>>(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, method, path })),
  );
}

const slug = (tag: string) => tag.toLowerCase().replaceAll(" ", "-");
const linkTo = ({ tags: [tag], method, path }: Operation) =>
  `/docs#tag/${slug(tag)}/${method.toUpperCase()}${path}`;

/** Opens the reference at an operation, as a deep link does. */
async function openOperation(operation: Operation, options: Parameters<typeof openPage>[2] = {}) {
  const page = await openPage(browser(), linkTo(operation), options);
  await tryButton(page, operation).waitFor();
  return page;
}

const tryButton = (page: Page, { method, path }: Operation) =>
  page.locator("button").filter({ hasText: `(${method} ${path})` });

/** Presses "Test Request" and "Send" with what the form has been filled with. */
async function trySending(page: Page, operation: Operation) {
  await tryButton(page, operation).click();
  const responded = page.waitForResponse((response) => /\/(v1\/|healthz|openapi)/.test(response.url()));
  await page.getByRole("dialog").getByRole("button", { name: "Send" }).first().click();
  return responded;
}

async function operation(id: string): Promise<Operation> {
  const found = (await operations()).find(({ operationId }) => operationId === id);
  if (found === undefined) throw new Error(`there is no operation ${id}`);
  return found;
}

describe("the API reference", () => {
  test("lists every operation before its script has run", async () => {
    const { apiUrl } = inject("stack");
    const html = await (await fetch(`${apiUrl}/docs`)).text();
    const readable = html.slice(0, html.indexOf('type="text/plain"'));
    for (const { method, path, summary } of await operations()) {
      expect(readable).toContain(`<code><b>${method.toUpperCase()}</b> ${path}</code> ${summary}`);
    }
  });

  test("shows every operation in its navigation, and code for apps", async () => {
    const page = await openOperation(await operation("addBlockedNumber"));
    const sample = page.locator("pre", { hasText: "curl 'http" }).first();
    expect(await sample.textContent()).toContain("Authorization: Bearer <access token>");
    const samples = page.getByRole("button", { name: /Shell Curl|Ringfront client/ }).first();
    await samples.click();
    for (const language of ["Ringfront client", "NSURLSession", "OkHttp"]) {
      await expect.poll(() => page.getByText(language, { exact: false }).count()).toBeGreaterThan(0);
    }
    await page.keyboard.press("Escape");
    for (const tag of new Set((await operations()).map(({ tags: [name] }) => name))) {
      expect(await page.getByText(tag, { exact: true }).count()).toBeGreaterThan(0);
    }
    expect(page.complaints).toEqual([]);
  });

  test("shows whole paths, and the whole server above a request that is tried", async () => {
    const batch = await operation("changeCallerBlockingNumbers");
    const page = await openOperation(batch);
    const paths = page.locator(".endpoint-path");
    const hidden = await paths.evaluateAll((nodes) =>
      nodes.map((node) => node.scrollWidth - node.clientWidth),
    );
    expect(hidden.length).toBeGreaterThan(5);
    expect(Math.max(...hidden)).toBeLessThanOrEqual(0);
    await tryButton(page, batch).click();
    const server = page
      .getByRole("dialog")
      .getByRole("button", { name: inject("stack").apiUrl })
      .first();
    await server.waitFor();
    const cut = await server.evaluate((node) => {
      const { top, bottom } = node.getBoundingClientRect();
      const bar = node.parentElement?.parentElement?.getBoundingClientRect();
      return Math.max((bar?.top ?? 0) - top, bottom - (bar?.bottom ?? 0));
    });
    expect(cut).toBeLessThanOrEqual(1);
  });

  test("tries each operation as it is filled in, with the token it picks by itself", async () => {
    // A person has to be connected before the others can be asked for.
    const order = ["putPerson", "get", "put", "post", "delete"];
    const rank = ({ operationId, method }: Operation) =>
      order.indexOf(order.includes(operationId) ? operationId : method);
    const tried = (await operations())
      .filter(({ operationId }) => !untried.has(operationId))
      .sort((one, other) => rank(one) - rank(other));
    const failed: string[] = [];
    const page = await openPage(browser(), "/docs");
    for (const each of tried) {
      // In the same page, as a link of its navigation does.
      await page.evaluate(`location.assign(${JSON.stringify(linkTo(each))})`);
      const response = await trySending(page, each);
      if (!response.ok()) failed.push(`${each.operationId}: ${response.status()} ${await response.text()}`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
    }
    expect(failed).toEqual([]);
  }, 300_000);

  test("uses a typed-in token instead of the picked one", async () => {
    const list = await operation("listBlockedNumbers");
    const page = await openOperation(list);
    await page.getByRole("textbox", { name: "Access token" }).fill("Bearer not-a-token");
    await page.getByRole("textbox", { name: "Access token" }).blur();
    expect((await trySending(page, list)).status()).toBe(401);
  });

  test("has a strict policy: only the page's own scripts run, and nothing else is loaded", async () => {
    const page = await openOperation(await operation("listBlockedNumbers"));
    const policy = (await fetch(page.url())).headers.get("content-security-policy") ?? "";
    // Scalar sets styles.
    expect(policy.replace("style-src 'unsafe-inline'", "")).not.toMatch(/unsafe|https?:|\*/);
    expect(policy).toContain("frame-ancestors 'none'");
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))",
    );
    expect(await page.evaluate("window.ran")).toBeUndefined();
  });

  test.each([
    [390, "dark"],
    [768, "light"],
    [1280, "light"],
  ] as const)("at %i pixels wide, in %s colours, is readable for everybody", async (width, colorScheme) => {
    const page = await openOperation(await operation("addForwardingNumber"), { width, colorScheme });
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
  });
});
