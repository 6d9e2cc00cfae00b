import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import type { Bundle } from "./bundle.ts";
import { lockedPackages } from "./lock-file.ts";

const Budgets = z.object({
  default: z.number(),
  functions: z.record(z.string(), z.number()),
  /** What lies beside a bundle: the page, compressed as it is sent. */
  pages: z.record(z.string(), z.number()),
});

/**
 * What must not be in a bundle: anything but our own functions and lib, the build's stand-ins, and packages that
 * package-lock.json does not mark as needed for development only, or that pages hold copies of.
 * @returns a sentence for each offence
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

/** A budget this much above what it is for lets a careless import through unseen. */
const SLACK = 1.15;

/**
 * @returns a sentence for each bundle (minified) and each page (compressed) that is larger than
 *   infra/build/budgets.json allows in KB, and for each budget that has become too generous, or is nobody's
 */
export function findOverBudget(bundles: readonly Bundle[], root: string): string[] {
  const budgets = Budgets.parse(JSON.parse(readFileSync(join(root, "infra/build/budgets.json"), "utf8")));
  const code = new Map(bundles.map(({ name, code }) => [name, code.byteLength / 1024]));
  const pages = bundles.flatMap(({ name, files }) => {
    const bytes = files.reduce((sum, { contents }) => sum + contents.byteLength, 0);
    return bytes === 0 ? [] : ([[name, bytes / 1024]] as const);
  });
  return [
    ...judgeSizes(code, budgets.functions, budgets.default),
    ...judgeSizes(new Map(pages), budgets.pages, 0).map((offence) => `the page of ${offence}`),
  ];
}

function judgeSizes(
  sizes: ReadonlyMap<string, number>,
  budgets: Record<string, number>,
  standard: number,
): string[] {
  const over = [...sizes].flatMap(([name, size]) => {
    const allowed = budgets[name] ?? standard;
    return size <= allowed
      ? []
      : [`${name} takes ${size.toFixed(0)} KB; infra/build/budgets.json allows ${allowed} KB`];
  });
  const idle = Object.entries(budgets).flatMap(([name, allowed]) => {
    const size = sizes.get(name);
    if (size === undefined) return [`infra/build/budgets.json has a budget for ${name}, which is not there`];
    return allowed <= size * SLACK
      ? []
      : [`${name} takes ${size.toFixed(0)} KB; lower its ${allowed} KB in infra/build/budgets.json`];
  });
  return [...over, ...idle];
}
