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
  let text = expression.replace(/[^\s()]+/g, (word) =>
    /^(AND|OR)$/i.test(word) ? word.toUpperCase() : String(allowed.includes(word)),
  );
  // The innermost parentheses first.
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(/\(([^()]*)\)/g, (_, inner: string) => String(isMet(inner)));
  }
  return isMet(text);
}

const isMet = (text: string) =>
  text.split("OR").some((side) => side.split("AND").every((verdict) => verdict.trim() === "true"));

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
