import type { Page } from "playwright-core";
import { describe, expect, inject, test } from "vitest";
import { findAccessibilityProblems, openPage, useBrowser } from "./chromium.ts";
import {
  badDay,
  consoleWidths,
  goodDay,
  headline,
  instant,
  openOn,
  readNow,
  respondAs,
} from "./console-page.ts";

const browser = useBrowser();

const IN_ORDER = "Everything is in order.";

const openOnGoodDay = async (width: number = 1280) => {
  const page = await openOn(browser(), goodDay, { width });
  expect(await headline(page).textContent()).toBe(IN_ORDER);
  return page;
};
const stopApi = (page: Page) => page.route("**/v1/**", (route) => route.abort("connectionrefused"));
const forbid = (page: Page, path: string) =>
  page.route(path, (route) =>
    route.fulfill({
      status: 403,
      json: { code: "scope_missing", title: "The token lacks a scope", detail: "It needs ops:read." },
    }),
  );
const colour = (page: Page, selector: string) =>
  page.evaluate(`getComputedStyle(document.querySelector("${selector}")).color`);

/** Where the bars of the first budget's last hour are. */
const barPlaces = (page: Page) =>
  page.locator("#budgets .chart rect").evaluateAll((bars) => bars.map((bar) => bar.getAttribute("x")));

describe("the console without an API", () => {
  test("says since when it is blind, and shows what it read before as old, in no colour", async () => {
    const page = await openOnGoodDay();
    const good = await colour(page, "#budgets .badge");
    const readAt = await page.locator("#read-at time").getAttribute("datetime");
    await stopApi(page);
    await readNow(page);
    await expect.poll(() => headline(page).textContent()).toMatch(/^Blind since .+The API did not respond/);
    expect(await page.locator("#read-at time").getAttribute("datetime")).toBe(readAt);
    for (const section of ["budgets", "token", "met", "sync"]) {
      const region = page.locator(`section[aria-labelledby="${section}-title"]`);
      expect(await region.locator(".as-of").textContent()).toMatch(/^Old figures, read at /);
    }
    expect(await colour(page, "#budgets .badge")).not.toBe(good);
    expect(await colour(page, "#sync .badge")).not.toBe(good);
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await findAccessibilityProblems(page)).toEqual([]);
    }
    await respondAs(page, goodDay);
    await readNow(page);
    await expect.poll(() => headline(page).textContent()).toBe(IN_ORDER);
    expect(await colour(page, "#budgets .badge")).toBe(good);
    expect(await page.locator(".as-of").first().isVisible()).toBe(false);
  });

  test("marks troubles that it read before as the last known ones", async () => {
    const page = await openOn(browser(), badDay);
    await stopApi(page);
    await readNow(page);
    await expect.poll(() => headline(page).textContent()).toContain("Blind");
    const [first, ...others] = await headline(page).locator("li").allTextContents();
    expect(first).toMatch(/^Blind since/);
    expect(others.length).toBeGreaterThan(2);
    for (const point of others) expect(point).toMatch(/^Last known: /);
    // Nobody confirms the removal of numbers on an old list.
    expect(await page.getByRole("button", { name: "Review and confirm" }).isEnabled()).toBe(false);
  });

  test("calls figures old that it reads only once, and those of a page that comes back later", async () => {
    const page = await openPage(browser(), "/healthz");
    await page.clock.install();
    await respondAs(page, goodDay);
    await page.goto(`${inject("stack").apiUrl}/console`);
    await page.locator("#sync article").waitFor();
    const places = await barPlaces(page);
    await page.getByLabel("Read again").selectOption("only once");
    await page.clock.runFor("10:00");
    await expect.poll(() => headline(page).textContent()).toMatch(/^Old: read at /);
    expect(await page.locator("#budgets .badge").isVisible()).toBe(true);
    expect(await page.locator(".as-of").first().textContent()).toMatch(/^Old figures/);
    // A chart that moved on would show ten minutes without calls, of which nothing is known.
    expect(await barPlaces(page)).toEqual(places);
    await readNow(page);
    await page.clock.runFor(1000);
    await expect.poll(() => headline(page).textContent()).toBe(IN_ORDER);
    expect(await barPlaces(page)).not.toEqual(places);
  });

  test("takes a page that is no JSON for no response of the API", async () => {
    const page = await openOnGoodDay();
    await page.route("**/v1/**", (route) => route.fulfill({ status: 200, body: "<h1>Sign in</h1>" }));
    await readNow(page);
    await expect.poll(() => headline(page).textContent()).toMatch(/^Blind since .+not an API response/);
    await page.route("**/v1/**", (route) => route.fulfill({ status: 500, json: {} }));
    await readNow(page);
    await expect.poll(() => headline(page).textContent()).toMatch(/^Blind since .+failed with status 500/);
  });

  test("shows nothing rather than former figures when it cannot read a response, and goes on", async () => {
    const page = await openOnGoodDay();
    await page.route("**/v1/**", (route) => route.fulfill({ json: { data: {} } }));
    await readNow(page);
    await expect.poll(() => headline(page).textContent()).toContain("cannot show what the API responded");
    expect(await page.locator("#budgets").isVisible()).toBe(false);
    await respondAs(page, goodDay);
    await page.getByLabel("Read again").selectOption("every 2 s");
    await expect.poll(() => headline(page).textContent(), { timeout: 10_000 }).toBe(IN_ORDER);
    expect(await page.locator("#budgets").isVisible()).toBe(true);
  });
});

