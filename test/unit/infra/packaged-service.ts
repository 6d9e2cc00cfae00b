import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "../../../infra/build/bundle.ts";
import { readTemplate, type Template } from "../../../infra/build/template.ts";

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
                authorizer: z.optional(z.object({ name: z.string(), scopes: z.array(z.string()) })),
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

export interface PackagedService {
  template: Template;
  resources: Template["Resources"];
  functions: z.output<typeof State>["service"]["functions"];
  /** What osls printed, warnings included. */
  output: string;
}

/**
 * Packages serverless.yml as it stands, with placeholder artifacts, in a folder of its own: what CloudFormation
 * would get, without a build and without touching `.build`.
 */
export function packageService(env: Record<string, string> = {}, stage = "dev"): PackagedService {
  const dir = mkdtempSync(join(tmpdir(), "ringfront-package-"));
  const read = (file: string) => readFileSync(join(dir, file), "utf8");
  try {
    for (const path of ["serverless.yml", "infra", "lib", "package.json"]) {
      cpSync(join(projectRoot, path), join(dir, path), { recursive: true });
    }
    symlinkSync(join(projectRoot, "node_modules"), join(dir, "node_modules"));
    mkdirSync(join(dir, ".build", "artifacts"), { recursive: true });
    for (const [, artifact = ""] of read("serverless.yml").matchAll(/artifact: (\S+\.zip)/g)) {
      writeFileSync(join(dir, artifact), "");
    }
    const serverless = join(dir, "node_modules/serverless/bin/serverless.js");
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [serverless, "package", "--stage", stage, "--package", ".build/serverless"],
      {
        cwd: dir,
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: dir, SLS_NOTIFICATIONS_MODE: "off", ...env },
      },
    );
    const output = stdout + stderr;
    if (status !== 0) throw new Error(`osls package failed:\n${output}`);
    const readJson = (file: string): unknown => JSON.parse(read(join(".build/serverless", file)));
    const template = readTemplate(join(dir, ".build/serverless/cloudformation-template-update-stack.json"));
    return {
      template,
      resources: template.Resources,
      functions: State.parse(readJson("serverless-state.json")).service.functions,
      output,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
