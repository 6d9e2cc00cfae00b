// Loads what the service imports on first use, for labs in virtual time: under Vitest, loading takes any number of turns of
// the event loop.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const lazyModules = globSync("lib/**/*.ts", { cwd: root, exclude: ["lib/client/**"] }).flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/ import\("(.+?)"\)/g)].map(([, path = ""]) =>
    path.startsWith(".") ? join(root, dirname(file), path) : path,
  ),
);
await Promise.all(lazyModules.map((path) => import(path)));
