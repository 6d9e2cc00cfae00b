import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFunctions } from "../../../infra/build/bundle.ts";
import type { Use } from "../../../infra/build/iam-permissions.ts";
import { useOf } from "../../../infra/build/used-actions.ts";

let uses: Promise<[string, Use][]> | undefined;

/** What the code in each function's bundle can ask for, by the function's name. Bundled once for all test files. */
export async function bundledUses(): Promise<Map<string, Use>> {
  uses ??= bundle();
  return new Map(await uses);
}

async function bundle(): Promise<[string, Use][]> {
  const outDir = mkdtempSync(join(tmpdir(), "ringfront-uses-"));
  try {
    return (await bundleFunctions({ outDir })).map((one) => [one.name, useOf(one)]);
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}
