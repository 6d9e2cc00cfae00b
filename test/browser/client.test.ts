import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type ClientApp, expectedTour, installClientApp } from "../support/client-app.ts";
import { launchChromium } from "./chromium.ts";

let browser: Browser;
let app: ClientApp;
let server: Server;
beforeAll(async () => {
  app = installClientApp();
  server = await serveApp(await bundle(app));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  app?.remove();
});

async function bundle({ dir, entry }: ClientApp): Promise<string> {
  const options = { bundle: true, write: false, format: "iife", globalName: "app" } as const;
  const { outputFiles } = await build({ entryPoints: [entry], absWorkingDir: dir, ...options });
  return outputFiles[0]?.text ?? "";
}

/** A server of its own, not an intercepted request: Chromium keeps pages from nowhere off the machine's addresses. */
async function serveApp(script: string): Promise<Server> {
  const html = `<!doctype html><meta charset="utf-8"><title>An app</title><script src="app.js"></script>`;
  const answers: Record<string, readonly [type: string, body: string]> = {
    "/": ["text/html", html],
    "/app.js": ["text/javascript", script],
  };
  const listening = createServer(({ url = "" }, response) => {
    const [type, body] = answers[url] ?? ["text/plain", ""];
    response.writeHead(url in answers ? 200 : 404, { "content-type": type }).end(body);
  }).listen(Number(new URL(inject("appOrigin")).port), "localhost");
  await once(listening, "listening");
  return listening;
}

test("the client works in a browser, from an app of another origin", async () => {
  const { apiUrl, tokens, otherExtensionId } = inject("stack");
  const page = await browser.newPage();
  await page.goto(inject("appOrigin"));
  const options = { apiUrl, tokens, newNumber: "+12025550192", foreignExtensionId: otherExtensionId };
  const seen = await page.evaluate<{ walked: Record<string, number> }>(
    `app.tour(${JSON.stringify(options)})`,
  );
  expect(seen).toMatchObject(expectedTour);
  expect(seen.walked.items).toBe(seen.walked.total);
});
