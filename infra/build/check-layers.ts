// Holds every import to the direction the layers allow (README, "How it is laid out"), type imports included, and
// to the one place that may use each heavy package; and finds modules that need each other to be loaded.
//
// dependency-cruiser 18 was tried for this. It reads TypeScript with the compiler up to version 6, or with swc: then it
// finds what this finds, but warns at every run that it may have missed sources, and brings 48 packages, a native
// parser among them, to a check that takes a page. Once it reads TypeScript 7, it is the better tool.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "./bundle.ts";

/** The first prefix that fits a file names its layer; its imports of other files must lie in the layers listed. */
const layers: readonly (readonly [prefix: string, mayImport: readonly string[]])[] = [
  ["lib/platform/", []],
  ["lib/contract/", []],
  ["lib/ringcentral/", ["lib/storage/", "lib/platform/"]],
  ["lib/storage/", ["lib/platform/"]],
  ["lib/numbers/", ["lib/contract/", "lib/ringcentral/", "lib/storage/", "lib/platform/"]],
  ["lib/sync/", ["lib/contract/", "lib/numbers/", "lib/ringcentral/", "lib/storage/", "lib/platform/"]],
  ["lib/http/", ["lib/contract/", "lib/numbers/", "lib/ringcentral/", "lib/storage/", "lib/platform/"]],
  // For apps: it knows of the rest only what the OpenAPI file says.
  ["lib/client/", []],
  // For browsers: what is said of problems comes from the contract, everything else from the API while it runs.
  ["lib/pages/", ["lib/contract/"]],
  // Files right under lib/ put the layers together.
  ["lib/", ["package.json"]],
  ["functions/", ["lib/", "docs/openapi.json", "package.json"]],
  // The twin reads RingCentral's documentation on its own: shared code would share its mistakes.
  ["test/twin/", []],
  ["test/", ["lib/", "functions/", "infra/", "test/", "docs/", "package.json"]],
  ["infra/", ["lib/contract/", "lib/pages/", "lib/platform/", "test/twin/", "package.json"]],
];

/** Packages that only one place may import. */
const keepers: Record<string, readonly string[]> = {
  got: ["lib/ringcentral/"],
  "@aws-sdk/client-dynamodb": ["lib/storage/", "infra/local/", "test/"],
  "@aws-sdk/client-secrets-manager": ["lib/platform/", "lib/ringcentral/", "test/"],
  "@aws-sdk/client-sqs": ["lib/platform/", "infra/local/", "test/"],
  "@aws-sdk/client-eventbridge": ["lib/platform/", "test/"],
  "libphonenumber-js": ["lib/numbers/", "test/"],
  // Full zod costs 25 ms of every cold start; zod/mini two.
  zod: [],
};

/** @returns a sentence for each import of `file` that goes against the rules */
export function findForbiddenImports(file: string, source: string): string[] {
  return importsOf(source).flatMap((specifier) => {
    const problem = specifier.startsWith(".")
      ? judgeFile(file, posix.join(posix.dirname(file), specifier))
      : judgePackage(file, specifier);
    return problem === undefined ? [] : [problem];
  });
}

function judgeFile(file: string, target: string): string | undefined {
  const layer = layers.find(([prefix]) => file.startsWith(prefix));
  if (layer === undefined) return undefined;
  const [own, allowed] = layer;
  if ([own, ...allowed].some((prefix) => target.startsWith(prefix))) return undefined;
  return `${file} imports ${target}: ${own} may import ${[own, ...allowed].join(", ")} only`;
}

function judgePackage(file: string, specifier: string): string | undefined {
  const name = Object.keys(keepers).find(
    (keeper) => specifier === keeper || (keeper !== "zod" && specifier.startsWith(`${keeper}/`)),
  );
  const homes = name === undefined ? undefined : keepers[name];
  if (homes === undefined || homes.some((home) => file.startsWith(home))) return undefined;
  return `${file} imports ${specifier}, which ${homes.length > 0 ? `is for ${homes.join(", ")}` : "nothing may"}`;
}

/** Static imports and re-exports begin a line (or end a list that does); dynamic ones stand anywhere. */
const importPattern =
  /^(?:import|export|\})[^"\n]*?\bfrom\s+"([^"]+)"|\bimport\s*\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm;

function importsOf(source: string): string[] {
  return [...source.matchAll(importPattern)].flatMap((match) =>
    match.slice(1).filter((group) => group !== undefined),
  );
}

/** What a module needs before it runs: neither types, which are gone by then, nor what it loads later. */
const neededPattern = /^(?:import(?!\s+type\b)|export(?!\s+type\b)|\})[^"\n]*?\bfrom\s+"(\.[^"]+)"/gm;

/**
 * Modules that need each other: which of them runs first, and finds the other empty, depends on who is imported first.
 * @param sources by path from the project's root
 * @returns a sentence for each circle
 */
export function findCircles(sources: ReadonlyMap<string, string>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  function visit(file: string, path: readonly string[]): void {
    if (path.includes(file)) {
      circles.push(`modules that need each other: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`);
    }
    if (done.has(file) || path.includes(file)) return;
    for (const target of neededBy(file, sources.get(file) ?? "")) visit(target, [...path, file]);
    done.add(file);
  }
  for (const file of sources.keys()) visit(file, []);
  return circles;
}

function neededBy(file: string, source: string): string[] {
  // A list of types over several lines ends as a list of values does; its beginning tells.
  const values = source.replace(/^(?:import|export) type \{[^}]*\} from "[^"]+";$/gm, "");
  return [...values.matchAll(neededPattern)].map(([, specifier = ""]) =>
    posix.join(posix.dirname(file), specifier),
  );
}

function* sourceFiles(): Generator<string> {
  for (const folder of ["functions", "lib", "infra", "test"]) {
    for (const entry of readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      yield relative(projectRoot, join(entry.parentPath, entry.name)).replaceAll("\\", "/");
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const sources = new Map(
    [...sourceFiles()].map((file) => [file, readFileSync(join(projectRoot, file), "utf8")] as const),
  );
  const problems = [
    ...[...sources].flatMap(([file, source]) => findForbiddenImports(file, source)),
    ...findCircles(sources),
  ];
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
