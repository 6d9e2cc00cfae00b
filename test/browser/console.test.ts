import type { Page } from "playwright-core";
import { describe, expect, inject, test } from "vitest";
import {
  findAccessibilityProblems,
  hiddenWidth,
  type OpenOptions,
  openPage,
  useBrowser,
} from "./chromium.ts";
import { badDay, consoleWidths, headline, maintenance, openOn, respondAs } from "./console-page.ts";

const browser = useBrowser();

async function openConsole(options: OpenOptions = {}) {
  const page = await openPage(browser(), "/console", options);
  await page.locator("#budgets article").first().waitFor();
  return page;
}

const openOnBadDay = (options: OpenOptions = {}) => openOn(browser(), badDay, options);

describe("the console on the running stack", () => {
  test("shows the budgets, the token and the sync as the API reports them", async () => {
    const page = await openConsole();
    await expect.poll(() => page.locator("#budgets h3").allTextContents()).toContain("light");
    await expect.poll(() => page.locator("#sync").textContent()).toContain("Last success");
    expect(await page.locator("#token-facts").textContent()).toContain("Generation");
    expect(await headline(page).textContent()).toBe("Everything is in order.");
    expect(page.complaints).toEqual([]);
  });

  test("updates the budgets as callers spend them, and names the routes that did", async () => {
    const page = await openConsole();
    await page.getByLabel("Read again").selectOption("every 2 s");
    const light = page.getByRole("article", { name: "Budget light" });
    const { apiUrl, tokens } = inject("stack");
    const spend = () =>
      fetch(`${apiUrl}/v1/extensions/me/forwarding-numbers`, {
        headers: { authorization: `Bearer ${tokens.otherUser}`, "cache-control": "no-cache" },
      });
    await Promise.all([spend(), spend(), spend()]);
    await expect
      .poll(() => light.locator("table").first().textContent(), { timeout: 15_000 })
      .toContain("listForwardingNumbers");
    expect(Number(await light.locator(".figure strong").textContent())).toBeLessThan(50);
  });

  test("starts a sync with a click and shows it in the history", async () => {
    const page = await openConsole();
    await page.getByLabel("Read again").selectOption("every 2 s");
    const history = page.locator("#sync details");
    await history.locator("summary").click();
    await page.getByRole("button", { name: "Start a sync now" }).click();
    await expect
      .poll(() => page.getByRole("status", { name: "Last action" }).textContent())
      .toContain("A sync is queued.");
    await expect.poll(() => history.textContent(), { timeout: 20_000 }).toContain("request");
    expect(await history.getAttribute("open")).not.toBeNull();
  });

  test("tells a token without the scopes what it lacks, and counts the rejections among the problems", async () => {
    const page = await openConsole();
    await page.getByLabel("Local token").selectOption("readOnly");
    await expect.poll(() => page.locator("#limits-missing").textContent()).toContain("scope_missing");
    expect(await page.locator("#sync-missing").textContent()).toContain("scope_missing");
    expect(await page.locator("#problems").textContent()).toContain("scope_missing");
    expect(await page.locator("#met").textContent()).toBe("Unknown: The token lacks a scope.");
    expect(await page.locator("#limits-missing code").first().textContent()).toBe("ops:read");
    expect(await page.locator("#board").textContent()).not.toContain("`");
    expect(await headline(page).textContent()).toMatch(/^Blind: The token lacks/);
  });
});

describe("the console on a bad day", () => {
  test("lists first what needs attention", async () => {
    const page = await openOnBadDay();
    expect(await headline(page).locator("li").allTextContents()).toEqual([
      expect.stringMatching(/^A sync of account 3700111 waits for a decision\. /),
      expect.stringMatching(/^Logins at RingCentral are paused\. /),
      expect.stringMatching(/^RingCentral has paused the calls for access tokens\. /),
      expect.stringMatching(/^RingCentral has paused heavy calls\. /),
    ]);
    expect(await page.locator("#problems").textContent()).toContain("upstream_unavailable");
    expect(await page.locator("#token-facts").textContent()).toMatch(/Token callspaused until .+, 3 waiting/);
    expect(await page.locator("#users").textContent()).toContain("About 41 users paid for their calls");
    expect(await page.locator("#users tbody tr").allTextContents()).toEqual([
      expect.stringMatching(/^38002227\d/),
    ]);
    expect(await page.getByLabel("Progress of the current sync").getAttribute("value")).toBe("3");
  });

  test("confirms a quarantine by keyboard alone, after a second question", async () => {
    const page = await openOnBadDay();
    const confirmed: string[] = [];
    await page.route("**/v1/sync/quarantine/confirm?revision=r-1", (route) => {
      confirmed.push(route.request().headers()["idempotency-key"] ?? "");
      return route.fulfill({ status: 202, json: { data: {} } });
    });
    await page.getByRole("button", { name: "Review and confirm" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    expect(await dialog.textContent()).toContain("212 numbers are gone");
    expect(await dialog.locator("tbody tr").allTextContents()).toEqual([
      "•••0100Main lineMainCompanyNumber660100",
      "•••0101–DirectNumber660101",
    ]);
    expect(await dialog.textContent()).toContain("And 210 more.");
    expect(await findAccessibilityProblems(page)).toEqual([]);
    await page.keyboard.press("Escape");
    expect(confirmed).toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Confirm", exact: true }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => confirmed).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    await expect
      .poll(() => page.getByRole("status", { name: "Last action" }).textContent())
      .toContain("Confirmed");
  });

  test("takes the question back when the quarantine changes under it", async () => {
    const page = await openOnBadDay();
    await page.getByRole("button", { name: "Review and confirm" }).click();
    const [status] = badDay.sync;
    const quarantine = { ...status?.quarantine, removed: 300 };
    await respondAs(page, { ...badDay, sync: [{ ...status, quarantine }] });
    expect(await page.getByRole("dialog").isVisible()).toBe(true);
    await expect.poll(() => page.getByRole("dialog").isVisible()).toBe(false);
    expect(await page.getByRole("region", { name: "Quarantine" }).textContent()).toContain("300 numbers");
  });

  test.each(consoleWidths)(
    "at %i pixels wide is readable and operable for everybody, in light and dark colours",
    async (width) => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await openOnBadDay({ width, colorScheme });
        for (const summary of await page.locator("summary").all()) await summary.click();
        expect(await findAccessibilityProblems(page)).toEqual([]);
        expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
      }
    },
  );
});

