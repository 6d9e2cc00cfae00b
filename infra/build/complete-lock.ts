// `node infra/build/complete-lock.ts`, after a change of dependencies. npm leaves out of package-lock.json the optional
// packages of other platforms that it could not look up, and `npm ci` then rejects the file everywhere. This command
// adds them: the packages that ask for them give their exact versions, and their names give their platforms. A test
// checks that none is missing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./bundle.ts";

interface LockEntry {
  version?: string;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
}
interface LockFile {
  packages: Record<string, LockEntry>;
}

/** The optional packages that a lock file's packages ask for and that have no entry in it. */
export function findMissingOptionals({ packages }: LockFile) {
  return Object.entries(packages).flatMap(([askedBy, { dev, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !resolves(packages, askedBy, name))
      .map(([name, version]) => ({ name, version, dev })),
  );
}

/** Node's own rule: beside the package that asks, or in any folder above. */
function resolves(packages: LockFile["packages"], from: string, name: string): boolean {
  if (`${from === "" ? "" : `${from}/`}node_modules/${name}` in packages) return true;
  if (from === "") return false;
  const above = from.lastIndexOf("/node_modules/");
  return resolves(packages, above < 0 ? "" : from.slice(0, above), name);
}

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"];

/** @throws when the version is a range or the name has no platform: a person must then edit the lock file */
function entryFor({ name, version, dev }: ReturnType<typeof findMissingOptionals>[number]) {
  const words = name.split(/[/-]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new Error(`cannot tell the platform of ${name}@${version}`);
  }
  const libc = words.some((word) => word.startsWith("musl")) ? ["musl"] : undefined;
  return { version, cpu: [cpu], ...(dev && { dev }), ...(libc && { libc }), optional: true, os: [os] };
}

/** The lock file with every missing package added, its packages in npm's order. */
export function completeLock(lock: LockFile): LockFile {
  const added = findMissingOptionals(lock).map((missing): [string, LockEntry] => {
    return [`node_modules/${missing.name}`, entryFor(missing)];
  });
  const packages = [...Object.entries(lock.packages), ...added];
  packages.sort(([a], [b]) => a.localeCompare(b, "en"));
  return { ...lock, packages: Object.fromEntries(packages) };
}

const path = join(projectRoot, "package-lock.json");
export const readLock = (): LockFile => JSON.parse(readFileSync(path, "utf8"));

if (import.meta.main) {
  const completed = completeLock(readLock());
  writeFileSync(path, `${JSON.stringify(completed, null, 2)}\n`);
}
