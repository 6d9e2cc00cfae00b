import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
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
 * A copy of this checkout in a folder of its own, with the installed packages linked in: a stack started there
 * disturbs neither this checkout's `.local` nor a stack a developer has running from it.
 */
export function copyCheckout(): Checkout {
  const dir = mkdtempSync(join(tmpdir(), "ringfront-e2e-"));
  cpSync(root, dir, {
    recursive: true,
    filter: (source) => source === root || !left.has(basename(source)),
  });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
