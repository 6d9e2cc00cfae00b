import { functions } from "../resources/functions.ts";
import type { Bundle } from "./bundle.ts";
import { lockedPackages } from "./lock-file.ts";
import { pages } from "./pages.ts";

/**
 * What must not be in a bundle: anything but our own functions and lib, the build's stand-ins, and packages that
 * package-lock.json does not mark as needed for development only, or that pages hold copies of.
 * @returns a sentence for each violation
 */
export function findForeignInputs(bundles: readonly Bundle[], root: string): string[] {
  const packages = new Map(lockedPackages(root).map((entry) => [entry.location, entry]));
  const isAllowed = (path: string) => {
    if (/^(functions\/|lib\/|infra\/build\/replacements\/|docs\/openapi\.json$)/.test(path)) return true;
    const location = packageLocation(path);
    return location !== undefined && packages.get(location)?.isProduction === true;
  };
  return bundles.flatMap(({ name, inputs }) => {
    const foreign = Object.keys(inputs).filter((path) => !isAllowed(path));
    const sources = new Set(foreign.map((path) => packageLocation(path) ?? path));
    return [...sources].map((source) => `${name} contains ${source}, which is no part of what is deployed`);
  });
}

/**
 * `node_modules/a/node_modules/@b/c/d.js` lies in the package at `node_modules/a/node_modules/@b/c`; what stands
 * before the first `node_modules` tells only where it is linked from.
 */
export function packageLocation(path: string): string | undefined {
  return /(?<=^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

/** A budget this far above the size would let a careless import through unseen. */
const SLACK = 1.15;

export interface Budgets {
  /** KB of each minified bundle, by function. */
  bundles: ReadonlyMap<string, number>;
  /** KB of each page beside a bundle, compressed as it is sent. */
  pages: ReadonlyMap<string, number>;
}

/** Beside what needs them: infra/resources/functions.ts and pages.ts. */
export const budgets: Budgets = {
  bundles: new Map(functions.map(({ file, bundleKb }) => [file, bundleKb])),
  pages: new Map(Object.entries(pages).map(([name, { maxKb }]) => [name, maxKb])),
};

/** @returns a sentence for each bundle and each page that is above its budget or far below it, or has none */
export function findBudgetViolations(
  bundles: readonly Bundle[],
  { bundles: code, pages }: Budgets,
): string[] {
  return bundles.flatMap(({ name, code: { byteLength }, files }) => {
    const pageBytes = files.reduce((sum, { contents }) => sum + contents.byteLength, 0);
    return [
      ...judgeSize(name, byteLength / 1024, code.get(name)),
      ...(pageBytes === 0 ? [] : judgeSize(`the page of ${name}`, pageBytes / 1024, pages.get(name))),
    ];
  });
}

function judgeSize(what: string, size: number, allowed: number | undefined): string[] {
  const found = `${what} takes ${size.toFixed(0)} KB`;
  if (allowed === undefined) return [`${found} and has no budget`];
  if (size > allowed) return [`${found}; its budget is ${allowed} KB`];
  return allowed <= size * SLACK ? [] : [`${found}; lower its budget of ${allowed} KB`];
}
