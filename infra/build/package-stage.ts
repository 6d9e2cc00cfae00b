import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { gzipSync } from "node:zlib";
import { UsageError } from "../local/command-line.ts";
import { artifactOf } from "../resources/functions.ts";
import { findAlarmViolations, gameDayTable } from "./alarm-checks.ts";
import { type Bundle, bundleFunctions, projectRoot, zipBundle } from "./bundle.ts";
import { budgets, findBudgetViolations, findForeignInputs } from "./bundle-checks.ts";
import { cacheObstacle, withCompileCaches } from "./compile-cache.ts";
import { findGuardrailViolations } from "./guardrails.ts";
import { findPermissionViolations, permissionsTable } from "./iam-permissions.ts";
import { findWildcards, policyStatements } from "./policies.ts";
import { findPolicyViolations } from "./policy-checks.ts";
import { readTemplate, type Template } from "./template.ts";
import { findSchemaViolations } from "./template-schema.ts";
import { useOf } from "./used-actions.ts";

const buildDir = join(projectRoot, ".build");
const templateDir = join(buildDir, "serverless");

async function writeArtifacts(bundles: readonly Bundle[]): Promise<void> {
  const dir = join(buildDir, "artifacts");
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  for (const { name, code, files } of bundles) {
    const folder = posix.join("functions", posix.dirname(name));
    const beside = files.map((file) => ({ ...file, path: posix.join(folder, file.path) }));
    const bundle = { path: `functions/${name}.mjs`, contents: code };
    await writeFile(join(projectRoot, artifactOf(name)), await zipBundle([bundle, ...beside]));
  }
}

/** @throws UsageError when it fails; its output tells why */
export function runServerless(...args: string[]): void {
  const { status } = spawnSync(
    process.execPath,
    [join(projectRoot, "node_modules/serverless/bin/serverless.js"), ...args],
    { cwd: projectRoot, stdio: "inherit", env: { ...process.env, SLS_NOTIFICATIONS_MODE: "off" } },
  );
  if (status !== 0) throw new UsageError(`serverless ${args[0]} failed (exit code ${status})`);
}

/** @throws when CloudFormation would reject the template, a permission is unused or missing, or a guardrail is violated */
function checkTemplate(bundles: readonly Bundle[]): Template {
  const template = readTemplate(join(templateDir, "cloudformation-template-update-stack.json"));
  console.log("\nwhat each function may do, by resource and key, besides writing its own log and traces:");
  console.table(permissionsTable(template));
  console.log(
    "\nwhat each alarm watches, and the outage in which test/integration/game-days.test.ts makes it fire:",
  );
  console.table(gameDayTable(template));
  const used = new Map(bundles.map((bundle) => [bundle.name, useOf(bundle)]));
  rejectIfAny([
    ...findSchemaViolations(template),
    ...findWildcards(policyStatements(template)),
    ...findPermissionViolations(template, used),
    ...findPolicyViolations(template),
    ...findGuardrailViolations(template),
    ...findAlarmViolations(template),
  ]);
  return template;
}

function rejectIfAny(violations: readonly string[]): void {
  if (violations.length > 0) throw new UsageError(violations.join("\n"));
}

function printSizes(bundles: readonly Bundle[]): void {
  const kilobytes = (bytes: number) => Math.round(bytes / 102.4) / 10;
  const sizes = bundles.map(({ name, code, files }) => [
    name,
    {
      "bundle KB": kilobytes(code.byteLength),
      "gzip KB": kilobytes(gzipSync(code, { level: 9 }).byteLength),
      "page KB": kilobytes(files.reduce((sum, { contents }) => sum + contents.byteLength, 0)) || "",
    },
  ]);
  console.table(Object.fromEntries(sizes));
}

function withOwnCaches(bundles: readonly Bundle[]): readonly Bundle[] {
  const obstacle = cacheObstacle();
  const { v8 } = process.versions;
  console.log(
    obstacle === undefined ? `with the compile cache of V8 ${v8}` : `no compile cache: ${obstacle}`,
  );
  return obstacle === undefined ? withCompileCaches(bundles) : bundles;
}

/**
 * Bundles, zips, packages and checks. Needs neither credentials nor the network.
 * @param options those of osls
 * @returns the template @throws UsageError
 */
export async function packageStage(stage: string, options: readonly string[]): Promise<Template> {
  const bundles = await bundleFunctions({ outDir: buildDir, mapsDir: join(buildDir, "maps") }).catch(() => {
    throw new UsageError("The functions do not build: see esbuild's errors above.");
  });
  console.log(`${bundles.length} functions bundled to .build/functions, source maps in .build/maps`);
  rejectIfAny([...findForeignInputs(bundles), ...findBudgetViolations(bundles, budgets)]);
  await writeArtifacts(process.env.COMPILE_CACHE === "1" ? withOwnCaches(bundles) : bundles);
  await rm(templateDir, { recursive: true, force: true });
  runServerless("package", "--package", templateDir, ...options);
  const template = checkTemplate(bundles);
  printSizes(bundles);
  console.log(`artefacts in .build/artifacts, CloudFormation in .build/serverless (stage ${stage})`);
  return template;
}
