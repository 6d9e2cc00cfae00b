// `npm run client`: makes the typed client's npm package, .build/client/ringfront-client-<version>.tgz.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "./bundle.ts";

/** The output of `npm pack --json` for a package. */
const Packed = z.tuple([
  z.object({
    filename: z.string(),
    files: z.array(z.object({ path: z.string(), size: z.number() })),
  }),
]);

/**
 * Compiles lib/client and packs it as `npm publish` would.
 * @returns the path of the archive, and its content
 * @throws when it does not compile
 */
export function packClient() {
  const clientDir = join(projectRoot, "lib", "client");
  const target = join(projectRoot, ".build", "client");
  rmSync(join(clientDir, "dist"), { recursive: true, force: true });
  copyFileSync(join(projectRoot, "LICENSE"), join(clientDir, "LICENSE"));
  mkdirSync(target, { recursive: true });
  const output = execFileSync("npm", ["pack", "--json", "--pack-destination", target], {
    cwd: clientDir,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  // The compiler's output comes first.
  const [{ filename, files }] = Packed.parse(JSON.parse(output.slice(output.indexOf("["))));
  return { path: join(target, filename), files };
}

if (import.meta.main) {
  const { path, files } = packClient();
  for (const { path: name, size } of files) console.log(`  ${name} ${(size / 1024).toFixed(1)} KB`);
  console.log(`${path}\ninstall it in an app: npm install ${path}`);
}
