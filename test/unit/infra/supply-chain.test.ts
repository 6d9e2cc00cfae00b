import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { findForeignLicences, isAllowed } from "../../../infra/build/check-licences.ts";
import { type LockedPackage, lockedPackages, missingOptionals } from "../../../infra/build/lock-file.ts";
import { requireValid, type Sbom, selectDeployed } from "../../../infra/build/sbom.ts";

const Manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
});
const manifest = Manifest.parse(JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")));

describe("dependencies", () => {
  test("have one exact version each, and are locked to it", () => {
    const versions = new Map(lockedPackages().map(({ location, version }) => [location, version]));
    for (const [name, wanted] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      const exact = /^(?:npm:(?:@[^/]+\/)?[^@/]+@)?(\d+\.\d+\.\d+(?:-[\w.]+)?)$/.exec(wanted)?.[1];
      expect(exact, `${name} ${wanted}`).toBeDefined();
      expect(versions.get(`node_modules/${name}`), name).toBe(exact);
    }
  });

  // To add what is missing: remove such entries from package-lock.json, then `npm install --package-lock-only`.
  test("are each compared with a SHA-512 hash when they are installed, on every platform", () => {
    const unchecked = lockedPackages().filter(({ integrity }) => integrity?.startsWith("sha512-") !== true);
    expect(unchecked.map(({ name, version }) => `${name} ${version}`)).toEqual([]);
    expect(missingOptionals(lockedPackages())).toEqual([]);
  });

  test("that an optional dependency names are missed wherever Node would look for them", () => {
    const locked = (location: string, optionalDependencies = {}): LockedPackage => {
      return { location, name: location, isProduction: false, optionalDependencies };
    };
    const tool = locked("node_modules/tool", { a: "^1.0.0", b: "^1.0.0", c: "^1.0.0" });
    const found = [tool, locked("node_modules/a"), locked("node_modules/tool/node_modules/b")];
    expect(missingOptionals(found)).toEqual(["c"]);
  });

  test("that are deployed run nothing when they are installed", () => {
    const running = lockedPackages().filter(
      ({ isProduction, hasInstallScript }) => isProduction && hasInstallScript,
    );
    expect(running.map(({ name }) => name)).toEqual([]);
  });

  test("that run something when they are installed are each allowed or rejected by name", () => {
    const scripted = lockedPackages().filter(({ hasInstallScript }) => hasInstallScript === true);
    const names = [...new Set(scripted.map(({ name }) => name))];
    expect(Object.keys(manifest.allowScripts).sort()).toEqual(names.sort());
  });

  test("all have licences that permit use, and the deployed ones have licences that permit redistribution", () => {
    expect(findForeignLicences(lockedPackages())).toEqual([]);
  });
});

describe("a licence", () => {
  const allowed = ["MIT", "ISC", "Zlib"];
  const expressions: [expression: string, verdict: boolean][] = [
    ["MIT", true],
    ["GPL-3.0-or-later", false],
    ["(MIT OR GPL-3.0-or-later)", true],
    ["MIT AND Zlib", true],
    ["MIT AND GPL-2.0-only", false],
    ["(GPL-2.0-only OR (MIT AND ISC))", true],
    ["(GPL-2.0-only OR MIT) AND CC-BY-NC-4.0", false],
    ["MIT WITH some-exception", false],
    ["SEE LICENSE IN LICENSE", false],
    ["", false],
  ];
  test.each(expressions)("%s is allowed: %s", (expression, verdict) => {
    expect(isAllowed(expression, allowed)).toBe(verdict);
  });

  const entry = { location: "node_modules/x", name: "x", version: "1.0.0", license: "MPL-2.0" };
  test("of a tool may be one that is not allowed for deployed packages", () => {
    expect(findForeignLicences([{ ...entry, isProduction: false }])).toEqual([]);
    expect(findForeignLicences([{ ...entry, isProduction: true }])).toEqual([
      "x 1.0.0 is deployed under MPL-2.0",
    ]);
  });

  test("that is missing is a violation", () => {
    const { license: _, ...unnamed } = entry;
    expect(findForeignLicences([{ ...unnamed, isProduction: true }])).toEqual([
      "x 1.0.0 is deployed under no stated licence",
    ]);
  });
});

describe("the bill of materials", () => {
  const component = (name: string) => ({ "bom-ref": `${name}@1.0.0`, name, version: "1.0.0" });
  const all: Sbom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    metadata: { component: { "bom-ref": "ringfront@0.1.0", name: "some-folder" } },
    components: ["zod", "unused", "vitest"].map(component),
    dependencies: [
      { ref: "ringfront@0.1.0", dependsOn: ["zod@1.0.0", "unused@1.0.0", "vitest@1.0.0"] },
      { ref: "vitest@1.0.0", dependsOn: ["zod@1.0.0"] },
    ],
  };
  const locked = (name: string, isProduction: boolean): LockedPackage => {
    return { location: `node_modules/${name}`, name, version: "1.0.0", isProduction };
  };
  const packages = [locked("zod", true), locked("unused", true), locked("vitest", false)];
  const inputs = { "lib/a.ts": 10, "node_modules/zod/mini.js": 20, "node_modules/unused/index.js": 0 };

  test("lists the deployed packages with their functions, marks those that the bundles left out, and names no tool", () => {
    const { components, dependencies, metadata } = selectDeployed(all, packages, [
      { name: "operations/get-health", inputs },
    ]);
    expect(metadata.component.name).toBe("ringfront");
    expect(components).toEqual([
      {
        ...component("zod"),
        scope: "required",
        properties: [{ name: "ringfront:function", value: "operations/get-health" }],
      },
      { ...component("unused"), scope: "excluded", properties: [] },
    ]);
    expect(dependencies).toEqual([{ ref: "ringfront@0.1.0", dependsOn: ["zod@1.0.0", "unused@1.0.0"] }]);
  });

  test("is rejected when a bundle holds a package that it would not list", () => {
    const foreign = [{ name: "operations/get-health", inputs: { "node_modules/stowaway/index.js": 5 } }];
    expect(() => selectDeployed(all, packages, foreign)).toThrow("lacks stowaway");
  });

  test("is valid by CycloneDX's own schema", async () => {
    const typed = all.components.map((each) => ({ ...each, type: "library" }));
    const application = { ...all.metadata.component, type: "application" };
    const valid = { ...all, components: typed, metadata: { component: application } };
    await expect(requireValid(valid)).resolves.toBeUndefined();
    await expect(requireValid(all)).rejects.toThrow("not a valid bill of materials");
    await expect(requireValid({ ...valid, licence: "MIT" })).rejects.toThrow("additionalProperties");
    await expect(requireValid({ ...valid, specVersion: "0.1" })).rejects.toThrow();
  });
});
