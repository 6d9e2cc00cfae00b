import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { functions } from "../resources/functions.ts";
import { type Bundle, projectRoot } from "./bundle.ts";

/**
 * The handler's module in place of a bundle with a compile cache. V8 rejects a cache of another version, other flags or
 * another processor, and one that is cut off: the script is compiled then, as without one.
 *
 * Lambda starts Node with `--expose-gc`. That is one of the flags, although it changes nothing in the code.
 */
const loader = `import { readFileSync } from "node:fs";
import { cachedDataVersionTag, setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
setFlagsFromString("--no-expose-gc");
const path = import.meta.filename.slice(0, -4);
const cacheOf = (tag) => {
  try {
    return readFileSync(\`\${path}.\${process.arch}-\${tag}.cache\`);
  } catch {
    return undefined;
  }
};
const script = new Script(readFileSync(\`\${path}.script\`, "latin1"), {
  filename: import.meta.filename,
  cachedData: cacheOf(cachedDataVersionTag()),
  columnOffset: -PREFIX_LENGTH,
});
export const { handler } = script.runInThisContext();
`;
const PREFIX = '(()=>{"use strict";';
const maker = fileURLToPath(new URL("make-compile-caches.ts", import.meta.url));

/**
 * The bundles in the form that starts fastest: V8's compiled code is beside each that calls RingCentral, also of what its
 * first request runs. It is made by running that request here, on this Node and this processor.
 */
export function withCompileCaches(bundles: readonly Bundle[]): Bundle[] {
  const names = new Set(functions.filter(({ route }) => route?.callsRingCentral).map(({ file }) => file));
  const dir = mkdtempSync(join(tmpdir(), "ringfront-caches-"));
  try {
    const chosen = bundles.filter(({ name }) => names.has(name));
    const pathOf = ({ name }: Bundle) => join(dir, name.replaceAll("/", "-"));
    for (const bundle of chosen) writeFileSync(`${pathOf(bundle)}.script`, scriptOf(bundle), "latin1");
    const work = chosen.map((bundle) => ({ name: bundle.name, path: pathOf(bundle) }));
    // Its handlers log.
    const stdio = ["ignore", "ignore", "inherit"] as const;
    execFileSync(process.execPath, [maker, JSON.stringify(work)], { stdio: [...stdio] });
    return bundles.map((bundle) => (names.has(bundle.name) ? cached(bundle, dir, pathOf(bundle)) : bundle));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Puts the same form in the place of the bundles' files. */
export function putCompileCaches(bundles: readonly Bundle[]): void {
  for (const { path, code, files } of withCompileCaches(bundles)) {
    writeFileSync(path, code);
    for (const file of files) writeFileSync(join(dirname(path), file.path), file.contents);
  }
}

/** Why a compile cache of this machine would not serve the functions; `undefined` when it may. */
export function cacheObstacle(arch: string = process.arch): string | undefined {
  const settings = readFileSync(join(projectRoot, "serverless.yml"), "utf8");
  const [, target] = /^ {2}architecture: (\w+)$/m.exec(settings) ?? [];
  return arch === target ? undefined : `this machine is ${arch}, and the functions run on ${target}`;
}

function cached(bundle: Bundle, dir: string, path: string): Bundle {
  const own = basename(bundle.name);
  const made = readdirSync(dir).filter((file) => file.startsWith(`${basename(path)}.`));
  const files = made.map((file) => ({
    path: file.replace(basename(path), own),
    contents: readFileSync(join(dir, file)),
  }));
  return { ...bundle, code: Buffer.from(loader.replace("PREFIX_LENGTH", String(PREFIX.length))), files };
}

/** The module as a script with the handler as its value. @throws Error for a module of another form */
function scriptOf({ name, code }: Bundle): string {
  const text = Buffer.from(code).toString("latin1");
  const end = /export\{([\w$]+) as handler\};?\s*$/.exec(text);
  if (end === null || /\bimport\.meta\b|\bimport\(/.test(text)) throw new Error(`${name} is no plain script`);
  return `${PREFIX}${text.slice(0, end.index)}return{handler:${end[1]}}})()`;
}
