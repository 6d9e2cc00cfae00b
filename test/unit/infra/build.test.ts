import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundle, bundleFunctions, projectRoot } from "../../../infra/build/bundle.ts";
import { findForeignInputs, findOverBudget } from "../../../infra/build/bundle-checks.ts";
import { zipBundle } from "../../../infra/build/zip-bundle.ts";

describe("bundles", () => {
  const outDir = mkdtempSync(join(tmpdir(), "ringfront-bundles-"));
  let bundles: Bundle[];
  beforeAll(async () => {
    bundles = await bundleFunctions({ outDir, mapsDir: join(outDir, "maps") });
  }, 60_000);
  afterAll(() => rmSync(outDir, { recursive: true, force: true }));

  test("hold our own code and packages of production, nothing of the twin or the emulators", () => {
    expect(findForeignInputs(bundles, projectRoot)).toEqual([]);
  });

  test("keep within their budgets", () => {
    expect(findOverBudget(bundles, projectRoot)).toEqual([]);
  });

  test("are whole: nothing is left to import, and no source map is referred to", () => {
    for (const { name, code } of bundles) {
      const text = Buffer.from(code).toString("utf8");
      expect(text.match(/(?:^|[;}\n])import[\s{*"][^;]{0,200}?"[^"]+"/g) ?? [], name).toEqual([]);
      expect(text, name).not.toContain("Dynamic require of");
      expect(text, name).not.toContain("sourceMappingURL");
    }
  });

  test("load no network module of Node's before a request needs one", async () => {
    const bundle = bundles.find(({ name }) => name === "extensions/list-forwarding-numbers");
    const script = `
      await import(${JSON.stringify(bundle?.path)});
      const network = /^NativeModule (_http_client|https|http2|_tls_wrap|zlib|net)$/;
      console.log(JSON.stringify(process.moduleLoadList.filter((name) => network.test(name))));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  test("are accompanied by source maps that name the sources", () => {
    for (const { name } of bundles) {
      const map = JSON.parse(readFileSync(join(outDir, "maps", "functions", `${name}.mjs.map`), "utf8"));
      expect(map.sources.join("\n")).toContain(`functions/${name}.ts`);
    }
  });
});

describe("what a bundle may hold", () => {
  const bundle = (path: string): Bundle => ({
    name: "extensions/x",
    path: "",
    code: new Uint8Array(),
    files: [],
    inputs: { "functions/extensions/x.ts": 1, [path]: 1 },
  });

  test.each([
    "test/twin/twin.ts",
    "infra/local/start.ts",
    "node_modules/dynalite/index.js",
    "node_modules/nowhere/index.js",
  ])("%s is an offence", (path) => {
    expect(findForeignInputs([bundle(path)], projectRoot)).toHaveLength(1);
  });

  test.each([
    "lib/platform/clock.ts",
    "node_modules/jose/dist/index.js",
    "node_modules/@aws-sdk/core/dist-es/index.js",
  ])("%s is allowed", (path) => {
    expect(findForeignInputs([bundle(path)], projectRoot)).toEqual([]);
  });

  describe("within a budget of its own", () => {
    const root = mkdtempSync(join(tmpdir(), "ringfront-budgets-"));
    mkdirSync(join(root, "infra/build"), { recursive: true });
    writeFileSync(
      join(root, "infra/build/budgets.json"),
      JSON.stringify({ default: 50, functions: { "extensions/x": 100 }, pages: {} }),
    );
    afterAll(() => rmSync(root, { recursive: true, force: true }));
    const judge = (name: string, kilobytes: number) =>
      findOverBudget([{ ...bundle("lib/a.ts"), name, code: new Uint8Array(kilobytes * 1024) }], root);

    test("is fine", () => {
      expect(judge("extensions/x", 95)).toEqual([]);
    });

    test("but larger is an offence, named with both sizes", () => {
      expect(judge("extensions/x", 101)).toEqual([
        "extensions/x takes 101 KB; infra/build/budgets.json allows 100 KB",
      ]);
    });

    test("and a budget far above the bundle is one too", () => {
      expect(judge("extensions/x", 70)).toEqual([
        "extensions/x takes 70 KB; lower its 100 KB in infra/build/budgets.json",
      ]);
    });

    test("without one the default holds, and a budget of no function is an offence", () => {
      expect(judge("ops/new", 51)).toEqual([
        "ops/new takes 51 KB; infra/build/budgets.json allows 50 KB",
        "infra/build/budgets.json has a budget for extensions/x, which is not there",
      ]);
    });
  });
});

test("an artifact of the same bundle is the same bytes in any time zone and at any time", async () => {
  const files = [
    { path: "functions/a.mjs", contents: new TextEncoder().encode("export const handler = 1") },
    { path: "functions/a.page/index.html.gz", contents: new Uint8Array(10) },
  ];
  const before = process.env.TZ;
  try {
    process.env.TZ = "Pacific/Auckland";
    const one = await zipBundle(files);
    process.env.TZ = "America/Los_Angeles";
    const two = await zipBundle(files);
    expect(one.equals(two)).toBe(true);
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});
