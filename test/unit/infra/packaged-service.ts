import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import * as z from "zod/mini";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { readTemplate, type Template, TemplateFile } from "../../../infra/build/template.ts";
import { artifactOf, functions } from "../../../infra/resources/functions.ts";

const State = z.object({
  service: z.object({
    functions: z.record(
      z.string(),
      z.object({
        handler: z.string(),
        role: z.string(),
        timeout: z.optional(z.number()),
        package: z.object({ artifact: z.string() }),
        events: z.array(
          z.object({
            httpApi: z.optional(
              z.object({
                method: z.string(),
                path: z.string(),
                authorizer: z.optional(
                  z.object({ name: z.string(), scopes: z.optional(z.array(z.string())) }),
                ),
              }),
            ),
            schedule: z.optional(z.object({ method: z.string(), rate: z.array(z.string()) })),
            sqs: z.optional(z.looseObject({ batchSize: z.number() })),
          }),
        ),
      }),
    ),
  }),
});

const Cached = z.object({
  template: TemplateFile,
  functions: State.shape.service.shape.functions,
  output: z.string(),
});

export interface PackagedService {
  template: Template;
  resources: Template["Resources"];
  functions: z.output<typeof State>["service"]["functions"];
  /** The output of osls, warnings included. */
  output: string;
}

/** A deployment with every setting for tokens that the gateway also reads, and two RingCentral accounts. */
export const tokenSettings = {
  AUTH_ISSUER: "https://issuer.example.com",
  AUTH_AUDIENCE: "ios, android",
  AUTH_TOKEN_TYPE: "id",
  AUTH_ACCOUNT_CLAIM: "app.rc.account",
  AUTH_EXTENSION_CLAIM: "https://example.com/rc",
  AUTH_SCOPE_PREFIX: "ringfront/",
  AUTH_REQUIRED_CLAIMS: "hd=example.com",
  SERVED_ACCOUNTS: "3700111,3700222",
};

/** Every variable that docs/operations.md names for deploying. */
export const everySetting = {
  ...tokenSettings,
  CORS_ALLOWED_ORIGINS: "https://app.example, https://b.example",
  CORS_ALLOWED_HEADERS: "X-Datadog-Trace-Id, x-app-version",
  PROBLEM_TYPE_BASE: "https://docs.example.com/errors",
  WEBHOOK_URL: "https://hooks.example.com/ringcentral",
  DOMAIN_NAME: "api.example.com",
  CERTIFICATE_ARN: "arn:aws:acm:us-east-1:123456789012:certificate/1",
  HOSTED_ZONE_ID: "Z123",
  ALARM_EMAIL: "ops@example.com",
  RUNBOOKS_URL: "https://docs.example.com/runbooks",
  SECRET_READER_ARN: "arn:aws:iam::123456789012:role/auditor",
  SIGN_IN_ADMINISTRATORS: "3800111, 3800222",
  TOKEN_CALLS_PER_MINUTE: "60",
  KEY_ADMINISTRATOR_ARN: "arn:aws:iam::123456789012:role/deployer",
};

const sources = ["serverless.yml", "package.json", "package-lock.json", "infra", "lib"];

/**
 * The CloudFormation template of the current serverless.yml, with placeholder artifacts. osls runs once per
 * (environment, stage): the result stays in .build until a source changes, for all test files.
 */
export function packageService(env: Record<string, string> = {}, stage = "dev"): PackagedService {
  const variant = createHash("sha256")
    .update(JSON.stringify([env, stage]))
    .digest("hex")
    .slice(0, 16);
  const path = join(cacheDir(), `${variant}.json`);
  if (!existsSync(path)) writeAtomically(path, JSON.stringify(runOsls(env, stage)));
  const { template, functions, output } = Cached.parse(JSON.parse(readFileSync(path, "utf8")));
  return { template, resources: template.Resources, functions, output };
}

let cached: string | undefined;
/** One folder per state of the sources; folders of other states are removed. */
function cacheDir(): string {
  if (cached !== undefined) return cached;
  const hash = createHash("sha256").update(process.version);
  for (const source of sources) {
    const path = join(projectRoot, source);
    const names = statSync(path).isFile()
      ? [""]
      : readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
    for (const name of names) {
      const file = join(path, name);
      if (statSync(file).isFile()) hash.update(`${source}/${name}\0`).update(readFileSync(file));
    }
  }
  const parent = join(projectRoot, ".build/packaged-for-tests");
  const name = hash.digest("hex").slice(0, 16);
  mkdirSync(join(parent, name), { recursive: true });
  for (const other of readdirSync(parent).filter((one) => one !== name)) {
    rmSync(join(parent, other), { recursive: true, force: true });
  }
  cached = join(parent, name);
  return cached;
}

/** Two test files may package the same variant at once: the later one writes the same content. */
function writeAtomically(path: string, text: string): void {
  writeFileSync(`${path}.${process.pid}-${threadId}`, text);
  renameSync(`${path}.${process.pid}-${threadId}`, path);
}

/** Packages in a separate folder, without a build and without changing the real artifacts. */
function runOsls(env: Record<string, string>, stage: string): z.output<typeof Cached> {
  const dir = mkdtempSync(join(tmpdir(), "ringfront-package-"));
  try {
    for (const source of sources) cpSync(join(projectRoot, source), join(dir, source), { recursive: true });
    symlinkSync(join(projectRoot, "node_modules"), join(dir, "node_modules"));
    mkdirSync(join(dir, ".build", "artifacts"), { recursive: true });
    for (const { file } of functions) writeFileSync(join(dir, artifactOf(file)), "");
    const serverless = join(dir, "node_modules/serverless/bin/serverless.js");
    const args = [serverless, "package", "--stage", stage, "--package", ".build/serverless"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: dir,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: dir, SLS_NOTIFICATIONS_MODE: "off", ...env },
    });
    const output = stdout + stderr;
    if (status !== 0) throw new Error(`osls package failed:\n${output}`);
    const packaged = join(dir, ".build/serverless");
    const state = JSON.parse(readFileSync(join(packaged, "serverless-state.json"), "utf8"));
    return {
      template: readTemplate(join(packaged, "cloudformation-template-update-stack.json")),
      functions: State.parse(state).service.functions,
      output,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
