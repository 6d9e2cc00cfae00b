// Holds every import to the direction the layers allow (README, "How it is laid out"), type imports included, and
// to the one place that may use each heavy package. dependency-cruiser would do this, but cannot read TypeScript
// through the TypeScript 7 compiler yet.
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
  // Files right under lib/ put the layers together.
  ["lib/", ["package.json"]],
  ["functions/", ["lib/", "docs/openapi.json", "package.json"]],
  // The twin reads RingCentral's documentation on its own: shared code would share its mistakes.
  ["test/twin/", []],
  ["test/", ["lib/", "functions/", "infra/", "test/", "docs/", "package.json"]],
  ["infra/", ["lib/contract/", "lib/platform/", "test/twin/", "package.json"]],
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

function* sourceFiles(): Generator<string> {
  for (const folder of ["functions", "lib", "infra", "test"]) {
    for (const entry of readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      yield relative(projectRoot, join(entry.parentPath, entry.name)).replaceAll("\\", "/");
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const problems = [...sourceFiles()].flatMap((file) =>
    findForbiddenImports(file, readFileSync(join(projectRoot, file), "utf8")),
  );
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