describe("the console's history", () => {
  const rows = (page: Page) => page.locator("#met tbody tr").allInnerTexts();
  const places = (page: Page, selector: string) =>
    page.locator(selector).evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("x")) / 6));

  test("shows each budget's last hour to everybody who opens the page", async () => {
    const page = await openOnBadDay();
    const card = page.getByRole("article", { name: "Budget heavy" });
    const words = "The last hour: 17 calls, fewest left 0, 2 rejected by RingCentral.";
    expect(await card.textContent()).toContain(words);
    expect(await card.getByRole("img").getAttribute("aria-label")).toBe(`heavy: ${words}`);
    // The fixture is some minutes old by now.
    const [first = 0, ...others] = await places(page, "#budgets rect.bar");
    expect([...others, ...(await places(page, "#budgets rect.bad-bar"))]).toEqual([
      first + 40,
      59,
      first + 20,
    ]);
    expect(first).toBeLessThan(10);
    expect(await card.locator("title").allTextContents()).toEqual([
      expect.stringMatching(/: 3 calls, fewest left 7, 0 rejected$/),
      expect.stringMatching(/: 10 calls, fewest left 0, 2 rejected$/),
      expect.stringMatching(/: 4 calls, 0 rejected$/),
      "now",
    ]);
  });

  test("shows what callers met, most often first, and the last day by keyboard alone", async () => {
    const page = await openOnBadDay();
    expect(await rows(page)).toEqual([
      expect.stringMatching(/^request_invalid\s+addBlockedNumber\s+12/),
      expect.stringMatching(/^upstream_unavailable\s+listForwardingNumbers\s+10/),
    ]);
    expect(await places(page, "#met tr:first-child rect.bar")).toEqual([0, 2, 11]);
    expect(await places(page, "#met tr:last-child rect.bad-bar")).toEqual([3, 4]);
    expect(await page.locator("#met").getByRole("img").first().getAttribute("aria-label")).toMatch(
      /^request_invalid at addBlockedNumber: .+: 4, .+: 4, .+: 4$/,
    );
    await page.getByLabel("Period").focus();
    await page.keyboard.press("ArrowDown");
    await expect
      .poll(() => rows(page))
      .toEqual([
        expect.stringMatching(/^request_invalid\s+addBlockedNumber\s+42/),
        expect.stringMatching(/^upstream_unavailable\s+listForwardingNumbers\s+10/),
        expect.stringMatching(/^other\s+other\s+1/),
      ]);
    expect(await places(page, "#met tr:first-child rect.bar")).toEqual([2, 23]);
  });

  test("is unknown without the table, and not empty", async () => {
    const { problems: _, ...limits } = badDay.limits;
    const budgets = limits.budgets.map(({ lastHour: __, ...budget }) => budget);
    const page = await openOn(browser(), { ...badDay, limits: { ...limits, budgets } });
    expect(await page.locator("#met").textContent()).toBe("Unknown: the table is unavailable.");
    expect(await page.getByRole("article", { name: "Budget heavy" }).textContent()).toContain(
      "The last hour is unknown",
    );
  });
});

describe("the console in RingCentral's limited mode", () => {
  test.each(consoleWidths)(
    "at %i pixels wide shows a banner, which is no concern, until it is over",
    async (width) => {
      const page = await openOn(browser(), maintenance, { width });
      const banner = page.getByRole("status", { name: "Limited mode" });
      expect(await banner.textContent()).toMatch(
        /RingCentral has been in limited mode since .+It accepts no changes/,
      );
      expect(await banner.getByRole("link").getAttribute("href")).toBe("/docs/errors#upstream_limited_mode");
      expect(await headline(page).textContent()).toBe("Everything in Ringfront is in order.");
      expect(await findAccessibilityProblems(page)).toEqual([]);
      expect(await hiddenWidth(page)).toBeLessThanOrEqual(0);
      const { limitedMode: _, ...over } = maintenance.limits;
      await page.route("**/v1/limits", (route) => route.fulfill({ json: { data: over } }));
      await page.getByLabel("Read again").selectOption("every 2 s");
      await expect.poll(() => banner.isVisible()).toBe(false);
      expect(page.complaints).toEqual([]);
    },
  );
});
