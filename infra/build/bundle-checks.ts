import { functions } from "../resources/functions.ts";
import type { Bundle } from "./bundle.ts";
import { lockedPackages } from "./lock-file.ts";
import { pages } from "./pages.ts";

/**
 * Finds code in a bundle that must not be there. Allowed are our own functions and lib, the build's stand-ins, the
 * packages that package-lock.json marks as production, and the packages that pages hold copies of.
 * @returns a sentence for each violation
 */
export function findForeignInputs(bundles: readonly Bundle[]): string[] {
  const packages = new Map(lockedPackages().map((entry) => [entry.location, entry]));
  const isAllowed = (path: string) => {
    if (/^(functions\/|lib\/|infra\/build\/replacements\/|docs\/openapi\.json$)/.test(path)) return true;
    const location = packageLocation(path);
    return location !== undefined && packages.get(location)?.isProduction === true;
  };
  return bundles.flatMap(({ name, inputs }) => {
    const foreign = Object.keys(inputs).filter((path) => !isAllowed(path));
    const sources = new Set(foreign.map((path) => packageLocation(path) ?? path));
    return [...sources].map((source) => `${name} contains ${source}, which must not be deployed`);
  });
}

/**
 * `node_modules/a/node_modules/@b/c/d.js` lies in the package at `node_modules/a/node_modules/@b/c`. A path before the
 * first `node_modules` only tells where the package is linked from.
 */
export function packageLocation(path: string): string | undefined {
  return /(?<=^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

/** A budget further above the size than this would hide a careless import. */
const SLACK = 1.15;

/** In KB: of each minified bundle, and of each page beside one, compressed as it is sent. */
export const budgets = {
  bundles: new Map(functions.map(({ file, bundleKb }) => [file, bundleKb])),
  pages: new Map(Object.entries(pages).map(([name, { maxKb }]) => [name, maxKb])),
};

/** @returns a sentence for each bundle and page that is above its budget, far below it, or without one */
export function findBudgetViolations(
  bundles: readonly Bundle[],
  { bundles: code, pages }: typeof budgets,
): string[] {
  return bundles.flatMap(({ name, code: { byteLength }, files }) => {
    const pageBytes = files.reduce((sum, { contents }) => sum + contents.byteLength, 0);
    const ofPage = judgeSize(`the page of ${name}`, pageBytes / 1024, pages.get(name));
    return [...judgeSize(name, byteLength / 1024, code.get(name)), ...(pageBytes === 0 ? [] : ofPage)];
  });
}

function judgeSize(what: string, size: number, allowed: number | undefined): string[] {
  const found = `${what} takes ${size.toFixed(0)} KB`;
  if (allowed === undefined) return [`${found} and has no budget`];
  if (size > allowed) return [`${found}; its budget is ${allowed} KB`];
  return allowed <= size * SLACK ? [] : [`${found}; lower its budget of ${allowed} KB`];
}
