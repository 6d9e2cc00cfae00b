import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { projectRoot } from "../../infra/build/bundle.ts";
import { packClient } from "../../infra/build/pack-client.ts";

const tour = fileURLToPath(new URL("client-app/tour.ts", import.meta.url));
const require = createRequire(import.meta.url);

/** A folder outside the checkout, with an app that has installed the client's package. */
export interface ClientApp {
  dir: string;
  /** The app's own module, `tour.ts`. */
  entry: string;
  remove(): void;
}

/** Packs the client and installs it as an app does. Its two dependencies come from this checkout. */
export function installClientApp(): ClientApp {
  const dir = mkdtempSync(join(tmpdir(), "ringfront-app-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const packages = ["openapi-fetch", "openapi-typescript-helpers"].map((name) => packInstalled(name, dir));
    writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
    const args = ["install", "--offline", "--no-audit", "--no-fund", packClient().path, ...packages];
    execFileSync("npm", args, { cwd: dir, stdio: "ignore" });
    const entry = join(dir, "tour.ts");
    copyFileSync(tour, entry);
    return { dir, entry, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function packInstalled(name: string, target: string): string {
  const folder = dirname(require.resolve(`${name}/package.json`));
  const args = ["pack", "--ignore-scripts", "--pack-destination", target, folder];
  return join(
    target,
    execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(),
  );
}

/** A document's blocks of code in a language. */
export function codeIn(document: string, language: string): [string, ...string[]] {
  const text = readFileSync(join(projectRoot, document), "utf8");
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))];
  const [first, ...others] = blocks.map(([, code = ""]) => code);
  if (first === undefined) throw new Error(`${document} has no ${language}`);
  return [first, ...others];
}

/** The expected results of the tour, in every runtime. */
export const expectedTour = {
  blockedOnce: { lost: 2, seen: 1, unblocked: 204 },
  queued: { first: { left: 1 }, second: { left: 0 }, outcomes: ["done"] },
  read: { statuses: [200, 304], same: true },
  replayed: { same: true, marked: "true", removed: 204 },
  rejected: { code: "extension_forbidden", status: 403, hasRequestId: true },
  fieldErrors: [{ field: "lable", code: "unknown" }],
  mirrored: { changes: [], hasNumber: true },
  renewed: { asked: [false, true], status: 200 },
};
