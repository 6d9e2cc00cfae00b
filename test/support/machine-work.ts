import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Turns of the event loop without counted work, after which everything waits for time to pass. */
const QUIET_TURNS = 12;

let underWay = 0;

/**
 * Counts work of the machine until it ends. What goes on in threads, files or sockets takes any number of turns of the event
 * loop, and no virtual time.
 */
export async function working<Result>(work: Promise<Result>): Promise<Result> {
  underWay += 1;
  return work.finally(() => {
    underWay -= 1;
  });
}

/** Waits until no counted work is under way, and what has followed from it waits as well. */
export async function workDone(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = underWay > 0 ? 0 : quiet + 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

// WebCrypto works in threads, so each of its calls is counted.
const { subtle } = crypto;
for (const [name, { value }] of Object.entries(
  Object.getOwnPropertyDescriptors(Object.getPrototypeOf(subtle)),
)) {
  if (name === "constructor" || typeof value !== "function") continue;
  const counted = async (...given: unknown[]) => working<unknown>(Reflect.apply(value, subtle, given));
  Object.assign(subtle, { [name]: counted });
}

// What the service imports on first use is loaded beforehand: reading files takes any number of turns.
const root = join(import.meta.dirname, "../..");
const lazyModules = globSync("lib/**/*.ts", { cwd: root, exclude: ["lib/client/**"] }).flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/ import\("(.+?)"\)/g)].map(([, path = ""]) =>
    path.startsWith(".") ? join(root, dirname(file), path) : path,
  ),
);
await Promise.all(lazyModules.map((path) => import(path)));
