import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { putBundles } from "../../../infra/local/bundle-cache.ts";

let root: string;
let outDir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ringfront-bundle-cache-"));
  outDir = join(root, ".local/bundles");
  mkdirSync(join(root, "functions/a"), { recursive: true });
  writeFileSync(join(root, "functions/a/b.ts"), "1");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Puts the bundles; there is one, a copy of its source. */
const put = (to = outDir) =>
  putBundles({
    root,
    outDir: to,
    async makeBundles(dir) {
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, "b.mjs"), readFileSync(join(root, "functions/a/b.ts")));
    },
  });
const bundle = () => readFileSync(join(outDir, "b.mjs"), "utf8");

test("bundles are made once for the same sources", async () => {
  expect(await put()).toBe(true);
  rmSync(outDir, { recursive: true });
  expect(await put()).toBe(false);
  expect(bundle()).toBe("1");
});

test("bundles are made again for a changed source, and replace the old ones", async () => {
  await put();
  writeFileSync(join(outDir, "c.mjs"), "of a removed function");
  writeFileSync(join(root, "functions/a/b.ts"), "2");
  expect(await put()).toBe(true);
  expect(bundle()).toBe("2");
  expect(existsSync(join(outDir, "c.mjs"))).toBe(false);
  expect(readdirSync(join(root, "node_modules/.cache/ringfront-bundles"))).toHaveLength(1);
});

test("bundles are made again when a source is added, renamed or removed", async () => {
  await put();
  writeFileSync(join(root, "functions/a/d.ts"), "1");
  expect(await put()).toBe(true);
  rmSync(join(root, "functions/a/d.ts"));
  expect(await put()).toBe(true);
});

test("two starts at once both have their bundles", async () => {
  const other = join(root, ".local/others");
  await Promise.all([put(), put(other)]);
  expect([bundle(), readFileSync(join(other, "b.mjs"), "utf8")]).toEqual(["1", "1"]);
  expect(readdirSync(join(root, "node_modules/.cache/ringfront-bundles"))).toHaveLength(1);
});

test("bundles that do not build are not kept", async () => {
  const failing = putBundles({ root, outDir, makeBundles: () => Promise.reject(new Error("syntax")) });
  await expect(failing).rejects.toThrow("syntax");
  expect(await put()).toBe(true);
});
