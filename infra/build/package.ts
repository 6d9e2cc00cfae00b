// `npm run package`: the deployable artefacts, without credentials and without the network.
import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { artifactOf } from "../resources/functions.ts";
import { type Bundle, bundleFunctions, projectRoot } from "./bundle.ts";
import { budgets, findBudgetViolations, findForeignInputs } from "./bundle-checks.ts";
import { findGuardrailViolations } from "./guardrails.ts";
import { findPermissionViolations, permissionsTable } from "./iam-permissions.ts";
import { findWildcards, policyStatements } from "./policies.ts";
import { readTemplate } from "./template.ts";
import { findSchemaViolations } from "./template-schema.ts";
import { usedActions } from "./used-actions.ts";
import { zipBundle } from "./zip-bundle.ts";

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

async function packageTemplate(options: readonly string[]): Promise<void> {
  await rm(templateDir, { recursive: true, force: true });
  const serverless = join(projectRoot, "node_modules/serverless/bin/serverless.js");
  const { status } = spawnSync(
    process.execPath,
    [serverless, "package", "--package", templateDir, ...options],
    { cwd: projectRoot, stdio: "inherit", env: { ...process.env, SLS_NOTIFICATIONS_MODE: "off" } },
  );
  if (status !== 0) throw new Error(`serverless package failed (exit code ${status})`);
}

/** @throws when CloudFormation would reject the template, a permission is unused or missing, or a guardrail is violated */
function checkTemplate(bundles: readonly Bundle[]): void {
  const template = readTemplate(join(templateDir, "cloudformation-template-update-stack.json"));
  console.log("\nwhat each function may do, by resource, besides writing its own log and traces:");
  console.table(permissionsTable(template));
  const used = new Map(bundles.map((bundle) => [bundle.name, usedActions(bundle)]));
  rejectIfAny([
    ...findSchemaViolations(template),
    ...findWildcards(policyStatements(template)),
    ...findPermissionViolations(template, used),
    ...findGuardrailViolations(template),
  ]);
}

function rejectIfAny(violations: readonly string[]): void {
  if (violations.length > 0) throw new Error(violations.join("\n"));
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

try {
  const { values } = parseArgs({
    options: {
      stage: { type: "string", default: "dev" },
      region: { type: "string" },
      param: { type: "string", multiple: true },
    },
  });
  const bundles = await bundleFunctions({ outDir: buildDir, mapsDir: join(buildDir, "maps") });
  console.log(`${bundles.length} functions bundled to .build/functions, source maps in .build/maps`);
  rejectIfAny([...findForeignInputs(bundles), ...findBudgetViolations(bundles, budgets)]);
  await writeArtifacts(bundles);
  await packageTemplate(process.argv.slice(2));
  checkTemplate(bundles);
  printSizes(bundles);
  console.log(`artefacts in .build/artifacts, CloudFormation in .build/serverless (stage ${values.stage})`);
  if (!process.env.AUTH_ISSUER) {
    console.log(
      "AUTH_ISSUER is not set: the template names a placeholder issuer, and npm run deploy would reject it.",
    );
  }
} catch (error) {
  console.error(`Packaging failed: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
