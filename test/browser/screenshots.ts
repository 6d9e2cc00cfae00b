// `npm run screenshots`: takes the pictures in docs/images from the pages of the running local stack.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import * as z from "zod/mini";
import { projectRoot } from "../../infra/build/bundle.ts";
import { launchChromium } from "./launch-chromium.ts";

const StackFile = z.object({ apiUrl: z.string(), tokens: z.record(z.string(), z.string()) });
const { apiUrl, tokens } = StackFile.parse(
  JSON.parse(readFileSync(join(projectRoot, ".local", "stack.json"), "utf8")),
);
const target = join(projectRoot, "docs", "images");

const views: Record<string, { path: string; prepare(page: Page): Promise<void> }> = {
  docs: {
    path: "/docs",
    async prepare(page) {
      await page.getByText("Powered by Scalar").first().waitFor({ state: "attached" });
    },
  },
  guides: {
    path: "/docs/guides/errors",
    async prepare() {},
  },
  console: {
    path: "/console",
    async prepare(page) {
      await page.locator("#met tbody tr").first().waitFor();
    },
  },
};

/** Three minutes of reads, as many as the budgets allow, and some mistakes, so that the console's charts show something. */
async function makeTraffic(): Promise<void> {
  const headers = { authorization: `Bearer ${tokens.admin}`, "cache-control": "no-cache" };
  const paths = [
    "extensions/me/blocked-numbers",
    "extensions/me/forwarding-numbers",
    "account/phone-numbers",
    "extensions/me/blocked-numbers?limit=0",
  ];
  for (let round = 0; round < 18; round += 1) {
    for (const path of paths) await fetch(`${apiUrl}/v1/${path}`, { headers });
    await pause(10_000);
  }
}

await makeTraffic();
mkdirSync(target, { recursive: true });
const browser = await launchChromium();
for (const width of [390, 1280]) {
  for (const [name, { path, prepare }] of Object.entries(views)) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, reducedMotion: "reduce" });
    await page.goto(apiUrl + path);
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await prepare(page);
    const file = join(target, `${name}-${width}.png`);
    await page.screenshot({ path: file });
    console.log(file);
    await page.close();
  }
}
await browser.close();
