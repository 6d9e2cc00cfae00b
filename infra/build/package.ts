// `npm run package`: the deployable artefacts, without credentials and without the network.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { artifactOf } from "../resources/functions.ts";
import { type Bundle, bundleFunctions, projectRoot } from "./bundle.ts";
import { budgets, findBudgetViolations, findForeignInputs } from "./bundle-checks.ts";
import { findGuardrailViolations } from "./guardrails.ts";
import { findPermissionViolations, permissionsTable } from "./iam-permissions.ts";
import { measureImports } from "./import-time.ts";
import { findWildcards, policyStatements } from "./policies.ts";
import { readTemplate } from "./template.ts";
import { findSchemaViolations } from "./template-schema.ts";
import { usedActions } from "./used-actions.ts";
import { zipBundle } from "./zip-bundle.ts";

const buildDir = join(projectRoot, ".build");
const templateDir = join(buildDir, "serverless");
const IMPORT_ROUNDS = 9;

const kilobytes = (bytes: number) => Math.round(bytes / 102.4) / 10;

async function writeArtifacts(bundles: readonly Bundle[]): Promise<void> {
  const dir = join(buildDir, "artifacts");
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  for (const { name, code, files } of bundles) {
    const path = join(projectRoot, artifactOf(name));
    const beside = files.map((file) => ({
      ...file,
      path: posix.join("functions", posix.dirname(name), file.path),
    }));
    const bundle = { path: `functions/${name}.mjs`, contents: code };
    await writeFile(path, await zipBundle([bundle, ...beside]));
  }
}

async function packageTemplate(stage: string, parameters: readonly string[]): Promise<void> {
  await rm(templateDir, { recursive: true, force: true });
  const serverless = join(projectRoot, "node_modules/serverless/bin/serverless.js");
  const args = [serverless, "package", "--stage", stage, "--package", templateDir, ...parameters];
  const child = spawn(process.execPath, args, {
    cwd: projectRoot,
    stdio: "inherit",
    env: { ...process.env, SLS_NOTIFICATIONS_MODE: "off" },
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`serverless package failed (exit code ${code})`);
}

/** @throws when CloudFormation would reject the template, a permission is unused or missing, or a guardrail is violated */
async function checkTemplate(bundles: readonly Bundle[]): Promise<void> {
  const template = readTemplate(join(templateDir, "cloudformation-template-update-stack.json"));
  const used = new Map(bundles.map((bundle) => [bundle.name, usedActions(bundle, projectRoot)]));
  const table = permissionsTable(template);
  console.log("\nwhat each function may do, by resource, besides writing its own log and traces:");
  console.table(
    Object.fromEntries(
      Object.entries(table).map(([name, { "own log group": _, "X-Ray": __, ...others }]) => [name, others]),
    ),
  );
  await writeFile(join(buildDir, "permissions.json"), `${JSON.stringify(table, null, 2)}\n`);
  const violations = [
    ...findSchemaViolations(template),
    ...findWildcards(policyStatements(template)),
    ...findPermissionViolations(template, used),
    ...findGuardrailViolations(template),
  ];
  if (violations.length > 0) throw new Error(violations.join("\n"));
}

async function reportSizes(bundles: readonly Bundle[]): Promise<void> {
  const paths = bundles.map(({ path }) => pathToFileURL(path).href);
  const importTimes = await measureImports(paths, join(buildDir, "measure"), IMPORT_ROUNDS);
  const sizes = bundles.map(({ name, code, files }, index) => ({
    function: name,
    "bundle KB": kilobytes(code.byteLength),
    "gzip KB": kilobytes(gzipSync(code, { level: 9 }).byteLength),
    "page KB": kilobytes(files.reduce((sum, { contents }) => sum + contents.byteLength, 0)) || "",
    "import ms": Math.round(importTimes[index] ?? Number.NaN),
  }));
  console.table(Object.fromEntries(sizes.map(({ function: name, ...columns }) => [name, columns])));
  console.log(
    `import ms: median of ${IMPORT_ROUNDS} fresh Node ${process.version} processes, over an empty module's`,
  );
  await writeFile(join(buildDir, "sizes.json"), `${JSON.stringify(sizes, null, 2)}\n`);
}

const { values } = parseArgs({
  options: {
    stage: { type: "string", default: "dev" },
    param: { type: "string", multiple: true, default: [] },
  },
});
try {
  const bundles = await bundleFunctions({ outDir: buildDir, mapsDir: join(buildDir, "maps") });
  console.log(`${bundles.length} functions bundled to .build/functions, source maps in .build/maps`);
  const violations = [...findForeignInputs(bundles, projectRoot), ...findBudgetViolations(bundles, budgets)];
  if (violations.length > 0) throw new Error(violations.join("\n"));
  await writeArtifacts(bundles);
  await packageTemplate(
    values.stage,
    values.param.flatMap((parameter) => ["--param", parameter]),
  );
  await checkTemplate(bundles);
  await reportSizes(bundles);
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
