// `npm run sbom`: what is deployed, as a CycloneDX bill of materials, in .build/sbom.cdx.json. npm knows the packages
// with their versions, licences and hashes; the bundles tell which of them really go along.
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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
 * Of npm's bill, which has the tools too, what package-lock.json counts as production. (npm's own `--omit dev` leaves
 * out what a tool needs as well, zod for one.) Packages that no bundle holds are marked as excluded; the others name
 * the functions that they are in.
 * @throws when a bundle holds a package that the bill would not have
 */
export function selectDeployed(
  all: Sbom,
  packages: readonly LockedPackage[],
  bundles: readonly Pick<Bundle, "name" | "inputs">[],
): Sbom {
  const idOf = ({ name, version }: { name: string; version?: string | undefined }) => `${name}@${version}`;
  const production = packages.filter(({ isProduction }) => isProduction);
  const ids = new Set(production.map(idOf));
  const functionsOf = functionsByPackage(bundles);
  const components = all.components
    .filter((component) => ids.has(idOf(component)))
    .map((component) => {
      const functions = [...(functionsOf.get(component.name) ?? [])].sort();
      const properties = functions.map((value) => ({ name: "ringfront:function", value }));
      return {
        ...component,
        scope: functions.length > 0 ? "required" : "excluded",
        properties: [...(component.properties ?? []), ...properties],
      };
    });
  const names = new Set(components.map(({ name }) => name));
  const unnamed = [...functionsOf.keys()].filter((name) => !names.has(name));
  if (unnamed.length > 0) throw new Error(`npm's bill of materials lacks ${unnamed.join(", ")}`);
  const { component } = all.metadata;
  const refs = new Set([component["bom-ref"], ...components.map((one) => one["bom-ref"])]);
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

function functionsByPackage(bundles: readonly Pick<Bundle, "name" | "inputs">[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { name, inputs } of bundles) {
    for (const [path, bytes] of Object.entries(inputs)) {
      const location = bytes > 0 ? packageLocation(path) : undefined;
      if (location === undefined) continue;
      const key = packageName(location);
      found.set(key, (found.get(key) ?? new Set()).add(name));
    }
  }
  return found;
}

/** Reads package-lock.json alone, so it needs no network. */
function askNpm(): Sbom {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
  const output = execFileSync("npm", args, {
    cwd: projectRoot,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
    shell: process.platform === "win32",
  });
  return Sbom.parse(JSON.parse(output));
}

/** @throws when it is not what CycloneDX's own schema asks for, unknown members included */
export async function requireValid(sbom: Sbom): Promise<void> {
  const version = SpecVersion.parse(sbom.specVersion);
  const problems = await new Validation.JsonStrictValidator(version).validate(JSON.stringify(sbom));
  if (problems !== null) throw new Error(`not a valid bill of materials: ${JSON.stringify(problems)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const dir = join(projectRoot, ".build");
  await mkdir(dir, { recursive: true });
  const sbom = selectDeployed(
    askNpm(),
    lockedPackages(),
    await bundleFunctions({ outDir: join(dir, "sbom") }),
  );
  await requireValid(sbom);
  await writeFile(join(dir, "sbom.cdx.json"), `${JSON.stringify(sbom, null, 2)}\n`);
  const deployed = sbom.components.filter(({ scope }) => scope === "required");
  console.log(
    `.build/sbom.cdx.json: ${sbom.components.length} production packages, ${deployed.length} of them in the bundles`,
  );
}
