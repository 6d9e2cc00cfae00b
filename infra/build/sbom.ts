// `npm run sbom`: the deployed packages as a CycloneDX bill of materials, in .build/sbom.cdx.json. npm knows the
// packages with their versions, licences and hashes; the bundles show which of them are deployed.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import * as z from "zod/mini";
import { type Bundle, bundleFunctions, projectRoot } from "./bundle.ts";
import { packageLocation } from "./bundle-checks.ts";
import { type LockedPackage, lockedPackages, packageName } from "./lock-file.ts";

const Component = z.looseObject({
  "bom-ref": z.string(),
  name: z.string(),
  version: z.string(),
  properties: z.optional(z.array(z.unknown())),
});
const Sbom = z.looseObject({
  specVersion: z.string(),
  metadata: z.looseObject({ component: z.looseObject({ "bom-ref": z.string(), name: z.string() }) }),
  components: z.array(Component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});
export type Sbom = z.output<typeof Sbom>;
const SpecVersion = z.enum(Spec.Version);

/**
 * The part of npm's bill that package-lock.json counts as production. (npm's own `--omit dev` also omits packages that
 * a tool needs too, such as zod.) Packages that no bundle holds are marked as excluded; the others name their
 * functions.
 * @throws when a bundle holds a package that is missing from the bill
 */
export function selectDeployed(
  all: Sbom,
  packages: readonly LockedPackage[],
  bundles: readonly Pick<Bundle, "name" | "inputs">[],
): Sbom {
  const idOf = ({ name, version }: { name: string; version?: string | undefined }) => `${name}@${version}`;
  const ids = new Set(packages.filter(({ isProduction }) => isProduction).map(idOf));
  const held = bundles.flatMap(({ name, inputs }) => packagesIn(inputs).map((held) => ({ held, name })));
  const functionsOf = Map.groupBy(held, ({ held }) => held);
  const components = all.components
    .filter((component) => ids.has(idOf(component)))
    .map((component) => {
      const functions = functionsOf.get(component.name) ?? [];
      const named = functions.map(({ name }) => ({ name: "ringfront:function", value: name }));
      const properties = [...(component.properties ?? []), ...named];
      return { ...component, scope: functions.length > 0 ? "required" : "excluded", properties };
    });
  for (const { name } of components) functionsOf.delete(name);
  if (functionsOf.size > 0) throw new Error(`npm's bill of materials lacks ${[...functionsOf.keys()]}`);
  const { component } = all.metadata;
  const refs = new Set([component, ...components].map((one) => one["bom-ref"]));
  return {
    ...all,
    // npm names the project after its folder.
    metadata: { ...all.metadata, component: { ...component, name: "ringfront" } },
    components,
    dependencies: all.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((target) => refs.has(target)) })),
  };
}

function packagesIn(inputs: Bundle["inputs"]): string[] {
  const used = Object.entries(inputs).filter(([, bytes]) => bytes > 0);
  return [...new Set(used.flatMap(([path]) => packageLocation(path) ?? []).map(packageName))];
}

/** @throws when it does not match CycloneDX's own schema, unknown members included */
export async function requireValid(sbom: Sbom): Promise<void> {
  const version = SpecVersion.parse(sbom.specVersion);
  const problems = await new Validation.JsonStrictValidator(version).validate(JSON.stringify(sbom));
  if (problems !== null) throw new Error(`not a valid bill of materials: ${JSON.stringify(problems)}`);
}

if (import.meta.main) {
  const dir = join(projectRoot, ".build");
  mkdirSync(dir, { recursive: true });
  // npm reads only package-lock.json, so it needs no network.
  const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
  const output = execFileSync("npm", args, {
    cwd: projectRoot,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const bundles = await bundleFunctions({ outDir: join(dir, "sbom") });
  const sbom = selectDeployed(Sbom.parse(JSON.parse(output)), lockedPackages(), bundles);
  await requireValid(sbom);
  writeFileSync(join(dir, "sbom.cdx.json"), `${JSON.stringify(sbom, null, 2)}\n`);
  const deployed = sbom.components.filter(({ scope }) => scope === "required");
  console.log(
    `.build/sbom.cdx.json: ${sbom.components.length} production packages, ${deployed.length} of them in the bundles`,
  );
}