describe("the console with another token", () => {
  test("drops all that the former token showed at once, before the API responds", async () => {
    const page = await openOn(browser(), badDay);
    await page.route("**/v1/**", () => undefined);
    await page.getByRole("button", { name: "Review and confirm" }).click();
    await page.keyboard.press("Escape");
    await page.locator("#access input").fill("another");
    await page.locator("#access input").press("Tab");
    expect(await headline(page).textContent()).toBe("Reading …");
    const text = await page.locator("main").textContent();
    for (const former of [
      "3700111",
      "heavy",
      "Generation",
      "upstream_unavailable",
      "addBlockedNumber",
      "3800222",
    ]) {
      expect(text).not.toContain(former);
    }
  });

  test("shows nothing of a response to the former token that comes later", async () => {
    const page = await openOnGoodDay();
    const late: (() => Promise<void>)[] = [];
    await page.route("**/v1/**", (route) => {
      const path = new URL(route.request().url()).pathname;
      late.push(() => route.fulfill({ json: { data: path === "/v1/sync" ? badDay.sync : badDay.limits } }));
    });
    await readNow(page);
    await expect.poll(() => late.length).toBe(2);
    await page.getByLabel("Local token").selectOption("type your own");
    await Promise.all(late.map((respond) => respond()));
    await page.waitForTimeout(300);
    expect(await headline(page).textContent()).toBe("Pick or enter a token.");
    expect(await page.locator("main").textContent()).not.toContain("3700111");
  });
});

describe("the console with a part that it cannot read", () => {
  test.each([
    { path: "**/v1/limits", part: "The budgets and the access token are unknown", other: "#sync article" },
    { path: "**/v1/sync", part: "The number sync is unknown", other: "#budgets article" },
  ])("says in the headline which: $part", async ({ path, part, other }) => {
    const page = await openPage(browser(), "/healthz");
    await respondAs(page, goodDay);
    await forbid(page, path);
    await page.goto(`${inject("stack").apiUrl}/console`);
    await page.locator(other).waitFor();
    expect(await headline(page).textContent()).toContain(`${part}: The token lacks a scope`);
    expect(await headline(page).textContent()).not.toContain("in order");
    if (other !== "#sync article") {
      expect(await page.locator("#problems").textContent()).toContain("Problems of the syncs are unknown");
    }
  });
});

