import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** Everything that a bundle is made from, besides the packages that package-lock.json names. */
export const bundleSources = [
  "functions/**/*.*",
  "lib/!(client)/**/*.*",
  "infra/build/**/*.*",
  "infra/resources/**/*.*",
  "docs/openapi.json",
  "package-lock.json",
  "tsconfig.json",
];

interface CachedBundles {
  /** The project's folder. */
  root: string;
  outDir: string;
  makeBundles: (outDir: string) => Promise<unknown>;
}

/**
 * Puts the functions' bundles into a folder. They are made only when a source has changed since the last time, because
 * that takes half of a start. npm removes the cache with the packages.
 * @returns whether they were made
 */
export async function putBundles({ root, outDir, makeBundles }: CachedBundles): Promise<boolean> {
  const cacheDir = join(root, "node_modules/.cache/ringfront-bundles");
  const hash = hashOfSources(root);
  const cached = join(cacheDir, hash);
  await rm(outDir, { recursive: true, force: true });
  if (existsSync(cached)) {
    await cp(cached, outDir, { recursive: true });
    return false;
  }
  await makeBundles(outDir);
  await mkdir(cacheDir, { recursive: true });
  const outdated = (await readdir(cacheDir)).filter((name) => !name.startsWith(hash));
  await Promise.all(outdated.map((name) => rm(join(cacheDir, name), { recursive: true, force: true })));
  const draft = `${cached}.${randomUUID()}`;
  await cp(outDir, draft, { recursive: true });
  // Another start may have been faster.
  await rename(draft, cached).catch(() => rm(draft, { recursive: true, force: true }));
  return true;
}

function hashOfSources(root: string): string {
  const hash = createHash("sha256");
  for (const path of globSync(bundleSources, { cwd: root }).sort()) {
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}
