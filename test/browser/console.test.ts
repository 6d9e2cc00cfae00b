import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { findAccessibilityProblems, hiddenWidth, type OpenOptions, openPage, widths } from "./chromium.ts";
import { launchChromium } from "./launch-chromium.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(() => browser.close());

const instant = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();

/** The API's responses on a bad day: a paused budget, a spent budget, paused logins, a quarantined sync. */
const badDay = {
  limits: {
    token: {
      generation: 7,
      issuedAt: instant(600),
      expiresAt: instant(-3000),
      coolDownUntil: instant(-90),
      coolDownReason: "OAU-140",
      seenBy: "fleet",
    },
    budgets: [
      {
        group: "heavy",
        limit: 10,
        windowSeconds: 60,
        confirmed: true,
        granted: 10,
        external: 0,
        remaining: 0,
        pause: { state: "paused", until: instant(-45) },
        spentByRoute: [{ route: "listCompanyNumbers", interactive: 2, sync: 8 }],
        seenBy: "fleet",
      },
    ],
  },
  sync: [
    {
      accountId: "3700111",
      state: "quarantined",
      lastSuccessAt: instant(7200),
      progress: { startedAt: instant(30), pagesDone: 3, totalPages: 12, numbersSeen: 300, etaSeconds: 80 },
      quarantine: { since: instant(300), reason: "shrink", removed: 212 },
      history: [
        {
          id: "b",
          trigger: "schedule",
          startedAt: instant(310),
          endedAt: instant(300),
          state: "quarantined",
          pages: 3,
          numbers: 38,
          removed: 212,
        },
        {
          id: "a",
          trigger: "request",
          startedAt: instant(900),
          endedAt: instant(890),
          state: "failed",
          pages: 1,
          problem: {
            code: "upstream_unavailable",
            title: "RingCentral is not available",
            detail: "RingCentral cannot be reached.",
            retryable: true,
            at: instant(890),
          },
        },
      ],
    },
  ],
};

async function openConsole(options: OpenOptions = {}) {
  const page = await openPage(browser, "/console", options);
  await page.locator("#budgets article").first().waitFor();
  return page;
}

/** A good day but for RingCentral's maintenance. */
const maintenance = {
  limits: {
    token: { generation: 7, issuedAt: instant(600), expiresAt: instant(-3000), seenBy: "fleet" },
    budgets: badDay.limits.budgets.map((budget) => ({ ...budget, remaining: 9, pause: { state: "none" } })),
    limitedMode: { since: instant(3000), seenAt: instant(20) },
  },
  sync: [{ accountId: "3700111", state: "idle", lastSuccessAt: instant(60), history: [] }],
};

const openOnBadDay = (options: OpenOptions = {}) => openOn(badDay, options);

async function openOn(day: { limits: object; sync: object[] }, options: OpenOptions = {}) {
  const page = await openPage(browser, "/healthz", options);
  await page.route("**/v1/limits", (route) => route.fulfill({ json: { data: day.limits } }));
  await page.route("**/v1/sync", (route) => route.fulfill({ json: { data: day.sync } }));
  await page.goto(`${inject("stack").apiUrl}/console`);
  await page.locator("#sync article").waitFor();
  return page;
}

describe("the console on the running stack", () => {
  test("shows the budgets, the token and the sync as the API reports them", async () => {
    const page = await openConsole();
    await expect.poll(() => page.locator("#budgets h3").allTextContents()).toContain("light");
    await expect.poll(() => page.locator("#sync").textContent()).toContain("Last success");
    expect(await page.locator("#token-facts").textContent()).toContain("Generation");
    expect(await page.getByRole("status", { name: "Summary" }).textContent()).toBe("Everything is in order.");
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
      .poll(() => light.locator("table").textContent(), { timeout: 15_000 })
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
    expect(await page.getByRole("status", { name: "Summary" }).textContent()).toContain("cannot read");
  });
});

describe("the console on a bad day", () => {
  test("lists first what needs attention", async () => {
    const page = await openOnBadDay();
    expect(await page.getByRole("status", { name: "Summary" }).locator("li").allTextContents()).toEqual([
      "A sync of account 3700111 waits for a decision.",
      "Logins at RingCentral are paused.",
      "RingCentral has paused heavy calls.",
    ]);
    expect(await page.locator("#problems").textContent()).toContain("upstream_unavailable");
    expect(await page.getByLabel("Progress of the current sync").getAttribute("value")).toBe("3");
  });

  test("confirms a quarantine by keyboard alone, after a second question", async () => {
    const page = await openOnBadDay();
    const confirmed: string[] = [];
    await page.route("**/v1/sync/quarantine/confirm", (route) => {
      confirmed.push(route.request().headers()["idempotency-key"] ?? "");
      return route.fulfill({ status: 202, json: { data: {} } });
    });
    await page.getByRole("button", { name: "Review and confirm" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    expect(await dialog.textContent()).toContain("212 numbers are gone");
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

  test.each(widths)(
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

describe("the console in RingCentral's limited mode", () => {
  test.each(widths)(
    "at %i pixels wide shows a banner, which is no concern, until it is over",
    async (width) => {
      const page = await openOn(maintenance, { width });
      const banner = page.getByRole("status", { name: "Limited mode" });
      expect(await banner.textContent()).toMatch(
        /RingCentral has been in limited mode since .+It accepts no changes/,
      );
      expect(await banner.getByRole("link").getAttribute("href")).toBe("/docs/errors#upstream_limited_mode");
      expect(await page.getByRole("status", { name: "Summary" }).textContent()).toBe(
        "Everything of ours is in order.",
      );
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
