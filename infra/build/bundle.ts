import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";
import { lazyNodeModules } from "./lazy-node-modules.ts";

export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

/** One bundled function. */
export interface Bundle {
  /** Its place under `functions/`, without extension: `extensions/list-blocked-numbers`. */
  name: string;
  /** The bundle's file. */
  path: string;
  code: Uint8Array;
  /** What went in, by path from the project's root, with how many bytes of the bundle each takes. */
  inputs: Record<string, number>;
}

export interface BundleOptions {
  /** Bundles go to `<outDir>/functions/<name>.mjs`, so that a handler is named the same here, zipped and deployed. */
  outDir: string;
  /** Source maps go to `<mapsDir>/functions/<name>.mjs.map`: kept for whoever reads a stack trace, never deployed. */
  mapsDir: string;
  /** The project to bundle; this one unless told. */
  root?: string;
}

const replacements = fileURLToPath(new URL("replacements", import.meta.url));

/** Dependencies whose weight no function can ever use, with what stands in for them; each file says why. */
const lighterModules = {
  "@aws-sdk/credential-provider-node": join(replacements, "lambda-credentials.ts"),
  "@smithy/core/event-streams": join(replacements, "no-event-streams.ts"),
  "cacheable-request": join(replacements, "no-cacheable-request.ts"),
};

/** Every file under `functions/` is one Lambda function. */
export async function listFunctions(root: string = projectRoot): Promise<string[]> {
  const files = await readdir(join(root, "functions"), { recursive: true });
  return files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length).split(sep).join("/"))
    .sort();
}

/**
 * Bundles each function into one minified ES module for Lambda's Node.
 *
 * Nothing is external: the AWS SDK that Lambda's runtime brings changes under a running service and is slower to
 * load than a bundled, tree-shaken client, so the versions of package-lock.json go along.
 * @throws esbuild's BuildFailure, with the errors already printed
 */
export async function bundleFunctions({
  outDir,
  mapsDir,
  root = projectRoot,
}: BundleOptions): Promise<Bundle[]> {
  const names = await listFunctions(root);
  await Promise.all(
    [outDir, mapsDir].map((dir) => rm(join(dir, "functions"), { recursive: true, force: true })),
  );
  return Promise.all(names.map((name) => bundleFunction(name, outDir, mapsDir, root)));
}

async function bundleFunction(name: string, outDir: string, mapsDir: string, root: string): Promise<Bundle> {
  const path = join(outDir, "functions", `${name}.mjs`);
  const result = await runEsbuild(name, path, root);
  const mapPath = join(mapsDir, "functions", `${name}.mjs.map`);
  await Promise.all([dirname(path), dirname(mapPath)].map((dir) => mkdir(dir, { recursive: true })));
  await Promise.all([writeFile(path, result.code.contents), writeFile(mapPath, result.map.contents)]);
  return { name, path, code: result.code.contents, inputs: inputsOf(result.metafile) };
}

async function runEsbuild(name: string, path: string, root: string) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [`functions/${name}.ts`],
    outfile: path,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    minify: true,
    legalComments: "none",
    sourcemap: "external",
    logLevel: "error",
    alias: lighterModules,
    plugins: [lazyNodeModules],
  });
  const code = result.outputFiles.find((file) => file.path.endsWith(".mjs"));
  const map = result.outputFiles.find((file) => file.path.endsWith(".map"));
  if (code === undefined || map === undefined) throw new Error(`esbuild made no bundle of ${name}`);
  return { code, map, metafile: result.metafile };
}

function inputsOf(metafile: Metafile): Record<string, number> {
  const output = Object.values(metafile.outputs).find((candidate) => candidate.entryPoint !== undefined);
  return Object.fromEntries(
    Object.entries(output?.inputs ?? {})
      .filter(([path]) => !path.startsWith("node-module:"))
      .map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
  );
}
