import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundle, bundleFunctions, projectRoot, zipBundle } from "../../../infra/build/bundle.ts";
import { budgets, findBudgetViolations, findForeignInputs } from "../../../infra/build/bundle-checks.ts";
import { LazyListFormat } from "../../../infra/build/replacements/lazy-list-format.ts";
import { bundleSources } from "../../../infra/local/bundle-cache.ts";

describe("bundles", () => {
  const outDir = mkdtempSync(join(tmpdir(), "ringfront-bundles-"));
  let bundles: Bundle[];
  beforeAll(async () => {
    bundles = await bundleFunctions({ outDir, mapsDir: join(outDir, "maps") });
  });
  afterAll(() => rmSync(outDir, { recursive: true, force: true }));

  test("hold only the project's code and production packages, nothing of the twin or the emulators", () => {
    expect(findForeignInputs(bundles)).toEqual([]);
  });

  test("have no source that does not make `npm start` bundle again", () => {
    const own = bundles
      .flatMap(({ inputs }) => Object.keys(inputs))
      .filter((path) => !/^node_modules\//.test(path));
    expect(own.length).toBeGreaterThan(100);
    const unwatched = own.filter((path) => !bundleSources.some((pattern) => matchesGlob(path, pattern)));
    expect(unwatched).toEqual([]);
  });

  test("keep within their budgets", () => {
    expect(findBudgetViolations(bundles, budgets)).toEqual([]);
  });

  test("are complete: they import nothing more and refer to no source map", () => {
    for (const { name, code } of bundles) {
      const text = Buffer.from(code).toString("utf8");
      expect(text.match(/(?:^|[;}\n])import[\s{*"][^;]{0,200}?"[^"]+"/g) ?? [], name).toEqual([]);
      expect(text, name).not.toContain("Dynamic require of");
      expect(text, name).not.toContain("sourceMappingURL");
    }
  });

  test("load no network module of Node until a request needs one", async () => {
    const bundle = bundles.find(({ name }) => name === "extensions/list-forwarding-numbers");
    const script = `
      await import(${JSON.stringify(bundle?.path)});
      const network = /^NativeModule (_http_client|https|http2|_tls_wrap|zlib|net)$/;
      console.log(JSON.stringify(process.moduleLoadList.filter((name) => network.test(name))));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  test("hold neither got's HTTP/2 nor the list formats that it makes at its start", () => {
    for (const { name, code, inputs } of bundles) {
      expect(
        Object.keys(inputs).filter((path) => path.endsWith("/http2-client.js")),
        name,
      ).toEqual([]);
      expect(Buffer.from(code).toString("utf8"), name).not.toContain("Intl.ListFormat");
    }
    const style = { type: "disjunction" } as const;
    const made = new LazyListFormat("en", style).format(["a", "b", "c"]);
    expect(made).toBe(new Intl.ListFormat("en", style).format(["a", "b", "c"]));
  });

  test("are accompanied by source maps that name the sources", () => {
    for (const { name } of bundles) {
      const map = JSON.parse(readFileSync(join(outDir, "maps", "functions", `${name}.mjs.map`), "utf8"));
      expect(map.sources.join("\n")).toContain(`functions/${name}.ts`);
    }
  });
});

describe("the content of a bundle", () => {
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
  ])("%s is a violation", (path) => {
    expect(findForeignInputs([bundle(path)])).toHaveLength(1);
  });

  test.each([
    "lib/platform/clock.ts",
    "node_modules/jose/dist/index.js",
    "node_modules/@aws-sdk/core/dist-es/index.js",
  ])("%s is allowed", (path) => {
    expect(findForeignInputs([bundle(path)])).toEqual([]);
  });

  describe("a bundle budget", () => {
    const judge = (name: string, kilobytes: number) =>
      findBudgetViolations([{ ...bundle("lib/a.ts"), name, code: new Uint8Array(kilobytes * 1024) }], {
        bundles: new Map([["extensions/x", 100]]),
        pages: new Map(),
      });

    test.each([
      [95, []],
      [101, ["extensions/x takes 101 KB; its budget is 100 KB"]],
      [70, ["extensions/x takes 70 KB; lower its budget of 100 KB"]],
    ])("of 100 KB, with %i KB used, has these violations: %j", (kilobytes, violations) => {
      expect(judge("extensions/x", kilobytes)).toEqual(violations);
    });

    test("that is missing is a violation", () => {
      expect(judge("operations/new", 51)).toEqual(["operations/new takes 51 KB and has no budget"]);
    });
  });
});

test.each([
  ["package", "infra/build/package.ts"],
  ["deploy", "infra/deploy/deploy.ts"],
  ["smoke", "infra/deploy/smoke.ts"],
])("npm run %s -- --help prints the options and does nothing else", async (_, entry) => {
  const command = [join(projectRoot, entry), "--help"];
  const { stdout } = await promisify(execFile)(process.execPath, command, { env: {} });
  expect(stdout).toMatch(/^usage: .*\n(.*\n)* {2}--help/);
});

test("an artifact of the same bundle has the same bytes in any time zone and at any time", async () => {
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
