import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const left = new Set(["node_modules", ".git", ".build", ".local", ".serverless", "coverage"]);

export interface Checkout {
  dir: string;
  remove(): void;
}

/**
 * A copy of this checkout in another folder, with the installed packages linked in. A stack started there disturbs
 * neither this checkout's `.local` nor a stack that a developer runs from it.
 * @throws when `npm start` in the copy would reinstall packages, and so delete the linked ones
 */
export function copyCheckout(): Checkout {
  if (!existsSync(join(root, "node_modules/.ringfront-lock-hash"))) {
    throw new Error("run the end-to-end tests by `npm run test:stack`, which installs what they need");
  }
  const dir = mkdtempSync(join(tmpdir(), "ringfront-e2e-"));
  cpSync(root, dir, {
    recursive: true,
    filter: (source) => source === root || !left.has(basename(source)),
  });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
