import { basename } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type ClientApp, expectedTour, installClientApp } from "../support/client-app.ts";
import { launchChromium } from "./launch-chromium.ts";
import { bundleApp, type ServedApp, serveApp } from "./serve-app.ts";

let browser: Browser;
let app: ClientApp;
let served: ServedApp;
beforeAll(async () => {
  app = installClientApp();
  const html = `<!doctype html><meta charset="utf-8"><title>An app</title><script src="app.js"></script>`;
  served = await serveApp({ "/": html, "/app.js": await bundleApp(app.dir, basename(app.entry)) });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  served?.close();
  app?.remove();
});

test("the client works in a browser, from an app of another origin", async () => {
  const { apiUrl, tokens, otherExtensionId } = inject("stack");
  const page = await browser.newPage();
  await page.goto(inject("appOrigin"));
  const options = { apiUrl, tokens, newNumber: "+12025550192", foreignExtensionId: otherExtensionId };
  const seen = await page.evaluate<{ paged: Record<string, number> }>(`app.tour(${JSON.stringify(options)})`);
  expect(seen).toMatchObject(expectedTour);
  expect(seen.paged.items).toBe(seen.paged.total);
});