describe("the console's headline", () => {
  const on = async (day: { limits?: object; sync?: object[] }) => {
    const page = await openOn(browser(), { ...goodDay, ...day });
    return (await headline(page).textContent()) ?? "";
  };
  const [synced] = goodDay.sync;
  const [budget] = goodDay.limits.budgets;
  const withBudget = (change: object) => ({
    limits: { ...goodDay.limits, budgets: [{ ...budget, remaining: 0, ...change }] },
  });

  test("names a quarantine while a sync runs, and says that one runs", async () => {
    const [quarantined] = badDay.sync;
    const text = await on({ sync: [{ ...quarantined, state: "running" }] });
    expect(text).toContain("A sync of account 3700111 waits for a decision, while another one runs.");
  });

  test("does not call a budget spent whose pause was over minutes ago", async () => {
    const text = await on(withBudget({ pause: { state: "probe_due" } }));
    expect(text).not.toContain("No heavy calls are left");
    const page = await openOn(browser(), {
      ...goodDay,
      ...withBudget({ pause: { state: "paused", until: instant(240) } }),
    });
    expect(await headline(page).textContent()).not.toMatch(/left|has paused/);
    const card = page.getByRole("article", { name: "Budget heavy" });
    expect(await card.locator(".badge").textContent()).toBe("Pause over, the next call tests it");
    expect(await card.locator(".figure").textContent()).not.toContain("left");
  });

  test("calls a budget spent that is", async () => {
    expect(await on(withBudget({ pause: { state: "none" } }))).toContain("No heavy calls are left");
  });

  test("calls logins paused until they are not", async () => {
    const withLogins = (secondsAgo: number) => ({
      limits: { ...goodDay.limits, token: { ...goodDay.limits.token, coolDownUntil: instant(secondsAgo) } },
    });
    expect(await on(withLogins(-60))).toContain("Logins at RingCentral are paused.");
    const page = await openOn(browser(), { ...goodDay, ...withLogins(60) });
    expect(await headline(page).textContent()).toBe(IN_ORDER);
    expect(await page.locator("#token-facts").textContent()).not.toContain("Logins paused");
  });

  test("names a sync that never succeeded, or not for hours", async () => {
    const { lastSuccessAt: _, ...never } = { lastSuccessAt: "", ...synced };
    expect(await on({ sync: [never] })).toContain("No sync of account 3700111 has succeeded yet.");
    expect(await on({ sync: [{ ...synced, lastSuccessAt: instant(3 * 3600) }] })).toContain(
      "The last successful sync of account 3700111 was over 2 hours ago.",
    );
  });

  test("names server errors that many callers meet now, and their runbook", async () => {
    const met = (code: string, status: number, now: number) => ({
      limits: {
        ...goodDay.limits,
        problems: {
          ...goodDay.limits.problems,
          lastHour: {
            ...goodDay.limits.problems.lastHour,
            series: [
              {
                route: "listBlockedNumbers",
                code,
                status,
                counts: [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, now],
              },
            ],
          },
        },
      },
    });
    expect(await on(met("upstream_error", 502, 2))).toMatch(
      /^Callers met 5 server errors in the last 10 minutes, most often upstream_error\. .*api-faults/,
    );
    expect(await on(met("upstream_app_permission_missing", 502, 2))).toContain("app-permission-missing.md");
    expect(await on(met("upstream_error", 502, 1))).toBe(IN_ORDER);
    expect(await on(met("request_invalid", 400, 90))).toBe(IN_ORDER);
  });

  test("names the runbook of each trouble", async () => {
    const page = await openOn(browser(), badDay);
    expect(await headline(page).locator("li code").allTextContents()).toEqual([
      "docs/runbooks/sync-quarantined.md",
      "docs/runbooks/token-failures.md",
      "docs/runbooks/token-failures.md",
      "docs/runbooks/upstream-paused.md",
    ]);
  });

  test("links the runbook where the stage has an address for it", async () => {
    const page = await openOn(browser(), badDay);
    await page.route("**/console", async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace("docs/runbooks", "https://wiki.example.com");
      await route.fulfill({ response, body });
    });
    await page.reload();
    const link = headline(page).getByRole("link", { name: "runbook sync-quarantined" });
    expect(await link.getAttribute("href")).toBe("https://wiki.example.com/sync-quarantined.md");
  });
});

describe("the console's tables", () => {
  test.each(consoleWidths)("at %i pixels wide cut no column off", async (width) => {
    const page = await openOn(browser(), badDay, { width });
    for (const summary of await page.locator("summary").all()) await summary.click();
    const hidden = await page
      .locator(".scroll")
      .evaluateAll((nodes) => nodes.map((node) => node.scrollWidth - node.clientWidth));
    expect(hidden.length).toBeGreaterThan(2);
    expect(Math.max(...hidden)).toBeLessThanOrEqual(0);
  });
});
