// Checks the licence of every package in package-lock.json against a list: a short one for deployed packages, a longer
// one for tools, which are not passed on.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "./bundle.ts";
import { type LockedPackage, lockedPackages } from "./lock-file.ts";

const deployable = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"];
// MPL-2.0 asks nothing of the users of an unchanged tool.
const usable = [
  ...deployable,
  "BlueOak-1.0.0",
  "CC0-1.0",
  "MPL-2.0",
  "PSF-2.0",
  "Python-2.0",
  "Unlicense",
  "Zlib",
];

/**
 * Whether a licence expression (SPDX) can be met with the licences of a list: one side of an `OR`, both of an `AND`.
 * Any other text, such as an exception (`WITH`), cannot.
 */
export function isAllowed(expression: string, allowed: readonly string[]): boolean {
  const tokens = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const take = (word: string) => tokens[at]?.toUpperCase() === word && ++at > 0;
  function term(): boolean {
    if (!take("(")) return allowed.includes(tokens[at++] ?? "");
    const inner = either();
    return take(")") && inner;
  }
  function both(): boolean {
    let met = term();
    while (take("AND")) met = term() && met;
    return met;
  }
  function either(): boolean {
    let met = both();
    while (take("OR")) met = both() || met;
    return met;
  }
  const met = either();
  return met && at === tokens.length;
}

/** @returns a sentence for each package whose licence is not on the list that applies */
export function findForeignLicences(packages: readonly LockedPackage[]): string[] {
  return packages.flatMap(({ name, version, license, isProduction, optional, location }) => {
    const expression = license ?? readLicence(location);
    // A tool's binary for another platform is not installed here. It has the licence of the tool.
    if (expression === undefined && optional === true && !isProduction) return [];
    if (expression !== undefined && isAllowed(expression, isProduction ? deployable : usable)) return [];
    const use = isProduction ? "deployed" : "used as a tool";
    return [`${name} ${version} is ${use} under ${expression ?? "no stated licence"}`];
  });
}

const Manifest = z.object({
  license: z.optional(z.string()),
  /** Older spellings, from before SPDX. */
  licenses: z.optional(z.array(z.object({ type: z.string() }))),
});

/** A lock file's entry has no licence when npm did not look the package up itself. */
function readLicence(location: string): string | undefined {
  const path = join(projectRoot, location, "package.json");
  if (!existsSync(path)) return undefined;
  const { license, licenses } = Manifest.parse(JSON.parse(readFileSync(path, "utf8")));
  return license ?? licenses?.map(({ type }) => type).join(" OR ");
}

if (import.meta.main) {
  const problems = findForeignLicences(lockedPackages());
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
