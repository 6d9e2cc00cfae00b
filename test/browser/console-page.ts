import type { Browser, Page } from "playwright-core";
import { inject } from "vitest";
import { type OpenOptions, openPage } from "./chromium.ts";

/** A phone, a tablet, a desktop. */
export const consoleWidths = [390, 768, 1280] as const;

export const instant = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();

/** The beginning of a minute. */
const minute = (minutesAgo: number) =>
  new Date((Math.floor(Date.now() / 60_000) - minutesAgo) * 60_000).toISOString();

/** Counts by step, the oldest first: zero but for these places. */
const counts = (length: number, places: Record<number, number>) =>
  Array.from({ length }, (_, index) => places[index] ?? 0);

const malformed = { route: "addBlockedNumber", code: "request_invalid", status: 400 };
const unavailable = { route: "listForwardingNumbers", code: "upstream_unavailable", status: 503 };
const problems = {
  lastHour: {
    from: minute(58),
    stepSeconds: 300,
    series: [
      { ...unavailable, counts: counts(12, { 3: 2, 4: 8 }) },
      { ...malformed, counts: counts(12, { 0: 4, 2: 4, 11: 4 }) },
    ],
  },
  lastDay: {
    from: minute(23 * 60 + 20),
    stepSeconds: 3600,
    series: [
      { ...malformed, counts: counts(24, { 2: 30, 23: 12 }) },
      { ...unavailable, counts: counts(24, { 23: 10 }) },
      { route: "other", code: "other", counts: counts(24, { 5: 1 }) },
    ],
  },
};

/** The API's responses on a bad day: a paused budget, a spent budget, paused logins, a quarantined sync. */
export const badDay = {
  limits: {
    token: {
      generation: 7,
      issuedAt: instant(600),
      expiresAt: instant(-3000),
      coolDownUntil: instant(-1290),
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
        pause: { state: "paused", until: instant(-1245) },
        spentByRoute: [{ route: "listCompanyNumbers", interactive: 2, sync: 8 }],
        spentByCaller: [{ caller: "Zk3-_q9T", calls: 2 }],
        lastHour: [
          { at: minute(50), calls: 3, rejected: 0, leastRemaining: 7 },
          { at: minute(30), calls: 10, rejected: 2, leastRemaining: 0 },
          { at: minute(10), calls: 4, rejected: 0 },
        ],
        seenBy: "fleet",
      },
    ],
    tokenCalls: { limit: 5, windowSeconds: 60, remaining: 0, waiting: 3, pausedUntil: instant(-1240) },
    users: { count: 41, limited: [{ extensionId: "3800222", rejections: 7, lastAt: instant(120) }] },
    problems,
  },
  sync: [
    {
      accountId: "3700111",
      state: "quarantined",
      lastSuccessAt: instant(3600),
      progress: { startedAt: instant(30), pagesDone: 3, totalPages: 12, numbersSeen: 300, etaSeconds: 80 },
      quarantine: {
        since: instant(300),
        reason: "shrink",
        revision: "r-1",
        removed: 212,
        numbers: [
          { id: "660100", phoneNumber: "•••0100", name: "Main line", usageType: "MainCompanyNumber" },
          { id: "660101", phoneNumber: "•••0101", usageType: "DirectNumber" },
        ],
      },
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

/** A good day but for RingCentral's maintenance. */
export const maintenance = {
  limits: {
    token: { generation: 7, issuedAt: instant(600), expiresAt: instant(-3000), seenBy: "fleet" },
    budgets: badDay.limits.budgets.map((budget) => ({ ...budget, remaining: 9, pause: { state: "none" } })),
    limitedMode: { since: instant(3000), seenAt: instant(20) },
  },
  sync: [{ accountId: "3700111", state: "idle", lastSuccessAt: instant(60), history: [] }],
};

/** A day without troubles. */
export const goodDay = {
  limits: { token: maintenance.limits.token, budgets: maintenance.limits.budgets, problems },
  sync: maintenance.sync,
};

interface Day {
  limits: object;
  sync: object[];
}

/** Opens the console on an API that responds as on this day. */
export async function openOn(browser: Browser, day: Day, options: OpenOptions = {}) {
  const page = await openPage(browser, "/healthz", options);
  await respondAs(page, day);
  await page.goto(`${inject("stack").apiUrl}/console`);
  await page.locator("#sync article").waitFor();
  return page;
}

export async function respondAs(page: Page, { limits, sync }: Day): Promise<void> {
  await page.route("**/v1/limits", (route) => route.fulfill({ json: { data: limits } }));
  await page.route("**/v1/sync", (route) => route.fulfill({ json: { data: sync } }));
}

export const headline = (page: Page) => page.getByRole("status", { name: "Summary" });

/** Lets the page read again now. */
export const readNow = (page: Page) => page.getByRole("button", { name: "Read now" }).click();
