import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";
import { ZipFile } from "yazl";
import { functions } from "../resources/functions.ts";
import { lazyNodeModules } from "./lazy-node-modules.ts";
import { noHttp2 } from "./no-http2-plugin.ts";
import { buildPage, type SideFile } from "./pages.ts";

export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

/** One bundled function. */
export interface Bundle {
  /** Its place under `functions/`, without extension: `extensions/list-blocked-numbers`. */
  name: string;
  /** The bundle's file. */
  path: string;
  code: Uint8Array;
  /** The page that it serves. Paths from the bundle's folder. */
  files: SideFile[];
  /** Its sources, by path from the project's root, with how many bytes of the bundle and its files each takes. */
  inputs: Record<string, number>;
}

interface BundleOptions {
  /** Bundles go to `<outDir>/functions/<name>.mjs`, so that a handler has the same name here, zipped and deployed. */
  outDir: string;
  /**
   * Source maps go to `<mapsDir>/functions/<name>.mjs.map`: kept for reading stack traces, never deployed.
   * They take most of the time of a build. Absent: none are made.
   */
  mapsDir?: string;
}

const replacements = fileURLToPath(new URL("replacements", import.meta.url));

/** Large dependencies that no function can use, with their stand-ins; each file of code gives the reason. */
const lighterModules = {
  "@aws-sdk/credential-provider-node": join(replacements, "lambda-credentials.ts"),
  "@smithy/core/event-streams": join(replacements, "no-event-streams.ts"),
  "cacheable-request": join(replacements, "no-cacheable-request.ts"),
  // koa knows a thousand types of files, twice (290 KB). The OAuth server sends and takes four.
  "mime-db": join(replacements, "mime-types-of-oauth.json"),
  // Debug lines in a terminal: `debug` takes it where a development tool has installed it.
  "supports-color": join(replacements, "no-colors.json"),
};

/**
 * Bundles each function into one minified ES module for Lambda's Node.
 *
 * Nothing is external. The AWS SDK in Lambda's runtime changes under a running service and loads more slowly than a
 * bundled, tree-shaken client, so the bundle holds the versions of package-lock.json.
 * @throws esbuild's BuildFailure, with the errors already printed
 */
export async function bundleFunctions({ outDir, mapsDir }: BundleOptions): Promise<Bundle[]> {
  const names = functions.map(({ file }) => file);
  const named = functions.filter(({ keepNames }) => keepNames).map(({ file }) => file);
  for (const dir of [outDir, mapsDir ?? outDir]) {
    await rm(join(dir, "functions"), { recursive: true, force: true });
  }
  // One build for almost all of them: shared modules are read and parsed once.
  const builds = await Promise.all([
    runBuild(
      names.filter((name) => !named.includes(name)),
      { outDir, mapsDir, keepNames: false },
    ),
    runBuild(named, { outDir, mapsDir, keepNames: true }),
  ]);
  const outputFiles = builds.flatMap((one) => one.outputFiles);
  const outputs = Object.assign({}, ...builds.map(({ metafile }) => metafile.outputs));
  const contents = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
  return Promise.all(
    names.map(async (name) => {
      const path = join(outDir, "functions", `${name}.mjs`);
      const code = contents.get(path);
      if (code === undefined) throw new Error(`esbuild made no bundle of ${name}`);
      await writeFileAt(path, code);
      const map = contents.get(`${path}.map`);
      if (mapsDir !== undefined && map !== undefined) {
        await writeFileAt(join(mapsDir, "functions", `${name}.mjs.map`), map);
      }
      const page = await buildPage(name, projectRoot);
      for (const file of page.files) await writeFileAt(join(dirname(path), file.path), file.contents);
      const inputs = { ...inputsOf(name, outputs), ...page.inputs };
      return { name, path, code, files: page.files, inputs };
    }),
  );
}

const runBuild = (
  names: readonly string[],
  { outDir, mapsDir, keepNames }: { outDir: string; mapsDir: string | undefined; keepNames: boolean },
) =>
  build({
    absWorkingDir: projectRoot,
    entryPoints: names.map((name) => ({ in: `functions/${name}.ts`, out: `functions/${name}` })),
    outdir: outDir,
    keepNames,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    minify: true,
    legalComments: "none",
    sourcemap: mapsDir === undefined ? false : "external",
    logLevel: "error",
    alias: lighterModules,
    define: { "Intl.ListFormat": "LazyListFormat" },
    inject: [join(replacements, "lazy-list-format.ts")],
    plugins: [noHttp2, lazyNodeModules],
  });

async function writeFileAt(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}

function inputsOf(name: string, outputs: Metafile["outputs"]): Bundle["inputs"] {
  const output = Object.values(outputs).find(({ entryPoint }) => entryPoint === `functions/${name}.ts`);
  const files = Object.entries(output?.inputs ?? {}).filter(([path]) => !path.startsWith("node-module:"));
  return Object.fromEntries(files.map(([path, { bytesInOutput }]) => [path, bytesInOutput]));
}

/**
 * A Lambda artifact. The same input gives the same bytes at any time and on any machine, so that CloudFormation sees no
 * change where there is none.
 * @param files the files by their paths in the archive, the bundle under its handler's name
 */
export async function zipBundle(files: readonly SideFile[]): Promise<Buffer> {
  // The format stores local time: this is midnight in any time zone.
  const mtime = new Date(2000, 0, 1);
  const zip = new ZipFile();
  for (const { path, contents } of files) {
    zip.addBuffer(Buffer.from(contents), path, { mtime, mode: 0o100644, forceDosTimestamp: true });
  }
  zip.end();
  return buffer(zip.outputStream);
}
