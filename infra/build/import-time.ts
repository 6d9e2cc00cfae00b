import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Milliseconds a fresh Node process takes from start to the module's end of evaluation. */
async function timeImport(path: string): Promise<number> {
  // performance.now() counts from the process's start, so it covers Node's own start as a cold start does.
  const script = `await import(${JSON.stringify(path)}); process.stdout.write(String(performance.now())); process.exit(0);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], {
    env: { PATH: process.env.PATH, ...settings },
  });
  return Number(stdout);
}

/** What the functions read on import, so that none ends early for want of a setting. */
const settings = {
  AWS_REGION: "us-east-1",
  RINGCENTRAL_SECRET_ID: "measure",
  AUTH_ISSUER: "https://issuer.invalid",
  AUTH_AUDIENCE: "measure",
  TABLE_NAME: "measure",
};

/**
 * Median import time of each module over that of an empty one, in milliseconds. The modules take turns, so that a
 * slow moment of the machine touches all of them.
 */
export async function measureImports(
  paths: readonly string[],
  workDir: string,
  rounds: number,
): Promise<number[]> {
  await mkdir(workDir, { recursive: true });
  const empty = join(workDir, "empty.mjs");
  await writeFile(empty, "");
  const samples = new Map<string, number[]>([empty, ...paths].map((path) => [path, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [path, times] of samples) times.push(await timeImport(path));
  }
  const baseline = median(samples.get(empty) ?? []);
  return paths.map((path) => Math.max(0, median(samples.get(path) ?? []) - baseline));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
