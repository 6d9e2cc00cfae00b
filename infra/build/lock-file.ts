import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "./bundle.ts";
import { packagesInPages } from "./pages.ts";

const Entry = z.object({
  version: z.optional(z.string()),
  /** The hash of the package's archive, which `npm ci` compares. */
  integrity: z.optional(z.string()),
  license: z.optional(z.string()),
  dev: z.optional(z.boolean()),
  devOptional: z.optional(z.boolean()),
  optional: z.optional(z.boolean()),
  /** The package is a folder of this project. */
  link: z.optional(z.boolean()),
  hasInstallScript: z.optional(z.boolean()),
  optionalDependencies: z.optional(z.record(z.string(), z.string())),
});
const LockFile = z.object({ packages: z.record(z.string(), Entry) });

/** One package of package-lock.json. */
export interface LockedPackage extends z.output<typeof Entry> {
  /** Its place: `node_modules/a/node_modules/b`. */
  location: string;
  name: string;
  /** Deployed, except for the parts that tree-shaking drops. */
  isProduction: boolean;
}

/** Every package in package-lock.json, without the project itself and its client. */
export function lockedPackages(): LockedPackage[] {
  const { packages } = LockFile.parse(
    JSON.parse(readFileSync(join(projectRoot, "package-lock.json"), "utf8")),
  );
  return Object.entries(packages)
    .filter(([location, { link }]) => location.includes("node_modules/") && link !== true)
    .map(([location, entry]) => ({
      ...entry,
      location,
      name: packageName(location),
      isProduction:
        packagesInPages.includes(packageName(location)) || (entry.dev !== true && entry.devOptional !== true),
    }));
}

/** `node_modules/a/node_modules/@b/c` has the package `@b/c`. */
export function packageName(location: string): string {
  return location.slice(location.lastIndexOf("node_modules/") + "node_modules/".length);
}

/**
 * The optional packages, most of them of other platforms, that a locked package asks for and that have no entry. npm leaves
 * out those that it cannot look up, and `npm ci` then rejects the file everywhere.
 */
export function missingOptionals(packages: readonly LockedPackage[]): string[] {
  const places = new Set(packages.map(({ location }) => location));
  return packages.flatMap(({ location, optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => !resolves(places, location, name)),
  );
}

/** Node's own rule: beside the package that asks, or in any folder above. */
function resolves(places: ReadonlySet<string>, from: string, name: string): boolean {
  if (places.has(`${from === "" ? "" : `${from}/`}node_modules/${name}`)) return true;
  if (from === "") return false;
  const above = from.lastIndexOf("/node_modules/");
  return resolves(places, above < 0 ? "" : from.slice(0, above), name);
}
