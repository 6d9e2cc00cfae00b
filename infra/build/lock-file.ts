import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "./bundle.ts";
import { packagesInPages } from "./pages.ts";

const Entry = z.object({
  version: z.optional(z.string()),
  license: z.optional(z.string()),
  dev: z.optional(z.boolean()),
  devOptional: z.optional(z.boolean()),
  optional: z.optional(z.boolean()),
  /** Stands for a folder of this project. */
  link: z.optional(z.boolean()),
  hasInstallScript: z.optional(z.boolean()),
});
const LockFile = z.object({ packages: z.record(z.string(), Entry) });

/** One package of package-lock.json. */
export interface LockedPackage extends z.output<typeof Entry> {
  /** Where it lies: `node_modules/a/node_modules/b`. */
  location: string;
  name: string;
  /** Goes into what is deployed, as far as it is not shaken out of the bundles. */
  isProduction: boolean;
}

/** Every package that package-lock.json brings; the project itself and its client are left out. */
export function lockedPackages(root: string = projectRoot): LockedPackage[] {
  const { packages } = LockFile.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
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

/** `node_modules/a/node_modules/@b/c` holds the package `@b/c`. */
export function packageName(location: string): string {
  return location.slice(location.lastIndexOf("node_modules/") + "node_modules/".length);
}
